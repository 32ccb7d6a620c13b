"""`airbyte-mcp-server sandbox`: an embedded Airbyte that really moves rows."""

from pathlib import Path

import click

from airbyte_mcp_server.cli.options import say

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("files", nargs=-1, type=_FILE)
@click.option(
    "--port", type=click.IntRange(0, 65_535), default=8000, help="0 takes any free one.", show_default=True
)
@click.option(
    "--data", type=click.Path(file_okay=False, path_type=Path), help="Folder to keep state and rows in."
)
@click.option("--client-id", help="Default: a random one.")
@click.option("--client-secret", help="Default: a random one.")
def sandbox(
    files: tuple[Path, ...], port: int, data: Path | None, client_id: str | None, client_secret: str | None
) -> None:
    """Start an Airbyte on loopback, with a small fleet whose syncs are real.

    FILES are your own CSV or JSONL files; each becomes a connection that can be synced.
    """
    from airbyte_sandbox import SandboxAddress, SandboxError, SandboxSettings, serve  # noqa: PLC0415 - loads when used

    def announce(address: SandboxAddress) -> None:
        say("The sandbox answers. Point a server at it with:")
        click.echo(f"export AIRBYTE_API_URL={address.api_url}")
        click.echo(f"export AIRBYTE_CLIENT_ID={address.client_id}")
        click.echo(f"export AIRBYTE_CLIENT_SECRET={address.client_secret}")
        say("Ctrl-C ends it.")

    settings = SandboxSettings(
        port=port, data_dir=data, files=files, client_id=client_id, client_secret=client_secret
    )
    try:
        serve(settings, announce)
    except SandboxError as error:
        raise click.ClickException(str(error)) from error
