"""A real HTTP server on a real socket that answers as a test scripts it, and logs what it was sent."""

import json
import select
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

BASE = "/api/public/v1"


@dataclass(frozen=True)
class Request:
    """What the server was sent."""

    method: str
    path: str
    query: dict[str, list[str]]
    authorization: str | None
    user_agent: str | None
    body: bytes

    @property
    def line(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def json(self) -> object:
        return json.loads(self.body)


@dataclass(frozen=True)
class Reply:
    """A whole answer, or one that ends badly.

    `cut` sends half of the body and closes; `reset` breaks the connection instead of answering; `raw` is sent
    instead of an answer. `hold` waits for the server's `release` before answering, `stall` between headers and
    body; `drip` sends the body byte by byte, `drip_headers` the headers, for ever. All of them end when the
    client hangs up.
    """

    status: int = 200
    body: bytes = b""
    content_type: str | None = "application/json"
    headers: dict[str, str] = field(default_factory=dict[str, str])
    cut: bool = False
    reset: bool = False
    raw: bytes | None = None
    hold: bool = False
    stall: bool = False
    drip: bool = False
    drip_headers: bool = False


def answer(value: object, status: int = 200, **headers: str) -> Reply:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Reply(status=status, body=json.dumps(value).encode(), headers=named)


def page(*rows: object) -> Reply:
    return answer({"data": list(rows), "previous": "", "next": "http://elsewhere.invalid/never-follow-me"})


def html(status: int = 200) -> Reply:
    return Reply(status=status, body=b"<!doctype html><title>Airbyte</title>", content_type="text/html")


RESET = Reply(reset=True)
NOTHING_HERE = answer({"title": "resource-not-found", "data": {"message": "nothing here"}}, 404)

Script = Reply | list[Reply] | Callable[[Request], Reply]


def _next(script: Script) -> Reply | Callable[[Request], Reply]:
    if isinstance(script, Reply) or callable(script):
        return script
    return script.pop(0) if len(script) > 1 else script[0]


class _Server(ThreadingHTTPServer):
    # A burst of effects makes as many new connections; of those that nobody has taken yet Linux resets the rest.
    request_queue_size = 64


class ScriptedAirbyte:
    """Answers by method and path; a list of answers is used up one by one, the last one stays."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.log: list[Request] = []
        self.release = threading.Event()
        self.arrived = threading.Event()
        self.hung_up = threading.Event()
        self.connections = 0
        self.busiest = 0
        self._busy = 0
        self._script: dict[str, Script] = {}
        self._lock = threading.Lock()
        self._news = threading.Condition(self._lock)
        self._http = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"scripted": self}))
        self._http.daemon_threads = True
        self._scheme = "http"
        if tls is not None:
            self._scheme = "https"
            self._http.socket = tls.wrap_socket(
                self._http.socket, server_side=True, do_handshake_on_connect=False
            )

    @property
    def origin(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self._http.server_address[1]}"

    @property
    def base_url(self) -> str:
        return f"{self.origin}{BASE}"

    def on(self, line: str, script: Script) -> None:
        """Say how to answer to `METHOD /path`: below the base path unless it starts with /api."""
        method, path = line.split()
        full = path if path.startswith("/api") else f"{BASE}{path}"
        self._script[f"{method} {full}"] = script

    def lines(self) -> list[str]:
        """What was asked, in order, without the base path."""
        return [request.line.replace(f" {BASE}", " ") for request in self.log]

    @property
    def effects(self) -> list[str]:
        """What was asked that changes something."""
        return [
            request.line
            for request in self.log
            if request.method != "GET"
            and not request.path.endswith(
                ("/token", "/get_without_logs", "/get_for_job", "/stream_statuses/list")
            )
        ]

    def reply_to(self, request: Request) -> Reply:
        with self._lock:
            self.log.append(request)
            self._news.notify_all()
            reply = _next(self._script.get(request.line, NOTHING_HERE))
        self.arrived.set()
        return reply if isinstance(reply, Reply) else reply(request)

    @contextmanager
    def at_work(self) -> Generator[None]:
        """Count the requests that are answered at the same time."""
        with self._lock:
            self._busy += 1
            self.busiest = max(self.busiest, self._busy)
        try:
            yield
        finally:
            with self._lock:
                self._busy -= 1

    def connected(self) -> None:
        with self._lock:
            self.connections += 1

    def wait_for(self, requests: int) -> bool:
        """Whether so many requests arrive within five seconds."""
        with self._news:
            return self._news.wait_for(lambda: len(self.log) >= requests, timeout=5)

    def reset(self) -> None:
        """Forget the script and the log."""
        with self._lock:
            self._script.clear()
            self.log.clear()

    def serve(self) -> None:
        self._http.serve_forever(poll_interval=0.01)

    def stop(self) -> None:
        self.release.set()
        self._http.shutdown()
        self._http.server_close()


@contextmanager
def scripted_airbyte(tls: ssl.SSLContext | None = None) -> Generator[ScriptedAirbyte]:
    server = ScriptedAirbyte(tls)
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join(timeout=5)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    scripted: ScriptedAirbyte

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        request = Request(
            method=self.command,
            path=parts.path,
            query=parse_qs(parts.query),
            authorization=self.headers.get("Authorization"),
            user_agent=self.headers.get("User-Agent"),
            body=self.rfile.read(length),
        )
        reply = self.scripted.reply_to(request)
        with self.scripted.at_work():
            self._answer(reply)

    def _answer(self, reply: Reply) -> None:
        if reply.hold:
            self._wait()
        if reply.reset:
            self._reset()
        elif reply.raw is not None:
            self.wfile.write(reply.raw)
            self.close_connection = True
        elif reply.drip_headers:
            self._drip(b"HTTP/1.1 200 OK\r\nX-Endless: ")
        else:
            self._write(reply)

    do_POST = do_GET  # noqa: N815  http.server's own name
    do_PATCH = do_GET  # noqa: N815  http.server's own name
    do_DELETE = do_GET  # noqa: N815  http.server's own name

    def _write(self, reply: Reply) -> None:
        self.send_response(reply.status)
        if reply.content_type is not None:
            self.send_header("Content-Type", reply.content_type)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        if reply.drip:
            self._drip(b"")
        if reply.stall:
            self._wait()
        self.wfile.write(reply.body[: len(reply.body) // 2] if reply.cut else reply.body)
        self.close_connection = self.close_connection or reply.cut

    def _drip(self, start: bytes) -> None:
        self.wfile.write(start)
        while not self.scripted.release.wait(timeout=0.02):
            self.wfile.write(b" ")

    def _wait(self) -> None:
        """Until the test releases, or the client hangs up."""
        while not self.scripted.release.wait(timeout=0.02):
            readable, _, _ = select.select([self.connection], [], [], 0)
            if readable and not self.connection.recv(1, socket.MSG_PEEK):
                self.scripted.hung_up.set()
                raise ConnectionAbortedError

    def _reset(self) -> None:
        """Break the connection with a TCP reset, not with an orderly end."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.rfile.close()
        self.connection.close()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  http.server's own name
        """Stay silent."""

    def handle(self) -> None:
        self.scripted.connected()
        # A client that hangs up early is what half of these tests are about.
        with suppress(OSError, ValueError):
            super().handle()

    def finish(self) -> None:
        with suppress(OSError, ValueError):
            super().finish()
