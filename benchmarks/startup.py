"""From spawn to the `tools/list` reply over stdio, ours against a one-tool server on the bare SDK.

    python benchmarks/startup.py [ROUNDS]

Both are started in turn, ROUNDS times (default 21), in the same run; the figure that counts is the ratio of
the medians. Budget: 1.10.
"""

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

OURS = [str(Path(sys.executable).with_name("airbyte-mcp-server"))]
BARE = [sys.executable, "-c"]
BUDGET = 1.10

BARE_SERVER = """
import asyncio
from mcp.server.lowlevel.server import Server
from mcp.server.stdio import stdio_server
from mcp_types import CallToolResult, ListToolsResult, TextContent, Tool

async def list_tools(ctx, params):
    return ListToolsResult(tools=[Tool(name="one", input_schema={"type": "object"})])

async def call_tool(ctx, params):
    return CallToolResult(content=[TextContent(type="text", text="one")])

async def main():
    server = Server("bare", on_list_tools=list_tools, on_call_tool=call_tool)
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())

asyncio.run(main())
"""

CLIENT = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "b", "version": "1"}}
MESSAGES = (
    {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": CLIENT},
    {"jsonrpc": "2.0", "method": "notifications/initialized"},
    {"jsonrpc": "2.0", "id": 2, "method": "tools/list"},
)


def seconds_to_list(command: list[str]) -> float:
    """Seconds from spawn until the tools are listed."""
    began = time.perf_counter()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None  # noqa: S101 - both are pipes
        assert process.stdout is not None  # noqa: S101 - as above
        process.stdin.write("".join(json.dumps(message) + "\n" for message in MESSAGES))
        process.stdin.flush()
        while json.loads(process.stdout.readline()).get("id") != 2:  # noqa: PLR2004 - the id of tools/list above
            pass
        took = time.perf_counter() - began
        process.stdin.close()
    return took


def main() -> None:
    """Measure and print."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 21
    for command in (OURS, [*BARE, BARE_SERVER]):
        seconds_to_list(command)
    pairs = [(seconds_to_list(OURS), seconds_to_list([*BARE, BARE_SERVER])) for _ in range(rounds)]
    ours, bare = (statistics.median(side) for side in zip(*pairs, strict=True))
    print(
        f"ours {ours * 1000:.0f} ms, bare SDK {bare * 1000:.0f} ms, ratio {ours / bare:.2f} (budget {BUDGET})"
    )
    if ours / bare > BUDGET:
        raise SystemExit("beyond the budget")


if __name__ == "__main__":
    main()
