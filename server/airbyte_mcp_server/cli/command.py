"""The command itself. Without a subcommand it serves stdio, so that a client's entry stays one line."""

import io
import sys
from importlib import import_module

import click
from click.exceptions import NoSuchCommand

from airbyte_mcp_server import __version__

SUBCOMMANDS = ("approvals", "audit", "demo", "doctor", "policy", "sandbox", "serve", "tokens")
"""Each is a module here that holds the command of its name."""


class _Subcommands(click.Group):
    """Loads a subcommand when it is asked for: each chat waits for `serve` to start, and needs no other."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order of the help."""
        del ctx
        return list(SUBCOMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
        """The command of a name; without one, the nearest names are shown."""
        if cmd_name not in SUBCOMMANDS:
            raise NoSuchCommand(cmd_name, possibilities=SUBCOMMANDS, ctx=ctx)
        found: click.Command = getattr(import_module(f"airbyte_mcp_server.cli.{cmd_name}"), cmd_name)
        return found


@click.group(
    cls=_Subcommands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(__version__)
@click.pass_context
def command(context: click.Context) -> None:
    """Ask an AI assistant about Airbyte syncs; nothing changes without a human who saw what would."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Names from Airbyte hold what this terminal may not be able to show.
            stream.reconfigure(errors="backslashreplace")
    if context.invoked_subcommand is None:
        from airbyte_mcp_server.cli.serve import serve  # noqa: PLC0415 - the other commands do without it

        context.invoke(serve)
