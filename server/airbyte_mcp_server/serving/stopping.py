"""What ends a server from outside: Ctrl-C, and the signal that supervisors send."""

import asyncio
import signal
from collections.abc import Callable

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def when_told_to_stop(stop: Callable[[], object]) -> None:
    """Call `stop` on either signal, from within the running event loop."""
    for told in STOP_SIGNALS:
        asyncio.get_running_loop().add_signal_handler(told, stop)


def told_to_stop() -> asyncio.Event:
    """What either signal sets from now on, from within the running event loop."""
    told = asyncio.Event()
    when_told_to_stop(told.set)
    return told
