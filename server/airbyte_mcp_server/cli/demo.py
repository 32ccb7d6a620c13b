"""`airbyte-mcp-server demo`: the whole conversation on a terminal, against a sandbox."""

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from airbyte_sandbox import SandboxAddress


@click.command()
@click.option("--yes", is_flag=True, help="Approve every question without a person, and say so.")
def demo(*, yes: bool) -> None:
    """Play a conversation with an assistant: look, explain, sync, reschedule. You answer the questions."""
    if not yes and not sys.stdin.isatty():
        raise click.ClickException(
            "The demo asks you questions and needs a terminal. Without one: airbyte-mcp-server demo --yes"
        )
    from airbyte_sandbox import SandboxSettings, start_in_thread  # noqa: PLC0415 - loads when used

    click.echo("Starting an embedded Airbyte and an MCP server over stdio ...")
    with (
        start_in_thread(SandboxSettings(schedules=False)) as sandbox,
        tempfile.TemporaryDirectory() as folder,
    ):
        went_well = asyncio.run(_play(sandbox.address, Path(folder), says_yes=yes))
    if not went_well:
        raise click.ClickException("Not every step did what it shows; see NOT OK above.")
    click.echo()
    click.echo("Try it in your own client: see README.md, or claude_config.example.json.")


async def _play(address: "SandboxAddress", folder: Path, *, says_yes: bool) -> bool:
    from airbyte_client import AsyncAirbyteClient, ClientCredentials  # noqa: PLC0415 - loads when used
    from airbyte_mcp_server.demo.client import Assistant, Person, connected  # noqa: PLC0415 - as above
    from airbyte_mcp_server.demo.conversation import Conversation  # noqa: PLC0415 - as above
    from airbyte_mcp_server.demo.screen import Screen  # noqa: PLC0415 - as above

    screen = Screen()
    person = Person(screen, says_yes=says_yes)
    environment = {
        "AIRBYTE_API_URL": address.api_url,
        "AIRBYTE_CLIENT_ID": address.client_id,
        "AIRBYTE_CLIENT_SECRET": address.client_secret,
        "AIRBYTE_MCP_DATA_DIR": str(folder / "data"),
    }
    credentials = ClientCredentials(address.client_id, address.client_secret)
    async with (
        AsyncAirbyteClient(address.api_url, auth=credentials) as airbyte,
        connected(environment, person, folder / "server.log") as client,
    ):
        return await Conversation(Assistant(client, screen), airbyte, person, screen).play()
