"""A real proxy before the sandbox that hands every request on, except where a test says otherwise."""

import socket
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

SECONDS = 40


@dataclass
class Fault:
    """What happens to requests of one kind.

    Attributes:
        method, path: Which requests: the verb, and a part of the path.
        hang_up: Hand the request on, and close the connection instead of answering.
        status: Answer with this status instead of handing the request on.
        instead: Hand the request on, and answer with this instead.
        before: Called before the request is handed on; may wait.
        after: Called before the answer is handed back; may wait.
        times: How often it happens.
    """

    method: str
    path: str
    hang_up: bool = False
    status: int | None = None
    instead: httpx.Response | None = None
    before: Callable[[], object] = field(default=lambda: None)
    after: Callable[[], object] = field(default=lambda: None)
    times: int = 1_000_000

    def takes(self, method: str, path: str) -> bool:
        """Whether it happens to this request; counts."""
        if method != self.method or self.path not in path:
            return False
        self.times -= 1
        return self.times >= 0


@contextmanager
def faulty_proxy(target: str, *faults: Fault) -> Generator[str]:
    """The address of Airbyte's API behind a proxy with these faults."""

    class Proxy(BaseHTTPRequestHandler):
        def _forward(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            fault = next((f for f in faults if f.takes(self.command, self.path)), None)
            if fault is None:
                self._answer(self._upstream(body))
            elif fault.status is not None:
                self._answer(httpx.Response(fault.status, json={"status": fault.status, "title": "fault"}))
            else:
                fault.before()
                answer = self._upstream(body)
                fault.after()
                self._hang_up() if fault.hang_up else self._answer(fault.instead or answer)

        do_GET = do_POST = do_PATCH = do_DELETE = _forward  # noqa: N815 - the base class's names

        def _upstream(self, body: bytes) -> httpx.Response:
            kept = {k: v for k, v in self.headers.items() if k.lower() in {"authorization", "content-type"}}
            return httpx.request(
                self.command, target + self.path, content=body, headers=kept, timeout=SECONDS
            )

        def _answer(self, answer: httpx.Response) -> None:
            self.send_response(answer.status_code)
            self.send_header("Content-Type", answer.headers.get("Content-Type", ""))
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        def _hang_up(self) -> None:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """A client that left in the middle is what some tests are about."""

    with Server(("127.0.0.1", 0), Proxy) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/api/public/v1"
        server.shutdown()
        thread.join()
