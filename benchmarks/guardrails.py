"""What the guardrails cost: one approved change against the same requests to Airbyte by bare httpx.

    PYTHONPATH=tests python benchmarks/guardrails.py [CHANGES]

A client over stdio makes CHANGES changes (default 15), each planned, asked about, approved, applied and
audited on SQLite. The sandbox holds every request for 20 ms, as a near Airbyte would. The requests that a
change took are read from the sandbox's log and sent again, one after the other, by bare httpx. What counts is
the ratio of the medians. Budget: 1.5.

It makes as many reads first, and says whether the store was opened for them.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path

import httpx
from mcp import Client

from harness import HEALTHY, Desk, Era, Sandbox, client_on, data_of, running_sandbox, stdio_wire

BUDGET = 1.5
LATENCY_SECONDS = 0.02
FOREVER = 1_000_000


async def seconds_of_changes(client: Client, changes: int) -> list[float]:
    """Seconds of each change; pausing and resuming take turns, so that there is always something to do."""
    took: list[float] = []
    for number in range(changes):
        status = "active" if number % 2 else "inactive"
        began = time.perf_counter()
        done = data_of(
            await client.call_tool("set_connection_status", {"connections": [HEALTHY], "status": status})
        )
        took.append(time.perf_counter() - began)
        if done["status"] != "executed":
            raise SystemExit(f"the change was not made: {done}")
    return took


def seconds_of_bare(sandbox: Sandbox, changes: int) -> list[float]:
    """Seconds of bare httpx for the requests of one change, measured as often as there were changes."""
    requests = sandbox.requests()
    of_one = requests[len(requests) // changes * (changes - 1) :]
    took: list[float] = []
    with httpx.Client(headers=sandbox.authorization(), base_url=sandbox.url, timeout=30) as bare:
        bare.get("/api/public/v1/health")
        for _ in range(changes):
            began = time.perf_counter()
            for request in of_one:
                bare.request(request.method, request.path, json=request.body).raise_for_status()
            took.append(time.perf_counter() - began)
    return took


async def measure(sandbox: Sandbox, folder: Path, changes: int) -> None:
    """Measure and print."""
    desk = Desk(sandbox, folder)
    with stdio_wire(desk) as wire:
        async with client_on(wire, Era.MODERN) as client:
            for _ in range(changes):
                data_of(await client.call_tool("get_connection", {"connection": HEALTHY}))
            opened = any((folder / "data").glob("**/*"))
            await seconds_of_changes(client, 2)
            before = sandbox.from_here()
            ours = statistics.median(await seconds_of_changes(client, changes))
    bare = statistics.median(seconds_of_bare(before, changes))
    print(f"store opened by {changes} reads: {'yes' if opened else 'no'}")
    print(
        f"a change {ours * 1000:.0f} ms, its {len(before.requests()) // changes // 2} requests by bare httpx"
        f" {bare * 1000:.0f} ms, ratio {ours / bare:.2f} (budget {BUDGET})"
    )
    if ours / bare > BUDGET:
        raise SystemExit("beyond the budget")


def main() -> None:
    """Start the sandbox, and measure."""
    changes = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    with tempfile.TemporaryDirectory() as folder, running_sandbox(Path(folder) / "sandbox") as sandbox:
        rule = {"kind": "delay", "path": "/api/*", "seconds": LATENCY_SECONDS, "times": FOREVER}
        sandbox.plant_fault(rule)
        asyncio.run(measure(sandbox, Path(folder), changes))


if __name__ == "__main__":
    main()
