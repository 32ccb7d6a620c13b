"""An Airbyte behind a company's own certificate authority is reached once that authority is trusted, never before."""

from pathlib import Path

from mcp import StdioServerParameters
from mcp.client.stdio import stdio_client

from certificates import self_signed, server_tls
from harness import COMMAND, Era, clean_environment, client_on, text_of
from scripted_airbyte import ScriptedAirbyte, page, scripted_airbyte


async def listed(server: ScriptedAirbyte, **settings: str) -> tuple[bool, str]:
    """Whether listing the workspaces failed, and what was said."""
    environment = clean_environment() | {"AIRBYTE_API_URL": server.base_url} | settings
    wire = stdio_client(StdioServerParameters(command=COMMAND, args=[], env=environment))
    async with client_on(wire, Era.MUTE) as client:
        result = await client.call_tool("list_workspaces", {})
    return result.is_error, text_of(result)


async def test_only_a_trusted_authority_lets_the_server_through(tmp_path: Path) -> None:
    certificate = self_signed(tmp_path / "company.pem")
    with scripted_airbyte(server_tls(certificate)) as server:
        server.on("GET /workspaces", page({"workspaceId": "w", "name": "Finance"}))
        refused, advice = await listed(server)
        asked_before = list(server.log)
        failed, text = await listed(server, AIRBYTE_CA_BUNDLE=str(certificate))

    assert refused
    assert "AIRBYTE_CA_BUNDLE" in advice
    assert asked_before == []
    assert not failed
    assert "Finance" in text
