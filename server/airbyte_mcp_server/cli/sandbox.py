"""`airbyte-mcp-server sandbox`: an embedded Airbyte that really moves rows."""

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from airbyte_mcp_server.cli.options import say
from airbyte_sandbox import (
    Connector,
    Dialect,
    FleetSize,
    SandboxAddress,
    SandboxError,
    SandboxSettings,
    serve,
)

T = TypeVar("T")

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FOLDER = click.Path(file_okay=False, path_type=Path)
_PORT = click.IntRange(0, 65_535)


def _read_as(read: Callable[[str], T], form: str) -> Callable[[click.Context, click.Parameter, str], T]:
    """A click callback that reads a text, and says which form it must have if it cannot."""

    def callback(_context: click.Context, _parameter: click.Parameter, text: str) -> T:
        try:
            return read(text)
        except ValueError as error:
            raise click.BadParameter(f"it is written as {form}") from error

    return callback


def _connector(text: str) -> Connector:
    name, _, command = text.partition("=")
    words = tuple(shlex.split(command))
    if not name or not words:
        raise ValueError(text)
    return Connector(name, words)


def _connectors(texts: tuple[str, ...]) -> tuple[Connector, ...]:
    return tuple(_connector(text) for text in texts)


def _fleet(text: str | None) -> FleetSize | None:
    return None if text is None else FleetSize(*(int(number) for number in text.split(",", 2)))


@click.command()
@click.argument("files", nargs=-1, type=_FILE)
@click.option("--port", type=_PORT, default=8000, help="0 takes any free one.", show_default=True)
@click.option("--data", "data_dir", type=_FOLDER, help="Folder to keep state and rows in.")
@click.option("--client-id", help="Default: a random one.")
@click.option("--client-secret", help="Default: a random one.")
@click.option(
    "--connector",
    "connectors",
    multiple=True,
    metavar="NAME=COMMAND",
    callback=_read_as(_connectors, "NAME=COMMAND"),  # type: ignore[arg-type]  # several texts, for a repeated option
    help="Any source that speaks the Airbyte protocol; becomes a connection. May be repeated.",
)
@click.option("--seed", "seed_file", type=_FILE, help="JSON file with the fleet to start with.")
@click.option(
    "--fleet",
    metavar="CONNECTIONS,JOBS[,SEED]",
    callback=_read_as(_fleet, "CONNECTIONS,JOBS or CONNECTIONS,JOBS,SEED"),
    help="Start with a generated fleet of this size.",
)
@click.option(
    "--dialect",
    type=click.Choice([dialect.value for dialect in Dialect]),
    default=Dialect.CURRENT.value,
    show_default=True,
    help="Write answers as today's server does, or as the reference document shows.",
)
@click.option(
    "--time-factor", type=click.FloatRange(0), default=0.02, help="Scales the pauses between attempts."
)
@click.option("--schedules/--no-schedules", default=True, help="Whether connections sync by themselves.")
def sandbox(dialect: str, **options: object) -> None:
    """Start an Airbyte on loopback, with a small fleet whose syncs are real.

    FILES are your own CSV or JSONL files; each becomes a connection that can be synced.
    """
    settings = SandboxSettings(dialect=Dialect(dialect), **options)  # type: ignore[arg-type]  # options are its fields
    try:
        serve(settings, _announce)
    except SandboxError as error:
        raise click.ClickException(str(error)) from error


def _announce(address: SandboxAddress) -> None:
    say("The sandbox answers. Point a server at it with:")
    click.echo(f"export AIRBYTE_API_URL={address.api_url}")
    click.echo(f"export AIRBYTE_CLIENT_ID={address.client_id}")
    click.echo(f"export AIRBYTE_CLIENT_SECRET={address.client_secret}")
    say("Ctrl-C ends it.")
