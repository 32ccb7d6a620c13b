"""A person at a terminal: runs the installed command on a pseudo-terminal and types when it asks."""

import os
import pty
import select
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence

from harness import COMMAND

SECONDS = 50


def at_a_terminal(
    environment: Mapping[str, str],
    *arguments: str,
    prompt: str,
    types: Sequence[str],
    meanwhile: Callable[["subprocess.Popen[bytes]"], None] | None = None,
) -> tuple[int, str]:
    """The exit code and all that was shown, after typing one line each time `prompt` appears.

    `meanwhile` runs in a thread beside it and may send the process a signal.
    """
    controller, terminal = pty.openpty()
    process = subprocess.Popen(
        [COMMAND, *arguments],
        env=dict(environment),
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    )
    os.close(terminal)
    if meanwhile is not None:
        threading.Thread(target=meanwhile, args=[process], daemon=True).start()
    shown, lines = b"", list(types)
    while chunk := _read(controller):
        shown += chunk
        if lines and shown.count(prompt.encode()) > len(types) - len(lines):
            os.write(controller, lines.pop(0).encode() + b"\n")
    os.close(controller)
    return process.wait(SECONDS), shown.decode()


def _read(controller: int) -> bytes:
    ready, _, _ = select.select([controller], [], [], SECONDS)
    try:
        return os.read(controller, 65_536) if ready else b""
    except OSError:  # Linux says EIO when the other side of a pseudo-terminal is closed
        return b""
