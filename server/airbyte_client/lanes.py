"""Many requests at a time over HTTP, each in a lane of its own.

One httpx client for all of them costs the more, the more there are: httpcore looks at every connection and
every waiting request whenever one begins or ends, hands one free connection to several requests at once, of
which all but one try again, and closes free connections while others are busy. A client with one connection
does none of that. With 100 requests at a time a read takes less than half of the processor time.
"""

import asyncio
import ssl
import time
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import anyio
import httpx


@dataclass(slots=True)
class _Lane:
    """A client with one connection, and since when nobody has used it."""

    http: httpx.AsyncClient
    free_since: float = 0.0


class AsyncHttp:
    """What is used of an httpx client, on as many clients as there are requests at a time.

    Args:
        limits: How many at a time, and how long a connection is kept that nobody uses.
        verify: Certificates to trust; True for the usual ones.
        options: As httpx's own.
    """

    def __init__(self, *, limits: httpx.Limits, verify: ssl.SSLContext | bool, **options: Any) -> None:  # noqa: ANN401  httpx's own options, passed on
        at_a_time = limits.max_connections or 1
        self._kept_for = limits.keepalive_expiry or 0.0
        self._most_kept = (
            at_a_time if limits.max_keepalive_connections is None else limits.max_keepalive_connections
        )
        self._turns = asyncio.Semaphore(at_a_time)
        self._free: deque[_Lane] = deque()
        self._given: httpx.AsyncBaseTransport | None = options.get("transport")
        self._closed = False
        self._options: dict[str, Any] = options | {
            # Certificates take longer to load than a request takes, so they are loaded once.
            "verify": verify if isinstance(verify, ssl.SSLContext) else httpx.create_ssl_context(verify),
            "limits": httpx.Limits(max_connections=1, keepalive_expiry=limits.keepalive_expiry),
        }

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        url: str,
        *,
        timeout: httpx.Timeout | None = None,  # noqa: ASYNC109  httpx's own name
        **options: Any,  # noqa: ANN401  as above
    ) -> AsyncGenerator[httpx.Response]:
        """As httpx's `stream`; waits for its turn first, in order.

        Raises:
            httpx.PoolTimeout: Its turn did not come in time; nothing was sent.
            RuntimeError: This is closed.
        """
        await self._turn(timeout.pool if timeout else None)
        try:
            lane = await self._lane()
            try:
                async with lane.http.stream(method, url, timeout=timeout, **options) as response:
                    yield response
            except BaseException:
                # A cancelled request may leave a connection that nobody owns, and a lane has no other.
                await self._close(lane)
                raise
            await self._put_back(lane)
        finally:
            self._turns.release()

    async def aclose(self) -> None:
        """Close every connection; those in use when their requests are over."""
        self._closed = True
        while self._free:
            await self._close(self._free.pop())
        if self._given is not None:
            await self._given.aclose()

    async def _turn(self, seconds: float | None) -> None:
        try:
            async with asyncio.timeout(seconds if self._turns.locked() else None):
                await self._turns.acquire()
        except TimeoutError:
            raise httpx.PoolTimeout("Too many requests at a time.") from None

    async def _lane(self) -> _Lane:
        if self._closed:
            raise RuntimeError("Nothing can be sent: the client has been closed.")
        # At each request one that has been free too long is closed, which is enough.
        if self._free and time.monotonic() - self._free[0].free_since > self._kept_for:
            await self._close(self._free.popleft())
        return self._free.pop() if self._free else _Lane(httpx.AsyncClient(**self._options))

    async def _put_back(self, lane: _Lane) -> None:
        if self._closed or len(self._free) >= self._most_kept:
            await self._close(lane)
            return
        lane.free_since = time.monotonic()
        self._free.append(lane)

    async def _close(self, lane: _Lane) -> None:
        """Close a lane, whoever cancels us; a transport that was given serves the other lanes, too."""
        if self._given is None:
            with anyio.CancelScope(shield=True):
                await lane.http.aclose()
