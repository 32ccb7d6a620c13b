"""Many requests at a time over HTTP, each in a lane of its own.

One pool for all of them costs the more, the more there are: httpcore looks at every connection and every
waiting request whenever one begins or ends, hands one free connection to several requests at once, of which
all but one try again, and closes free connections while others are busy. A lane with one connection does none
of that. Alone a read takes less than half of the processor time, and so it stays with 100 at a time.
"""

import asyncio
import ssl
import time
from collections import deque
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from urllib.request import getproxies

import anyio
import httpx

from airbyte_client.single_connection import SingleConnection


@dataclass(slots=True)
class _Lane:
    """What sends one request at a time, and since when nobody has used it."""

    transport: httpx.AsyncBaseTransport
    free_since: float = field(default_factory=time.monotonic)


class AsyncHttp:
    """What is used of an httpx client, on as many connections as there are requests at a time.

    Belongs to the event loop that it is first used in.

    Args:
        limits: How many at a time, and how long a connection is kept that nobody uses.
        verify: Certificates to trust; True for the usual ones.
        headers: Sent with every request.
        transport: Takes all requests instead of connections of our own; closed at the end.

    Raises:
        ImportError: The environment names a SOCKS proxy, which needs a package that is not there.
        ValueError: The environment names a proxy of no known kind.
        httpx.InvalidURL: The environment names a proxy by what is no address.
    """

    def __init__(
        self,
        *,
        limits: httpx.Limits,
        verify: ssl.SSLContext | bool = True,
        headers: Mapping[str, str] | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        at_a_time = limits.max_connections or 1
        self._kept_for = limits.keepalive_expiry or 0.0
        self._most_kept = (
            at_a_time if limits.max_keepalive_connections is None else limits.max_keepalive_connections
        )
        self._headers = dict(headers or {})
        self._turns = asyncio.Semaphore(at_a_time)
        self._given = transport
        self._closed = False
        # Certificates take longer to load than a request takes, so they are loaded once.
        self._context = verify if isinstance(verify, ssl.SSLContext) else httpx.create_ssl_context(verify)
        self._has_proxies = bool(getproxies())
        # The first lane is made now, so that a proxy that cannot be used is found out now.
        self._free = deque([_Lane(self._transport())])

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        url: str,
        *,
        params: tuple[tuple[str, str], ...] | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: httpx.Timeout | None = None,  # noqa: ASYNC109  httpx's own name
    ) -> AsyncGenerator[httpx.Response]:
        """As httpx's `stream`, without redirects and cookies; waits for its turn first, in order.

        Raises:
            httpx.PoolTimeout: Its turn did not come in time; nothing was sent.
            httpx.TransportError: No answer came.
            RuntimeError: This is closed.
        """
        request = httpx.Request(
            method,
            url,
            params=params,
            content=content,
            headers={**self._headers, **(headers or {})},
            extensions={"timeout": timeout.as_dict()} if timeout else {},
        )
        await self._turn(timeout.pool if timeout else None)
        try:
            lane = await self._lane()
            try:
                async with _answered(lane, request) as response:
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
        was_closed, self._closed = self._closed, True
        while self._free:
            await self._close(self._free.pop())
        if self._given is not None and not was_closed:
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
        return self._free.pop() if self._free else _Lane(self._transport())

    def _transport(self) -> httpx.AsyncBaseTransport:
        if self._given is not None:
            return self._given
        if self._has_proxies:
            return _ThroughProxies(self._context, self._kept_for)
        return SingleConnection(self._context, self._kept_for)

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
                await lane.transport.aclose()


def no_cookies() -> CookieJar:
    """For an httpx client that shall keep none and send none."""
    return CookieJar(DefaultCookiePolicy(allowed_domains=()))


class _ThroughProxies(httpx.AsyncBaseTransport):
    """As httpx has it: the proxy that the environment names for an address, if it names one."""

    def __init__(self, context: ssl.SSLContext, kept_for: float) -> None:
        limits = httpx.Limits(max_connections=1, keepalive_expiry=kept_for)
        self._http = httpx.AsyncClient(verify=context, limits=limits, cookies=no_cookies())

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._http.send(request, stream=True, auth=None, follow_redirects=False)

    async def aclose(self) -> None:
        await self._http.aclose()


@asynccontextmanager
async def _answered(lane: _Lane, request: httpx.Request) -> AsyncGenerator[httpx.Response]:
    response = await lane.transport.handle_async_request(request)
    try:
        yield response
    finally:
        await response.aclose()
