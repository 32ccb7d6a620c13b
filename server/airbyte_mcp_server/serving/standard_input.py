"""Lines from stdin that a shutdown can stop waiting for.

The SDK's own reader waits for stdin in a thread that cannot be interrupted, so
a server on a terminal would ignore Ctrl-C until somebody pressed Enter. This
one reads the bare descriptor in a daemon thread, which the end of the process
simply leaves behind. Children and stray readers find an empty stdin meanwhile.
"""

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Callable
from typing import cast

import anyio

_CHUNK = 65_536
_WAITING_LINES = 16
LONGEST_LINE = 16 * 1024 * 1024


async def lines(descriptor: int) -> AsyncIterator[str]:
    """Every line of a descriptor, decoded as UTF-8, until its end."""
    waiting: asyncio.Queue[str | None] = asyncio.Queue(_WAITING_LINES)
    loop = asyncio.get_running_loop()

    def hand_over(line: str | None) -> None:
        asyncio.run_coroutine_threadsafe(waiting.put(line), loop).result()

    def read() -> None:
        try:
            _read_into(descriptor, hand_over)
        except (RuntimeError, asyncio.CancelledError):
            # The loop is closed: the server has ended and nobody waits for lines.
            return

    threading.Thread(target=read, name="stdin", daemon=True).start()
    while (line := await waiting.get()) is not None:
        yield line


def _read_into(descriptor: int, hand_over: Callable[[str | None], None]) -> None:
    pending = bytearray()
    while chunk := _read(descriptor):
        first, *others = chunk.split(b"\n")
        pending += first
        for other in others:
            hand_over(pending.decode("utf-8", errors="replace"))
            pending = bytearray(other)
        if len(pending) > LONGEST_LINE:
            # Nothing that a client says is this long; what remains of it will not parse, and says so.
            pending.clear()
    if pending:
        hand_over(pending.decode("utf-8", errors="replace"))
    hand_over(None)


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, _CHUNK)
    except ConnectionError:
        # A client may have made sockets its pipes, and died with answers unread. That is the end, too.
        return b""


def claimed_stdin() -> "anyio.AsyncFile[str]":
    """The process's stdin for the SDK's stdio transport; descriptor 0 reads as empty from now on."""
    private = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    # The transport only iterates over it.
    return cast("anyio.AsyncFile[str]", lines(private))
