"""Many requests at a time over HTTP, each in a lane of its own.

One httpx client for all of them costs the more, the more there are: httpcore looks at every connection and
every waiting request whenever one begins or ends, hands one free connection to several requests at once, of
which all but one try again, and closes free connections while others are busy. A client with one connection
does none of that. With 100 requests at a time a read takes less than half of the processor time.
"""

import asyncio
import math
import ssl
import time
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

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
        # A transport that was given serves all lanes, so it is closed only at the end.
        self._kept_for = math.inf if options.get("transport") else limits.keepalive_expiry or 0.0
        self._turns = asyncio.Semaphore(at_a_time)
        self._free: deque[_Lane] = deque()
        self._options: dict[str, Any] = options | {
            # Certificates take longer to load than a request takes, so they are loaded once.
            "verify": verify if isinstance(verify, ssl.SSLContext) else httpx.create_ssl_context(verify),
            "limits": httpx.Limits(max_connections=1, keepalive_expiry=limits.keepalive_expiry),
        }

    @asynccontextmanager
    async def stream(self, method: str, url: str, **options: Any) -> AsyncGenerator[httpx.Response]:  # noqa: ANN401  as above
        """As httpx's `stream`; waits for its turn first, in order."""
        async with self._turns:
            lane = self._free.pop() if self._free else _Lane(httpx.AsyncClient(**self._options))
            try:
                await self._close_one_unused()
                async with lane.http.stream(method, url, **options) as response:
                    yield response
            finally:
                lane.free_since = time.monotonic()
                self._free.append(lane)

    async def aclose(self) -> None:
        """Close every connection that no request uses."""
        while self._free:
            await self._free.pop().http.aclose()

    async def _close_one_unused(self) -> None:
        """The lane that has been free the longest, if it is too long; at each request, one is enough."""
        if self._free and time.monotonic() - self._free[0].free_since > self._kept_for:
            await self._free.popleft().http.aclose()
