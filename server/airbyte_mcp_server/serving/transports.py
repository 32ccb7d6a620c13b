"""stdio here; SSE and streamable HTTP, which load more, in `network`."""

import asyncio
import contextlib
import sys
from collections.abc import Callable

from mcp.server.stdio import stdio_server

from airbyte_mcp_server.runtime import Runtime
from airbyte_mcp_server.server import build_server
from airbyte_mcp_server.serving.standard_input import claimed_stdin
from airbyte_mcp_server.serving.stopping import when_told_to_stop


async def serve(runtime: Runtime, announce: Callable[[str], None]) -> None:
    """Serve on the transport that the settings name until the client leaves or a signal comes.

    Args:
        runtime: What answers the calls; closed at the end.
        announce: Takes sentences for the operator. It must never write to stdout.

    Raises:
        SettingsError: The address cannot be bound.
    """
    try:
        if runtime.settings.transport == "stdio":
            await _serve_stdio(runtime)
        else:
            from airbyte_mcp_server.serving.network import serve_network  # noqa: PLC0415 - stdio does without it

            await serve_network(runtime, announce)
    finally:
        await runtime.aclose()


async def _serve_stdio(runtime: Runtime) -> None:
    serving = asyncio.ensure_future(_talk_on_stdio(runtime))
    when_told_to_stop(serving.cancel)
    try:
        with contextlib.suppress(asyncio.CancelledError):
            await serving
    except* ConnectionError:
        # The client closed its end of stdout: it is gone, and nobody is left to be told anything.
        pass


async def _talk_on_stdio(runtime: Runtime) -> None:
    server = build_server(runtime)
    async with stdio_server(stdin=claimed_stdin()) as (incoming, outgoing):
        # A stray print would wait in stdout's buffer and reach the protocol when the SDK restores it.
        with contextlib.redirect_stdout(sys.stderr):
            await server.run(incoming, outgoing, server.create_initialization_options())
