"""The command itself. Without a subcommand it serves stdio, so that a client's entry stays one line."""

import io
import sys

import click

from airbyte_mcp_server import __version__
from airbyte_mcp_server.cli.approvals import approvals
from airbyte_mcp_server.cli.audit import audit
from airbyte_mcp_server.cli.demo import demo
from airbyte_mcp_server.cli.doctor import doctor
from airbyte_mcp_server.cli.policy import policy
from airbyte_mcp_server.cli.sandbox import sandbox
from airbyte_mcp_server.cli.serve import serve
from airbyte_mcp_server.cli.tokens import tokens


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
@click.pass_context
def command(context: click.Context) -> None:
    """Ask an AI assistant about Airbyte syncs; nothing changes without a human who saw what would."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Names from Airbyte hold what this terminal may not be able to show.
            stream.reconfigure(errors="backslashreplace")
    if context.invoked_subcommand is None:
        context.invoke(serve)


for subcommand in (serve, sandbox, approvals, tokens, policy, audit, doctor, demo):
    command.add_command(subcommand)
