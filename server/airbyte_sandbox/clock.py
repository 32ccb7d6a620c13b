"""Where the sandbox reads the time, so that it can be held still and moved."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time of a sandbox."""

    def now(self) -> datetime:
        """The time, with its zone, in UTC."""
        ...

    def on_jump(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` whenever the time was moved instead of passing."""
        ...


class SystemClock:
    """The time of this machine."""

    def now(self) -> datetime:
        """The time, in UTC."""
        return datetime.now(UTC)

    def on_jump(self, listener: Callable[[], None]) -> None:
        """This clock is never moved."""


class ManualClock:
    """A clock that stands still until it is moved."""

    def __init__(self, start: datetime) -> None:
        self._now = start
        self._listeners: list[Callable[[], None]] = []

    def now(self) -> datetime:
        """The time it was last set to."""
        return self._now

    def on_jump(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` at every :meth:`advance`."""
        self._listeners.append(listener)

    def advance(self, by: timedelta) -> None:
        """Move forward by ``by``."""
        self._now += by
        for listener in self._listeners:
            listener()


class AdjustableClock:
    """Another clock that can be stopped and moved forward, never back."""

    def __init__(self, base: Clock) -> None:
        self._base = base
        self._lock = threading.Lock()
        self._ahead = timedelta()
        self._stopped_at: datetime | None = None
        self._listeners: list[Callable[[], None]] = []

    @property
    def stopped(self) -> bool:
        """Whether it stands still."""
        return self._stopped_at is not None

    def now(self) -> datetime:
        """The time it shows."""
        with self._lock:
            return self._shown()

    def on_jump(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` when this clock was moved, or the one below it."""
        self._listeners.append(listener)
        self._base.on_jump(listener)

    def stop(self) -> None:
        """Stand still from now on."""
        with self._lock:
            self._stopped_at = self._shown()

    def run(self) -> None:
        """Go on from the time it shows."""
        with self._lock:
            self._ahead = self._shown() - self._base.now()
            self._stopped_at = None

    def advance(self, by: timedelta) -> None:
        """Move forward by ``by``.

        Raises:
            ValueError: ``by`` is negative, or ends after the year 9999.
        """
        if by < timedelta():
            raise ValueError("the clock only goes forward")
        try:
            with self._lock:
                moved = self._shown() + by
                if self._stopped_at is not None:
                    self._stopped_at = moved
                else:
                    self._ahead = moved - self._base.now()
        except OverflowError:
            raise ValueError("the clock ends with the year 9999") from None
        for listener in self._listeners:
            listener()

    def restore(self) -> None:
        """Show what the clock below shows."""
        with self._lock:
            self._ahead, self._stopped_at = timedelta(), None

    def _shown(self) -> datetime:
        return self._stopped_at if self._stopped_at is not None else self._base.now() + self._ahead


def milliseconds(moment: datetime) -> int:
    """``moment`` as whole milliseconds since 1970, the form in which the sandbox stores times."""
    return round(moment.timestamp() * 1000)


def monotonic() -> float:
    """Seconds that only go forward: for pacing and limits, never shown to anybody."""
    return time.monotonic()
