"""The person's browser, as the server opens it: a command that hands the address to the test."""

import os
import select
import shlex
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

SECONDS = 40


@dataclass(frozen=True)
class BrowserHook:
    """A command that stands for the browser.

    Attributes:
        settings: What makes a server use it.
    """

    settings: dict[str, str]
    descriptor: int
    heard: bytearray = field(default_factory=bytearray)

    def address(self) -> str:
        """The next address that was to be opened."""
        found = self.address_within(SECONDS)
        assert found is not None, "no browser was opened"
        return found

    def address_within(self, seconds: float) -> str | None:
        """The next address that was to be opened, if there is one in time."""
        while b"\n" not in self.heard and select.select([self.descriptor], [], [], seconds)[0]:
            self.heard.extend(os.read(self.descriptor, 4_096))
        line, newline, rest = self.heard.partition(b"\n")
        self.heard[:] = rest
        return line.decode() if newline else None


@contextmanager
def browser_hook(folder: Path) -> Generator[BrowserHook]:
    """A command in `folder` that is opened as a browser."""
    pipe, command = folder / "opened", folder / "browser"
    os.mkfifo(pipe)
    command.write_text(f"#!/bin/sh\nprintf '%s\\n' \"$1\" > {shlex.quote(str(pipe))}\n")
    command.chmod(0o700)
    descriptor = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
    try:
        yield BrowserHook({"AIRBYTE_MCP_OPEN_BROWSER": "always", "BROWSER": str(command)}, descriptor)
    finally:
        os.close(descriptor)
