"""What the tools cost: a read against a bare SDK tool, and the memory that a big fleet takes.

    PYTHONPATH=tests python benchmarks/tools.py [CALLS]

1. `list_jobs` over stdio against a one-tool server on the bare SDK that sends the same request by httpx and
   returns its body as text: CALLS calls each (default 300), in turn, p50. Budget: 1.5.
2. The peak memory of a server that answers `list_connections` and `sync_report` three times, for 100
   connections and for 10,000: how much it grows with each connection more.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path

from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from harness import Desk, Era, Sandbox, client_on, data_of, running_sandbox, stdio_wire

BUDGET = 1.5
SMALL, BIG = 100, 10_000

BARE_SERVER = """
import asyncio, sys
import httpx
from mcp.server.lowlevel.server import Server
from mcp.server.stdio import stdio_server
from mcp_types import CallToolResult, ListToolsResult, TextContent, Tool

url, token = sys.argv[1:]
airbyte = httpx.AsyncClient(headers={"Authorization": f"Bearer {token}"})
QUERY = {"orderBy": "createdAt|DESC", "limit": "21", "offset": "0"}

async def list_tools(ctx, params):
    return ListToolsResult(tools=[Tool(name="list_jobs", input_schema={"type": "object"})])

async def call_tool(ctx, params):
    answer = await airbyte.get(url + "/jobs", params=QUERY)
    return CallToolResult(content=[TextContent(type="text", text=answer.text)])

async def main():
    server = Server("bare", on_list_tools=list_tools, on_call_tool=call_tool)
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())

asyncio.run(main())
"""


async def milliseconds(client: Client) -> float:
    """Milliseconds of one call."""
    began = time.perf_counter()
    await client.call_tool("list_jobs", {})
    return (time.perf_counter() - began) * 1000


async def compare_reads(sandbox: Sandbox, folder: Path, calls: int) -> None:
    """Print the p50 of both, and their ratio."""
    token = sandbox.authorization()["Authorization"].removeprefix("Bearer ")
    bare = stdio_client(
        StdioServerParameters(command=sys.executable, args=["-c", BARE_SERVER, sandbox.api_url, token])
    )
    with stdio_wire(Desk(sandbox, folder)) as wire:
        async with client_on(wire, Era.MUTE) as ours, client_on(bare, Era.MUTE) as theirs:
            for client in (ours, theirs):
                await milliseconds(client)
            pairs = [(await milliseconds(ours), await milliseconds(theirs)) for _ in range(calls)]
    own, plain = (statistics.median(side) for side in zip(*pairs, strict=True))
    print(
        f"list_jobs p50: ours {own:.1f} ms, bare SDK {plain:.1f} ms, ratio {own / plain:.2f}"
        f" (budget {BUDGET})"
    )
    if own / plain > BUDGET:
        raise SystemExit("beyond the budget")


async def peak_after_answers(sandbox: Sandbox, folder: Path) -> tuple[int, int]:
    """KiB at most after the first round of answers, and after the third."""
    peaks: list[int] = []
    with stdio_wire(Desk(sandbox, folder)) as wire:
        async with client_on(wire, Era.MUTE) as client:
            for _ in range(3):
                data_of(await client.call_tool("list_connections", {}))
                data_of(await client.call_tool("sync_report", {}))
                peaks.append(_peak_of_server(folder))
    return peaks[0], peaks[-1]


def _peak_of_server(folder: Path) -> int:
    """KiB at the peak of the one server whose data folder this is."""
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            environment = status.with_name("environ").read_bytes()
            if f"AIRBYTE_MCP_DATA_DIR={folder}/".encode() in environment:
                (line,) = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
                return int(line.split()[1])
        except OSError:  # a process that ended meanwhile, or somebody else's
            continue
    raise SystemExit("the server's process was not found")


def main() -> None:
    """Measure and print."""
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    with tempfile.TemporaryDirectory() as root:
        with running_sandbox(Path(root) / "demo") as sandbox:
            asyncio.run(compare_reads(sandbox, Path(root), calls))
        peaks: dict[int, tuple[int, int]] = {}
        for fleet in (SMALL, BIG):
            folder = Path(root) / str(fleet)
            folder.mkdir()
            options = ["--fleet", f"{fleet},{fleet * 5}"]
            with running_sandbox(folder / "sandbox", options=options) as sandbox:
                peaks[fleet] = asyncio.run(peak_after_answers(sandbox, folder))
            first, later = peaks[fleet]
            print(f"{fleet} connections: peak {first // 1024} MiB, later {later // 1024} MiB")
    growth = (peaks[BIG][1] - peaks[SMALL][1]) / (BIG - SMALL)
    print(f"growth {growth:.2f} KiB for each connection more")


if __name__ == "__main__":
    main()
