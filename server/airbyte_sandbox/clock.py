"""Where the sandbox reads the time, so that a test can hold it still."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time of this sandbox."""

    def now(self) -> datetime:
        """The time, with its zone, in UTC."""
        ...


class SystemClock:
    """The time of this machine."""

    def now(self) -> datetime:
        """The time, in UTC."""
        return datetime.now(UTC)


class ManualClock:
    """A clock that stands still until it is moved."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        """The time it was last set to."""
        return self._now

    def advance(self, by: timedelta) -> None:
        """Move forward by ``by``."""
        self._now += by


def milliseconds(moment: datetime) -> int:
    """``moment`` as whole milliseconds since 1970, the form in which the sandbox stores times."""
    return round(moment.timestamp() * 1000)


def monotonic() -> float:
    """Seconds that only go forward: for pacing and limits, never shown to anybody."""
    return time.monotonic()
