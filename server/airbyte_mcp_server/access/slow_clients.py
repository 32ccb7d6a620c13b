"""Nobody holds a connection without using it.

uvicorn bounds how long a connection may be idle between two requests, but not
how long one request may take to arrive (a byte now and then keeps it alive for
ever), nor how long a client may leave an answer unread. A client that stops to
speak HTTP, or hangs up, in the middle of a request is no fault of the server's.
"""

import asyncio
from collections.abc import Callable
from typing import cast

import h11
from mcp.server.transport_security import RequestBodyLimitMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle


class _Deadline:
    """A time by which something is over, or else `late` is called."""

    def __init__(self, seconds: float, late: Callable[[], None]) -> None:
        self._seconds = seconds
        self._late = late
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Count from now, or from when it began."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._seconds, self._late)

    def over(self) -> None:
        """Nothing is due any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class BoundedProtocol(H11Protocol):
    """HTTP/1.1 where a request arrives, and an answer is taken in, within `seconds`; else that was all."""

    seconds: float

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn narrows it
        """The first request is due."""
        super().connection_made(transport)
        # Not close(), which would wait for what the client does not read.
        self._arriving = _Deadline(self.seconds, transport.abort)
        self._unread = _Deadline(self.seconds, transport.abort)
        self._arriving.begin()

    def data_received(self, data: bytes) -> None:
        """Bytes have come: a request that is not complete has its time from when it began."""
        super().data_received(data)
        if self._is_arriving:
            self._arriving.begin()

    def handle_events(self) -> None:
        """What has come is looked at, once more after an answer: a connection that rests owes nothing."""
        super().handle_events()
        if not self._is_arriving:
            self._arriving.over()

    @property
    def _is_arriving(self) -> bool:
        return self.conn.their_state in (h11.IDLE, h11.SEND_BODY)

    def send_400_response(self, msg: str) -> None:
        """What came is no HTTP: the connection ends, and the request at hand gets no other answer."""
        cycle = cast("RequestResponseCycle | None", self.cycle)
        if cycle is not None:
            # Else the application would answer on a connection that is done, which uvicorn logs as its crash.
            cycle.disconnected = True
            cycle.message_event.set()
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            super().send_400_response(msg)
        else:
            self.transport.abort()

    def pause_writing(self) -> None:
        """The client does not take in what it is sent."""
        super().pause_writing()
        self._unread.begin()

    def resume_writing(self) -> None:
        """It does again."""
        super().resume_writing()
        self._unread.over()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is due any more."""
        self._arriving.over()
        self._unread.over()
        super().connection_lost(exc)


class _OnlyWhole:
    """An ASGI application that is not asked about requests whose clients left before they had said it all."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whose body comes in one piece."""
        first = await receive()
        if first["type"] == "http.disconnect" or first.get("more_body", False):
            return
        pieces = [first]

        async def again() -> Message:
            return pieces.pop() if pieces else await receive()

        await self._app(scope, again, send)


def whole_requests(app: ASGIApp, largest_body: int) -> ASGIApp:
    """An application that gets bodies in one piece, of so many bytes at most; larger ones get 413."""
    return RequestBodyLimitMiddleware(_OnlyWhole(app), largest_body)


def bounded_to(limit: float) -> type[BoundedProtocol]:
    """The protocol with its limit, as uvicorn takes it: a class that it makes connections of."""

    class Bounded(BoundedProtocol):
        seconds = limit

    return Bounded
