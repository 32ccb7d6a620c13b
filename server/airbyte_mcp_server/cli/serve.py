"""`airbyte-mcp-server serve`: the MCP server."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager, nullcontext
from typing import Any

import click
from pydantic import SecretStr

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
from airbyte_mcp_server.settings.airbyte import SANDBOX_INSTANCE, AirbyteSettings
from airbyte_mcp_server.settings.model import Settings, SettingsError

REFUSALS = (SettingsError, GuardrailError)


@click.command()
@click.option("--sandbox", "with_sandbox", is_flag=True, help="Start an embedded Airbyte and connect to it.")
@settings_options
@refusing_clearly(*REFUSALS)
def serve(*, with_sandbox: bool = False, **options: Any) -> None:  # noqa: ANN401 - one per setting
    """Serve MCP over stdio (default), SSE or streamable HTTP."""
    settings = settings_from(options)
    log_to_stderr(settings)
    with (
        refusals_in_the_log(settings, *REFUSALS),
        _sandboxed(settings) if with_sandbox else nullcontext(settings) as used,
    ):
        _run(used)


def _run(settings: Settings) -> None:
    from airbyte_mcp_server.runtime import Runtime  # noqa: PLC0415 - `--help` does without the MCP SDK
    from airbyte_mcp_server.serving.transports import serve as serve_transport  # noqa: PLC0415 - as above

    with telemetry(settings):
        asyncio.run(serve_transport(Runtime(settings), speaker(settings, say)))


@contextmanager
def _sandboxed(settings: Settings) -> Generator[Settings]:
    from airbyte_sandbox import SandboxError, SandboxSettings, start_in_thread  # noqa: PLC0415 - loads when asked for

    if settings.instances:
        raise SettingsError(
            f"The settings file has Airbytes of its own ({', '.join(settings.instances)}): leave --sandbox"
            " out, or name another file."
        )
    try:
        running = start_in_thread(SandboxSettings())
    except SandboxError as error:
        raise SettingsError(str(error)) from error
    with running:
        sandbox = AirbyteSettings(
            api_url=running.address.api_url,
            client_id=running.address.client_id,
            client_secret=SecretStr(running.address.client_secret),
        )
        yield settings.model_copy(update={"instances": {SANDBOX_INSTANCE: sandbox}})
