"""A real receiver of webhooks on loopback, which keeps what it gets and answers as it is told."""

import contextlib
import json
import queue
import ssl
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SECONDS = 40


@dataclass(frozen=True)
class Delivery:
    """One request as it came in."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def told(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass
class Receiver:
    """What came in, and what the next answers are."""

    url: str = ""
    answers: Iterator[int] = field(default_factory=lambda: iter(()))
    while_answering: Callable[[], object] = field(default=lambda: None)
    _came_in: "queue.Queue[Delivery]" = field(default_factory=queue.Queue[Delivery])

    def next(self) -> Delivery:
        """The next request, as soon as it comes."""
        return self._came_in.get(timeout=SECONDS)

    def next_about(self, event: str) -> Delivery:
        """The next request that tells of this event; others before it are passed over."""
        while (delivery := self.next()).told["event"] != event:
            pass
        return delivery

    def rest(self) -> list[Delivery]:
        """Everything that has come in and was not looked at."""
        found: list[Delivery] = []
        while not self._came_in.empty():
            found.append(self._came_in.get())
        return found

    def take(self, delivery: Delivery) -> int:
        """Keep a request; the status to answer."""
        self._came_in.put(delivery)
        self.while_answering()
        return next(self.answers, 204)


@contextmanager
def webhook_receiver(tls: ssl.SSLContext | None = None) -> Generator[Receiver]:
    """A receiver on a free port, over HTTPS if the test says how."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.send_response(receiver.take(Delivery(self.path, headers, body)))
            self.send_header("Location", receiver.url + "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def handle(self) -> None:
            # A client that does not trust the certificate hangs up in the middle of the handshake.
            with contextlib.suppress(ssl.SSLError, ConnectionError):
                super().handle()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        scheme = "http" if tls is None else "https"
        receiver.url = f"{scheme}://127.0.0.1:{server.server_port}/hooks/planted-secret-path"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield receiver
        server.shutdown()
