"""What every request passes first: who may come in, how much it may bring, and the log."""

import asyncio
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from airbyte_sandbox.api.hang_ups import HangUps
from airbyte_sandbox.api.request_log import LoggedRequest, RequestLog
from airbyte_sandbox.clock import Clock, milliseconds
from airbyte_sandbox.faults import FaultBook, FaultKind

LARGEST_BODY = 1024 * 1024
CONTROL = "/_sandbox/"
_GARBAGE = b'{"data": [{"jobId": 12, "sta\xff\xfe'
_OWN_HOSTS = {"127.0.0.1", "localhost"}


@dataclass(frozen=True)
class FrontDesk:
    """What the front works with."""

    log: RequestLog
    clock: Clock
    faults: FaultBook
    hang_ups: HangUps


class Front:
    """ASGI middleware.

    A page in a browser could reach 127.0.0.1 under a name of its own (DNS rebinding) or send requests
    from its own origin: both are refused.
    """

    def __init__(self, app: ASGIApp, desk: FrontDesk) -> None:
        self._app = app
        self._desk = desk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            return
        headers = _headers(scope)
        if not _is_local(f"//{headers.get('host', '')}") or not _is_local(
            headers.get("origin", "//localhost")
        ):
            message = "The sandbox answers only to 127.0.0.1 or localhost, and to no foreign web page."
            await JSONResponse({"message": message}, 403)(scope, receive, send)
            return
        body = await _read_body(receive)
        entry = self._note(scope, body or b"")
        if body is None:
            if entry is not None:
                entry.status = 413
            message = f"The sandbox takes at most {LARGEST_BODY} bytes."
            await JSONResponse({"message": message}, 413, {"Connection": "close"})(scope, receive, send)
            return
        witness = _Witness(send, entry)
        if entry is None or not await self._goes_wrong(scope, receive, witness):
            await self._app(scope, _Replay(body, receive), witness)

    async def _goes_wrong(self, scope: Scope, receive: Receive, send: Send) -> bool:
        """Do what a fault says; whether that was the answer."""
        fault = self._desk.faults.for_request(str(scope["method"]), str(scope["path"]))
        if fault is None:
            return False
        match fault.kind:
            case FaultKind.DELAY:
                await asyncio.sleep(fault.seconds)
                return False
            case FaultKind.RESET:
                self._desk.hang_ups.hang_up(scope)
                await receive()
            case FaultKind.GARBAGE:
                await Response(_GARBAGE, 200, media_type="application/json")(scope, receive, send)
            case _:
                message = fault.message or "The sandbox was told to answer so."
                await JSONResponse({"message": message}, fault.status)(scope, receive, send)
        return True

    def _note(self, scope: Scope, body: bytes) -> LoggedRequest | None:
        path = str(scope["path"])
        if path.startswith(CONTROL):
            return None
        query = bytes(scope["query_string"]).decode("latin-1")
        return self._desk.log.add(
            milliseconds(self._desk.clock.now()), str(scope["method"]), path, query, body
        )


class _Replay:
    """Gives the body that was read already, then whatever the client sends, which is its farewell."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._body: bytes | None = body
        self._receive = receive

    async def __call__(self) -> Message:
        body, self._body = self._body, None
        if body is None:
            return await self._receive()
        return {"type": "http.request", "body": body, "more_body": False}


class _Witness:
    """Notes the status that is sent, before it is sent."""

    def __init__(self, send: Send, entry: LoggedRequest | None) -> None:
        self._send = send
        self._entry = entry

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and self._entry is not None:
            self._entry.status = int(message["status"])
        await self._send(message)


async def _read_body(receive: Receive) -> bytes | None:
    """The whole body, or None as soon as it is too large."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > LARGEST_BODY:
            return None
        if not message.get("more_body", False):
            return bytes(body)


def _headers(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


def _is_local(url: str) -> bool:
    try:
        return urlsplit(url).hostname in _OWN_HOSTS
    except ValueError:
        return False
