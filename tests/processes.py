"""The installed command as a subprocess, ready when it has said so."""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Literal

COMMAND = str(Path(sys.executable).with_name("airbyte-mcp-server"))
START_SECONDS = 20


def clean_environment() -> dict[str, str]:
    """The variables that any process needs, and none of ours."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}


@contextmanager
def process_in_background(
    arguments: list[str], environment: Mapping[str, str], log: Path, *, heard: Literal["stdout", "stderr"]
) -> Generator["subprocess.Popen[str]"]:
    """The installed command in the background, with a pipe on the stream that is heard."""
    with log.open("a") as file:
        process = subprocess.Popen(
            [COMMAND, *arguments],
            env=dict(environment),
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if heard == "stdout" else subprocess.DEVNULL,
            stderr=subprocess.PIPE if heard == "stderr" else file,
        )
        try:
            yield process
        finally:
            process.terminate()
            process.wait(timeout=20)


def line_matching(stream: IO[str], pattern: str, log: Path) -> str:
    """The first group of the first line that matches; fails with what was said instead.

    The stream is read to its end, so that a full pipe never stops the process.
    """
    said: list[str] = []
    found: list[str] = []
    settled = threading.Event()

    def read() -> None:
        with stream, log.open("a") as copy:
            for line in stream:
                said.append(line)
                copy.write(line)
                copy.flush()
                if not found and (match := re.search(pattern, line)):
                    found.append(match.group(1))
                    settled.set()
        settled.set()

    threading.Thread(target=read, daemon=True).start()
    settled.wait(START_SECONDS)
    assert found, f"it did not start; it said: {''.join(said)}"
    return found[0]
