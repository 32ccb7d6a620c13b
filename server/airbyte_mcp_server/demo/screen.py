"""How the demo looks on a terminal, and without one."""

import json
import sys
from collections.abc import Mapping
from typing import Any

import click

WIDTH = 100


class Screen:
    """Shows what people say, what is called, and what comes back."""

    def person(self, words: str) -> None:
        """What the person says to the assistant."""
        click.echo()
        click.secho(f"You: {words}", fg="cyan", bold=True)

    def call(self, tool: str, arguments: Mapping[str, object]) -> None:
        """The tool call that the assistant makes of it."""
        click.secho(f"  -> {tool} {json.dumps(dict(arguments), ensure_ascii=False)}", fg="yellow")

    def answer(self, text: str) -> None:
        """What the tool answers."""
        for line in text.splitlines():
            click.echo(f"  <- {line}")

    def question(self, text: str) -> None:
        """What the server asks the person."""
        click.secho("  " + "-" * (WIDTH - 2), fg="magenta")
        for line in text.splitlines():
            click.secho(f"  | {line}", fg="magenta")
        click.secho("  " + "-" * (WIDTH - 2), fg="magenta")

    def note(self, text: str) -> None:
        """What the demo says for itself."""
        click.secho(f"  {text}", dim=True)

    def checked(self, what: str) -> None:
        """A step that did what it shows."""
        click.secho(f"  ok: {what}", fg="green")

    def failed(self, what: str) -> None:
        """A step that did not."""
        click.secho(f"  NOT OK: {what}", fg="red", bold=True)


class RowsBar:
    """A progress bar of rows; on something that is no terminal, one line per report."""

    def __init__(self) -> None:
        self._bar: Any = None  # click's bar is generic over items that a bar of rows does not have
        self._done = 0

    async def __call__(self, progress: float, total: float | None, message: str | None) -> None:
        """Take one progress report."""
        if not sys.stdout.isatty():
            click.echo(f"  .. {message}")
            return
        if self._bar is None:
            self._bar = click.progressbar(length=int(total or progress), label="  rows", width=40)
            self._bar.__enter__()
        self._bar.length = max(self._bar.length, int(progress))
        self._bar.update(int(progress) - self._done)
        self._done = int(progress)

    def end(self) -> None:
        """Leave the bar's line."""
        if self._bar is not None:
            self._bar.__exit__(None, None, None)
