"""What can go wrong between a client and Airbyte: one list, for one operation at a time."""

import gzip
import json
from dataclasses import dataclass

from scripted_airbyte import RESET, Reply, answer, html

HUGE = 33 * 1024 * 1024
"""A little more than the client reads."""


@dataclass(frozen=True, eq=False)
class Fault:
    """One answer that is none.

    Attributes:
        name: As the table says it.
        reply: What the server does instead of answering well.
        taken: Whether Airbyte has acted on the request all the same; where it may have, it has.
        slow: Whether it shows only when the client's time is over.
    """

    name: str
    reply: Reply
    taken: bool = True
    slow: bool = False


def _status(status: int, name: str, body: object, *, taken: bool = False, **headers: str) -> Fault:
    return Fault(f"{status} {name}", answer(body, status, **headers), taken=taken)


def _conflict(title: str, message: str) -> dict[str, object]:
    return {"status": 409, "title": title, "data": {"message": message}}


def _zipped(body: bytes, how: str = "gzip") -> Reply:
    return Reply(body=body, headers={"Content-Encoding": how})


def connection_faults() -> list[Fault]:
    """The connection breaks."""
    return [
        Fault("reset before the request was taken", RESET, taken=False),
        Fault("reset after the request was taken", RESET),
        Fault("closed without a word", Reply(raw=b"")),
        Fault("closed in the middle of the headers", Reply(raw=b"HTTP/1.1 200 OK\r\nContent-Ty")),
        Fault("closed in the middle of the body", Reply(body=b'{"data": []}' * 10, cut=True)),
        Fault(
            "closed in the middle of a chunk",
            Reply(
                raw=b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                b'Transfer-Encoding: chunked\r\n\r\n40\r\n{"data": ['
            ),
        ),
        Fault("something that is not HTTP", Reply(raw=b"SSH-2.0-OpenSSH_9.9\r\n")),
        Fault("headers without end", Reply(raw=b"HTTP/1.1 200 OK\r\nX-Long: " + b"a" * 500_000)),
    ]


def slow_faults() -> list[Fault]:
    """The time is over before the answer is."""
    return [
        Fault("no answer at all", Reply(hold=True), slow=True),
        Fault("headers byte by byte", Reply(drip_headers=True), slow=True),
        Fault("headers, then nothing", Reply(stall=True, body=b"{}"), slow=True),
        Fault("body byte by byte", Reply(drip=True, body=b" " * 100_000), slow=True),
    ]


def body_faults() -> list[Fault]:
    """The status is good and the body is not."""
    return [
        Fault("truncated JSON", Reply(body=b'{"data": [{"jobId": ')),
        Fault("empty body", Reply()),
        Fault("204 without a body", Reply(status=204)),
        Fault("a web page", html()),
        Fault("a text", Reply(body=b"Successful operation", content_type="text/plain")),
        Fault("JSON that says it is a text", Reply(body=b"{}", content_type="text/plain")),
        Fault("null", answer(None)),
        Fault("an object of another kind", answer({"message": "fine"})),
        Fault("wrong types", answer(_wrong_types())),
        Fault("nesting without end", Reply(body=b"[" * 200_000)),
        Fault("no UTF-8", Reply(body=b'{"data": "\xff"}')),
        Fault("a huge body", Reply(body=b" " * HUGE)),
        Fault("a huge body in a small one", _zipped(gzip.compress(b" " * HUGE))),
        Fault("compressed twice", _zipped(gzip.compress(gzip.compress(b'{"data": []}')), "gzip, gzip")),
        Fault("compression that is none", _zipped(b'{"data": []}')),
    ]


def _wrong_types() -> dict[str, object]:
    names = ("jobId", "connectionId", "workspaceId", "sourceId", "destinationId", "name", "access_token")
    return {
        **{name: [True] for name in names},
        "data": [{"name": [True]}],
        "attempts": 1,
        "streamStatuses": 1,
        "logs": "long",
    }


def status_faults() -> list[Fault]:
    """Airbyte, or a proxy before it, says no."""
    return [
        _status(400, "bad request", {"status": 400, "title": "bad-request", "data": {"message": "no"}}),
        _status(401, "unauthorized", {"message": "Unauthorized"}),
        _status(403, "forbidden", {"status": 403, "title": "forbidden", "data": {"message": "no role"}}),
        _status(404, "not found", {"status": 404, "title": "resource-not-found"}),
        _status(408, "request timeout", {"status": 408, "title": "request-timeout-exceeded"}, taken=True),
        _status(409, "already running", _conflict("try-again-later", "A sync is already running for: x")),
        _status(409, "opaque", _conflict("state-conflict", "Could not fulfill request"), taken=True),
        _status(409, "locked", _conflict("error:connection/locked", "Connection is locked")),
        _status(412, "precondition failed", {}),
        _status(422, "unprocessable", {"errorId": "e"}),
        _status(429, "rate limited", {"message": "You are being rate limited."}),
        _status(429, "with Retry-After", {}, Retry_After="2"),
        _status(500, "unexpected", {"errorId": "e"}, taken=True),
        _status(501, "not implemented", {"title": "not-implemented-in-oss"}),
        Fault("502 web page", html(502)),
        _status(503, "unavailable", {}, taken=True),
        _status(503, "with Retry-After", {}, taken=True, Retry_After="2"),
        Fault("504 web page", html(504)),
    ]


def redirect_faults(elsewhere: str) -> list[Fault]:
    """Another place is named, which would get the credentials."""
    return [
        Fault("redirect to itself, without end", _redirect(""), taken=False),
        Fault("redirect to a login page", _redirect("/login"), taken=False),
        Fault("redirect to another host", _redirect(elsewhere), taken=False),
        Fault("307 to another host", _redirect(elsewhere, 307), taken=False),
    ]


def _redirect(place: str, status: int = 302) -> Reply:
    return Reply(status=status, body=json.dumps({}).encode(), content_type=None, headers={"Location": place})
