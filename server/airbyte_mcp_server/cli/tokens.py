"""`airbyte-mcp-server tokens`: who may speak to the server over SSE and HTTP."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import click

from airbyte_mcp_server.cli.options import refusing_clearly, say
from airbyte_mcp_server.settings.model import SettingsError, variable_of

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])


@click.group()
def tokens() -> None:
    """Set up named bearer tokens in a file, for serving over SSE and HTTP."""


def _file_option(function: FunctionT) -> FunctionT:
    return click.option(
        "--file",
        required=True,
        envvar=variable_of("tokens_file"),
        show_envvar=True,
        type=click.Path(path_type=Path, dir_okay=False),
        help="The tokens file.",
    )(function)


@tokens.command("add")
@click.argument("name")
@click.option(
    "--scope",
    type=click.Choice(["read", "operate"]),
    default="read",
    show_default=True,
    help="What its holder may do; approving is never part of it.",
)
@click.option("--days", type=click.IntRange(1, 3650), help="After so many days it opens nothing any more.")
@_file_option
@refusing_clearly(SettingsError)
def add(name: str, scope: str, days: int | None, file: Path) -> None:
    """Make a token and print it, this once: the file holds only its hash."""
    from airbyte_mcp_server.access.scopes import Scope  # noqa: PLC0415 - `--help` does without the MCP SDK
    from airbyte_mcp_server.access.writing_tokens import add_token  # noqa: PLC0415 - as above
    from airbyte_mcp_server.runtime import utc_now  # noqa: PLC0415 - as above

    expires = utc_now().replace(microsecond=0) + timedelta(days=days) if days else None
    token = add_token(file, name, Scope(scope), expires)
    say(f"Token of {name}, shown only now; running servers know it already:")
    click.echo(token)


@tokens.command("list")
@_file_option
@refusing_clearly(SettingsError)
def list_tokens(file: Path) -> None:
    """List the names in the file, with what each may do and until when."""
    from airbyte_mcp_server.access.tokens_file import load_tokens  # noqa: PLC0415 - as above
    from airbyte_mcp_server.runtime import utc_now  # noqa: PLC0415 - as above

    now = utc_now()
    for name, token in sorted(load_tokens(file).items()):
        ended = token.expires is not None and token.expires <= now
        until = "" if token.expires is None else f"  until {token.expires:%Y-%m-%d %H:%M %Z}"
        click.echo(f"{name}  {', '.join(token.scopes)}{until}{' (expired)' if ended else ''}")


@tokens.command("remove")
@click.argument("name")
@_file_option
@refusing_clearly(SettingsError)
def remove(name: str, file: Path) -> None:
    """Remove a token. Running servers turn it away from the next request on."""
    from airbyte_mcp_server.access.writing_tokens import remove_token  # noqa: PLC0415 - as above

    remove_token(file, name)
    click.echo(f"{name} is removed.")
