"""Clocks whose waiting takes no time and is written down."""

from airbyte_client import AsyncClock, SyncClock


class InstantClock(SyncClock):
    """Time moves only when somebody waits or a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.waits: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


class InstantAsyncClock(AsyncClock):
    """The same for asyncio."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.waits: list[float] = []

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds
