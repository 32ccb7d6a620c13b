"""Time and locks, once for asyncio and once for threads.

The only module written for both worlds by hand; everything that uses it is written once, asynchronous, and
its synchronous twin is generated.
"""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import TypeVar

from airbyte_client.deadlines import deadline_in

T = TypeVar("T")

AsyncSource = Callable[[], Awaitable[T]]
SyncSource = Callable[[], T]
"""Gets one thing from Airbyte."""

AsyncPageSource = Callable[[int, int], Awaitable[list[T]]]
SyncPageSource = Callable[[int, int], list[T]]
"""Gets one page by limit and offset."""

AsyncLock = asyncio.Lock
SyncLock = threading.Lock


class AsyncClock:
    """Time as the client sees it. Replace it where waiting must not take time, as in tests."""

    def monotonic(self) -> float:
        """Seconds from a fixed moment."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)

    def limit(self, seconds: float) -> AbstractAsyncContextManager[object]:
        """Raise TimeoutError in the block once it has taken that long."""
        return asyncio.timeout(seconds)


class SyncClock:
    """As `AsyncClock`, for the synchronous client."""

    def monotonic(self) -> float:
        """Seconds from a fixed moment."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)

    def limit(self, seconds: float) -> AbstractContextManager[object]:
        """As in `AsyncClock`, for what a socket does in the block: a thread cannot be interrupted."""
        return deadline_in(seconds)
