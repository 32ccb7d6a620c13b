"""`airbyte-mcp-server approvals serve`: the page on which people approve in a browser."""

import asyncio
from ipaddress import ip_network
from typing import Any

import click

from airbyte_guardrails.errors import GuardrailError
from airbyte_mcp_server.cli.options import (
    refusals_in_the_log,
    refusing_clearly,
    say,
    settings_from,
    settings_options,
)
from airbyte_mcp_server.operating.logs import log_to_stderr, speaker
from airbyte_mcp_server.operating.telemetry import telemetry
from airbyte_mcp_server.settings.model import SettingsError

REFUSALS = (SettingsError, GuardrailError)


def _networks(
    _context: click.Context, _parameter: click.Parameter, texts: tuple[str, ...]
) -> tuple[str, ...]:
    try:
        return tuple(str(ip_network(text)) for text in texts)
    except ValueError as error:
        raise click.BadParameter(f"{error}; it is an address or a network, such as 10.0.0.0/8") from error


@click.command("serve")
@click.option(
    "--behind-proxy",
    "proxies",
    multiple=True,
    metavar="ADDRESS",
    callback=_networks,
    help="Address or network of a proxy that speaks TLS and says so (X-Forwarded-Proto). May be repeated.",
)
@settings_options
@refusing_clearly(*REFUSALS)
def serve_page(proxies: tuple[str, ...], **options: Any) -> None:  # noqa: ANN401 - one per setting
    """Serve the approvals page, on this machine only unless a proxy that speaks TLS stands in front."""
    from airbyte_mcp_server.pages.serving import serve_approvals  # noqa: PLC0415 - `--help` does without it
    from airbyte_mcp_server.runtime import Runtime  # noqa: PLC0415 - as above

    settings = settings_from(options)
    log_to_stderr(settings)
    with refusals_in_the_log(settings, *REFUSALS), telemetry(settings):
        asyncio.run(serve_approvals(Runtime(settings), proxies, speaker(settings, say)))
