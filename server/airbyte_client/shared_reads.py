"""One request for any number of identical reads at the same time; once for asyncio and once for threads."""

import asyncio
import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass

from airbyte_client.calls import Answer
from airbyte_client.clocks import AsyncSource, SyncSource


@dataclass(slots=True)
class _Flight:
    """A read on its way and how many wait for it."""

    task: asyncio.Task[Answer]
    waiters: int = 0


class AsyncSharedReads:
    """Joins a read to an identical one that is on its way."""

    def __init__(self) -> None:
        self._flights: dict[Hashable, _Flight] = {}

    async def run(self, key: Hashable, read: AsyncSource[Answer], joined: Callable[[], None]) -> Answer:
        """Read, or wait for the one that already does; the last waiter to be cancelled cancels the read.

        Args:
            key: Equal for identical reads.
            read: Reads.
            joined: Called by whoever waits instead of reading.
        """
        flight = self._flights.get(key)
        if flight is not None:
            joined()
        else:
            flight = _Flight(asyncio.ensure_future(_as_coroutine(read)))
            self._flights[key] = flight
        flight.waiters += 1
        try:
            return await asyncio.shield(flight.task)
        finally:
            flight.waiters -= 1
            if flight.waiters == 0:
                flight.task.cancel()
                if self._flights.get(key) is flight:
                    del self._flights[key]

    def forget(self) -> None:
        """Let later reads start anew: something has changed."""
        self._flights.clear()


class SyncSharedReads:
    """As `AsyncSharedReads`, for threads: the first one reads, the others wait for it."""

    def __init__(self) -> None:
        self._flights: dict[Hashable, Future[Answer]] = {}
        self._lock = threading.Lock()

    def run(self, key: Hashable, read: SyncSource[Answer], joined: Callable[[], None]) -> Answer:
        """Read, or wait for the thread that already does; the arguments are those of `AsyncSharedReads`."""
        mine: Future[Answer] = Future()
        with self._lock:
            flight = self._flights.setdefault(key, mine)
        if flight is not mine:
            joined()
            return flight.result()
        try:
            mine.set_result(read())
        except BaseException as error:
            mine.set_exception(error)
            raise
        finally:
            with self._lock:
                if self._flights.get(key) is mine:
                    del self._flights[key]
        return mine.result()

    def forget(self) -> None:
        """Let later reads start anew: something has changed."""
        with self._lock:
            self._flights.clear()


async def _as_coroutine(read: AsyncSource[Answer]) -> Answer:
    return await read()
