"""What a server has loaded once it has listed its tools, against a one-tool server on the bare SDK.

Every import costs every start of a chat; benchmarks/startup.py has the time that it takes.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from processes import COMMAND, clean_environment

BARE_SERVER = """
import asyncio
from mcp.server.lowlevel.server import Server
from mcp.server.stdio import stdio_server
from mcp_types import ListToolsResult, Tool

async def list_tools(ctx, params):
    return ListToolsResult(tools=[Tool(name="one", input_schema={"type": "object"})])

async def main():
    server = Server("bare", on_list_tools=list_tools)
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())

asyncio.run(main())
"""
CLIENT: dict[str, Any] = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "clientInfo": {"name": "t", "version": "1"},
}
META: dict[str, Any] = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": CLIENT["clientInfo"],
    "io.modelcontextprotocol/clientCapabilities": {},
}
FIRST_WORDS: dict[str, list[dict[str, Any]]] = {
    "legacy": [
        {"id": 1, "method": "initialize", "params": CLIENT},
        {"method": "notifications/initialized"},
        {"id": 2, "method": "tools/list"},
    ],
    "modern": [
        {"id": 1, "method": "server/discover", "params": {"_meta": META}},
        {"id": 2, "method": "tools/list", "params": {"_meta": META}},
    ],
}
OUR_OWN = {"airbyte_mcp_server", "airbyte_guardrails"}


@pytest.mark.parametrize("era", FIRST_WORDS)
def test_listing_loads_only_what_is_ours_beside_what_the_sdk_itself_loads(era: str, tmp_path: Path) -> None:
    ours = loaded([sys.executable, COMMAND], era, tmp_path / "ours.log")
    bare = loaded([sys.executable, "-c", BARE_SERVER], era, tmp_path / "bare.log")

    beyond = ours - bare - sys.stdlib_module_names
    assert {name for name in beyond if not name.startswith("_")} == OUR_OWN


def loaded(command: list[str], era: str, log: Path) -> set[str]:
    """Every package that a fresh server on stdio has imported until its client, shown the tools, leaves."""
    environment = clean_environment() | {"PYTHONPROFILEIMPORTTIME": "1"}
    words = "".join(json.dumps({"jsonrpc": "2.0"} | word) + "\n" for word in FIRST_WORDS[era])
    with (
        log.open("w") as imports,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=imports, text=True, env=environment
        ) as process,
    ):
        assert process.stdin
        assert process.stdout
        process.stdin.write(words)
        process.stdin.flush()
        answers = [json.loads(process.stdout.readline()) for _ in range(2)]
        process.stdin.close()
    assert answers[1]["result"]["tools"]
    return set(re.findall(r"^import time:.*\| +([^.\s]+)", log.read_text(), re.MULTILINE))
