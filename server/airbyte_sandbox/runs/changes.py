"""Lets the event loop wait until some job changed."""

import asyncio
from collections.abc import Callable


class JobChanges:
    """Threads that run jobs announce; coroutines of the server wait, and whoever subscribed is called."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._event = asyncio.Event()
        self._listeners: list[Callable[[], None]] = []

    def subscribe(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` at every change, in the thread that announces it; it must be quick."""
        self._listeners.append(listener)

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Wake those who wait on ``loop``; before this, announcements go nowhere."""
        self._loop = loop

    def detach(self) -> None:
        """The loop is about to close: wake nobody any more."""
        self._loop = None

    def announce(self) -> None:
        """Some job changed; callable from every thread."""
        for listener in self._listeners:
            listener()
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._wake)

    def next(self) -> asyncio.Event:
        """Set at the next change. Take it, look at the job, then wait: so no change is missed."""
        return self._event

    def _wake(self) -> None:
        event, self._event = self._event, asyncio.Event()
        event.set()
