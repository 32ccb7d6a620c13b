"""What a server, or a proxy before it, does to one connection is no answer to anything else."""

import asyncio
import json
import os
import ssl
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from airbyte_answers import CONNECTION_ID, job
from airbyte_client import (
    AirbyteClient,
    AirbyteError,
    AsyncAirbyteClient,
    Auth,
    ClientCredentials,
    NoAuth,
    OutcomeUnknownError,
    RetryPolicy,
)
from certificates import self_signed, server_tls

JOB, OTHER_JOB = (json.dumps(job(number)).encode() for number in (7, 666))
RUNNING = b'{"status":409,"title":"try-again-later","data":{"message":"A sync is already running for: x"}}'
# Fetched anew for each request.
ONCE = RetryPolicy(attempts=1)
TOKEN = b'{"access_token":"ours","expires_in":0}'


def on_the_wire(body: bytes, status: str = "200 OK", extra: str = "") -> bytes:
    """A whole answer."""
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n{extra}\r\n"
    )
    return head.encode() + body


NO_JOBS = on_the_wire(b'{"data":[]}')
ANSWERS = {"POST token": on_the_wire(TOKEN), "GET jobs": NO_JOBS, "POST jobs": on_the_wire(JOB)}
SURPLUS = {
    "refused": on_the_wire(b'{"message":"Unauthorized"}', "401 Unauthorized"),
    "running": on_the_wire(RUNNING, "409 Conflict"),
    "another job": on_the_wire(OTHER_JOB),
    "another token": on_the_wire(b'{"access_token":"of-somebody-else","expires_in":900}'),
}


@dataclass(frozen=True)
class Asked:
    """One request, and the connection that it came on."""

    connection: int
    line: str
    headers: dict[str, str]


class RawServer(ThreadingHTTPServer):
    """Sends the very bytes that a test names for a request; for one of them past the encryption."""

    daemon_threads = True

    def __init__(self, answers: Mapping[str, bytes], tls: ssl.SSLContext | None, past_tls: str) -> None:
        super().__init__(("127.0.0.1", 0), type("Handler", (_Handler,), {"raw": self}))
        self.answers, self.encrypted, self.past_tls = answers, tls is not None, past_tls
        self.asked: list[Asked] = []
        self.connections, self.ended = 0, 0
        self.changed = threading.Condition()
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    @property
    def url(self) -> str:
        return f"http{'s' if self.encrypted else ''}://127.0.0.1:{self.server_address[1]}"

    def all_end_but(self, number: int) -> bool:
        """Whether no more connections than these are left within ten seconds."""
        with self.changed:
            return self.changed.wait_for(lambda: self.connections - self.ended <= number, timeout=10)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    raw: RawServer

    def handle(self) -> None:
        with self.raw.changed:
            self.raw.connections += 1
            self.number = self.raw.connections
        with suppress(OSError):
            super().handle()
        with self.raw.changed:
            self.raw.ended += 1
            self.raw.changed.notify_all()

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        line = f"{self.command} {self.path.split('?')[0].rsplit('/', 1)[-1]}"
        self.raw.asked.append(Asked(self.number, line, dict(self.headers)))
        if line == self.raw.past_tls:
            os.write(self.connection.fileno(), self.raw.answers[line])
        else:
            self.wfile.write(self.raw.answers[line])

    do_POST = do_GET  # noqa: N815  http.server's own name

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  http.server's own name
        """Stay silent."""


@contextmanager
def raw_server(
    answers: Mapping[str, bytes], tls: ssl.SSLContext | None = None, past_tls: str = ""
) -> Generator[RawServer]:
    with RawServer(answers, tls, past_tls) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01], daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join(timeout=5)


def start_synchronously(server: RawServer, base_url: str, auth: Auth, ca_bundle: Path | None) -> object:
    """The id of the job that is started, or the kind of error; after it one connection is left at most."""
    with AirbyteClient(base_url, auth=auth, retries=ONCE, ca_bundle=ca_bundle) as client:
        try:
            return client.trigger_job(CONNECTION_ID).job_id
        except AirbyteError as error:
            return type(error)
        finally:
            assert server.all_end_but(1)


def start_asynchronously(server: RawServer, base_url: str, auth: Auth, ca_bundle: Path | None) -> object:
    """As `start_synchronously`."""

    async def start() -> object:
        async with AsyncAirbyteClient(base_url, auth=auth, retries=ONCE, ca_bundle=ca_bundle) as client:
            try:
                return (await client.trigger_job(CONNECTION_ID)).job_id
            except AirbyteError as error:
                return type(error)
            finally:
                assert server.all_end_but(1)

    return asyncio.run(start())


Start = Callable[[RawServer, str, Auth, Path | None], object]
with_both = pytest.mark.parametrize("start", [start_synchronously, start_asynchronously])


@with_both
@pytest.mark.parametrize("auth", [NoAuth(), ClientCredentials("id", "s3cret")], ids=["no token", "tokens"])
@pytest.mark.parametrize("surplus", SURPLUS)
def test_what_follows_an_answer_is_never_taken_for_the_answer_to_an_effect(
    start: Start, auth: Auth, surplus: str
) -> None:
    with raw_server({**ANSWERS, "GET jobs": NO_JOBS + SURPLUS[surplus]}) as server:
        assert start(server, server.url, auth, None) == 7

    (effect,) = (asked for asked in server.asked if asked.line == "POST jobs")
    assert [asked for asked in server.asked if asked.connection == effect.connection] == [effect]
    assert effect.headers.get("Authorization") == (None if auth == NoAuth() else "Bearer ours")


@with_both
def test_tls_that_breaks_after_an_effect_leaves_its_outcome_unknown(start: Start, tmp_path: Path) -> None:
    certificate = self_signed(tmp_path / "server.pem")
    answers = {**ANSWERS, "POST jobs": on_the_wire(b"", "502 Bad Gateway")}
    with raw_server(answers, server_tls(certificate), past_tls="POST jobs") as server:
        assert start(server, server.url, NoAuth(), certificate) is OutcomeUnknownError


@with_both
@pytest.mark.parametrize("by_a_proxy", [False, True], ids=["itself", "a proxy"])
def test_no_cookie_is_kept(start: Start, monkeypatch: pytest.MonkeyPatch, *, by_a_proxy: bool) -> None:
    cookie = "Set-Cookie: route=a1; Path=/\r\n"
    with raw_server({**ANSWERS, "GET jobs": on_the_wire(b'{"data":[]}', extra=cookie)}) as server:
        if by_a_proxy:
            monkeypatch.setenv("HTTP_PROXY", server.url)
        base_url = "http://airbyte.example" if by_a_proxy else server.url
        assert start(server, base_url, NoAuth(), None) == 7

    assert [asked.line for asked in server.asked] == ["GET jobs", "POST jobs"]
    assert all("Cookie" not in asked.headers for asked in server.asked)
