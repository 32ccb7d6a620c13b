"""One server, many clients of both eras, 200,000 calls: no answer lost or swapped, memory flat, nothing left open.

SOAK_CALLS in the environment makes it more or fewer.
"""

import asyncio
import os
import random
import statistics
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from doors import new_token, with_tokens
from harness import Desk, Sandbox, network_server, running_sandbox
from raw_clients import LEGACY, MODERN, RawClient
from soaking import ASKS, Fleet, Soaker, soaked

CALLS = int(os.environ.get("SOAK_CALLS", "200000"))
CLIENTS = 20
CONNECTIONS = 40
SAMPLES = 200
SECONDS_EACH = 0.05
"""Far more than a call takes; what runs out of time has hung."""

GIVING_BACK = {"MALLOC_TRIM_THRESHOLD_": "65536", "MALLOC_MMAP_THRESHOLD_": "65536"}
"""glibc gives back what is free, so that what is left is in use. Left alone it keeps ever more: the server's objects
and the heap in use stayed the same over 60,000 calls, while what was free in the heap grew from 7 to 16 MiB."""
GROWTH = 1.03
"""The server's memory in the last fifth of the run, to that in the second; medians. Over 120,000 calls that is less
than 30 bytes for each, and the least that could be forgotten, an object with its dictionary, takes more."""
STRAY_FILES = 10
"""Connections to Airbyte come and go, and so do those of clients that have just left."""


@dataclass
class Watch:
    """Counts turns, and looks at the server's process now and then."""

    pid: int
    memory: list[int] = field(default_factory=list[int])
    files: list[int] = field(default_factory=list[int])

    def turns(self) -> Iterator[int]:
        """The number of each call."""
        for number in range(CALLS):
            if number % max(1, CALLS // SAMPLES) == 0:
                self.look()
            yield number

    def look(self) -> None:
        """Take a sample: KiB that are resident, and descriptors that are open."""
        status = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        self.memory += [int(line.split()[1]) for line in status if line.startswith("VmRSS")]
        self.files.append(len(list(Path(f"/proc/{self.pid}/fd").iterdir())))


@pytest.mark.soak
@pytest.mark.timeout(600 + CALLS * SECONDS_EACH)
def test_every_call_has_its_answer_and_the_server_does_not_grow(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--fleet", f"{CONNECTIONS},{CONNECTIONS * 5}"]
    with running_sandbox(tmp_path / "sandbox", options=options) as sandbox:
        desk = Desk(sandbox, tmp_path)
        tokens = [new_token(desk, f"person-{number}") for number in range(CLIENTS)]
        settings = with_tokens(desk, AIRBYTE_MCP_COOL_DOWN_SECONDS="0", **GIVING_BACK)
        with network_server(desk, "http", settings) as url:
            watch = Watch(server_of(desk))
            done = asyncio.run(soak(url, tokens, fleet_of(sandbox), watch))

    with capsys.disabled():
        sys.stdout.write(
            f"\n{done.total():,} calls: {dict(done)}\nKiB: {watch.memory}\nfiles: {watch.files}\n"
        )
    assert done.total() == CALLS
    early, late = fifth(watch.memory, 1), fifth(watch.memory, 4)
    assert late <= early * GROWTH, watch.memory
    assert fifth(watch.files, 4) <= fifth(watch.files, 1) + STRAY_FILES, watch.files


async def soak(url: str, tokens: list[str], fleet: Fleet, watch: Watch) -> Counter[str]:
    """Half of the clients modern, half legacy; how often each deed was done."""
    soakers = [
        Soaker(
            client=await RawClient.connected(url, token, *((MODERN, ASKS) if number % 2 else (LEGACY, {}))),
            fleet=fleet,
            own=fleet.connections[number],
            chance=random.Random(number),  # noqa: S311 - to repeat a run, not to keep a secret
        )
        for number, token in enumerate(tokens)
    ]
    await soaked(soakers, watch.turns())
    return sum((soaker.done for soaker in soakers), Counter[str]())


def fleet_of(sandbox: Sandbox) -> Fleet:
    """What the sandbox has."""
    connections = sandbox.get("/api/public/v1/connections", limit=100)["data"]
    jobs = sandbox.get("/api/public/v1/jobs", limit=100)["data"]
    active = [c["connectionId"] for c in connections if c["status"] == "active"]
    return Fleet(active, [(int(job["jobId"]), job["connectionId"]) for job in jobs])


def fifth(samples: list[int], which: int) -> float:
    """The median of one fifth of the samples, counted from 0."""
    size = len(samples) // 5
    return statistics.median(samples[which * size : (which + 1) * size])


def server_of(desk: Desk) -> int:
    """The process of the one server whose data folder is this desk's."""
    for environment in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"AIRBYTE_MCP_DATA_DIR={desk.folder / 'data'}\0".encode() in environment.read_bytes():
                return int(environment.parent.name)
        except OSError:  # a process that ended meanwhile, or somebody else's
            continue
    raise AssertionError("the server's process was not found")
