"""The sandbox against the least that could do the same, in one run.

    python benchmarks/sandbox.py [start] [sync] [fleet] [--rows N] [--rounds N]

start  from spawn to the first answer, against a server of one route on the same web framework; at most 2.
sync   rows a second of a sync of the sample source through the protocol into SQLite, against a bare
       `executemany` of the same rows into the same columns, in memory before the clock starts; at least 0.4.
       The figure is the median of pairs, each sync with the inserts right after it: a sync needs two cores,
       the inserts one, so one free core is too few (0.47, 0.48 and 0.50 on a quiet machine, from 0.32 on a
       busy one). Also against inserts that make the rows on the way, as the sync has to, and the peak memory
       of the sandbox after a tenth of the rows and after all of them.
fleet  first and last page of 1,000,000 jobs and of 10,000 connections; at most 3.
"""

import argparse
import json
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from airbyte_sandbox.sources import sample_streams

SANDBOX = """
import json, sys
from pathlib import Path
from airbyte_sandbox import FleetSize, SandboxSettings, serve
fleet = FleetSize(*json.loads(sys.argv[1])) if len(sys.argv) > 1 else None
settings = SandboxSettings(fleet=fleet, require_auth=False, schedules=False)
serve(settings, lambda address: print(address.url, flush=True))
"""
ONE_ROUTE = """
import asyncio, socket, uvicorn
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

async def health(request):
    return PlainTextResponse("Successful operation")

listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
listener.bind(("127.0.0.1", 0))
listener.listen()
app = Starlette(routes=[Route("/api/public/v1/health", health)])
config = uvicorn.Config(app, loop="asyncio", http="h11", ws="none", lifespan="off", log_config=None)
print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
asyncio.run(uvicorn.Server(config).serve(sockets=[listener]))
"""
STREAM = "orders"
COLUMNS = ("id", *(name for name in sample_streams.schema(STREAM).properties if name != "id"))
Row = tuple[object, ...]


@dataclass(frozen=True)
class Served:
    """A server in a process of its own."""

    url: str
    process: "subprocess.Popen[str]"

    @property
    def peak_megabytes(self) -> float:
        """The most memory that it ever held."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        (line,) = [line for line in status.splitlines() if line.startswith("VmHWM:")]
        return int(line.split()[1]) / 1024


@contextmanager
def served(code: str, *arguments: str) -> Generator[Served]:
    """Run a server until it is not needed any more."""
    with subprocess.Popen(
        [sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            if process.stdout is None:
                raise RuntimeError("a pipe was asked for")
            yield Served(process.stdout.readline().strip(), process)
        finally:
            process.terminate()


def seconds_to_answer(code: str) -> float:
    """From spawn to the first answer."""
    began = time.perf_counter()
    with served(code) as server:
        httpx.get(f"{server.url}/api/public/v1/health").raise_for_status()
        return time.perf_counter() - began


def start(rounds: int) -> None:
    """Compare the starts."""
    seconds_to_answer(SANDBOX)
    pairs = [(seconds_to_answer(SANDBOX), seconds_to_answer(ONE_ROUTE)) for _ in range(rounds)]
    ours, bare = (statistics.median(side) for side in zip(*pairs, strict=True))
    print(
        f"start: sandbox {ours * 1000:.0f} ms, one route {bare * 1000:.0f} ms,"
        f" ratio {ours / bare:.2f} (at most 2)"
    )


def sync(rows: int, rounds: int) -> None:
    """Compare a sync with bare inserts, one right after the other: a busy machine slows both down."""
    ready = list(made_rows(rows))
    _, few = synced(rows // 10)
    pairs: list[tuple[float, float]] = []
    much = 0.0
    for _ in range(rounds):
        seconds, much = synced(rows)
        pairs.append((seconds, inserted(lambda: ready)))
    on_the_way = statistics.median(inserted(lambda: made_rows(rows)) for _ in range(rounds))
    ours, bare = (statistics.median(side) for side in zip(*pairs, strict=True))
    ratio = statistics.median(bare / ours for ours, bare in pairs)
    print(
        f"sync of {rows} rows: {ours:.2f} s, {rows / ours:.0f} rows a second; bare executemany of rows"
        f" in memory {bare:.2f} s, ratio {ratio:.2f} (at least 0.4); with the rows made on the way"
        f" {on_the_way:.2f} s, ratio {on_the_way / ours:.2f}"
    )
    print(f"memory: peak {few:.0f} MB after {rows // 10} rows, {much:.0f} MB after {rows}")


def synced(rows: int) -> tuple[float, float]:
    """Seconds from the trigger to the end of a sync in a fresh sandbox, and its peak memory."""
    configuration = {"streams": {STREAM: rows}}
    connection = {
        "name": "benchmark",
        "source": {"configuration": configuration},
        "streams": {STREAM: "full_refresh_overwrite"},
    }
    with served(SANDBOX) as server, httpx.Client(base_url=server.url, timeout=600) as http:
        http.post("/_sandbox/seed", json={"connections": [connection]}).raise_for_status()
        identifier = http.get("/api/public/v1/connections").json()["data"][0]["connectionId"]
        began = time.perf_counter()
        body = {"connectionId": identifier, "jobType": "sync"}
        job = http.post("/api/public/v1/jobs", json=body).raise_for_status().json()
        while not (waited := http.get(f"/_sandbox/jobs/{job['jobId']}/wait?timeout=60").json())["reached"]:
            pass
        took = time.perf_counter() - began
        if waited["job"]["rowsSynced"] != rows:
            raise RuntimeError(f"the sync ended as {json.dumps(waited['job'])}")
        return took, server.peak_megabytes


def made_rows(count: int) -> Iterable[Row]:
    """The rows of the sample source, made on the way."""
    blocks = (range(first, min(first + 1000, count + 1)) for first in range(1, count + 1, 1000))
    return (
        row for block in blocks for row in zip(*sample_streams.columns(STREAM, block, count), strict=True)
    )


def inserted(rows: Callable[[], Iterable[Row]]) -> float:
    """Seconds of one `executemany` in one transaction, into a file with the sandbox's settings."""
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(sqlite3.connect(Path(folder) / "bare.sqlite", isolation_level=None)) as database,
    ):
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        database.execute(f"CREATE TABLE {STREAM} ({', '.join(COLUMNS)})")
        source = rows()
        began = time.perf_counter()
        database.execute("BEGIN")
        marks = ", ".join("?" * len(COLUMNS))
        database.executemany(f"INSERT INTO {STREAM} VALUES ({marks})", source)  # noqa: S608 - names of this file
        database.execute("COMMIT")
        return time.perf_counter() - began


def fleet(connections: int, jobs: int, rounds: int) -> None:
    """Compare the ends of long lists."""
    began = time.perf_counter()
    with (
        served(SANDBOX, json.dumps([connections, jobs, 7])) as server,
        httpx.Client(base_url=f"{server.url}/api/public/v1", timeout=60) as http,
    ):
        took = time.perf_counter() - began
        print(f"fleet of {connections} connections and {jobs} jobs: {took:.1f} s to start")
        for path, count in (
            ("/jobs", jobs),
            ("/jobs?orderBy=createdAt|DESC", jobs),
            ("/connections", connections),
        ):
            first, last = (page_seconds(http, path, offset, rounds) for offset in (0, count - 100))
            print(
                f"{path}: first page {first * 1000:.1f} ms, last {last * 1000:.1f} ms,"
                f" ratio {last / first:.2f} (at most 3)"
            )


def page_seconds(http: httpx.Client, path: str, offset: int, rounds: int) -> float:
    """The median time of a page of 100."""
    took: list[float] = []
    for _ in range(rounds * 5):
        began = time.perf_counter()
        query = httpx.QueryParams(httpx.URL(path).params).merge({"limit": 100, "offset": offset})
        answer = http.get(httpx.URL(path).path, params=query).raise_for_status().json()
        took.append(time.perf_counter() - began)
        if len(answer["data"]) != 100:  # noqa: PLR2004 - a full page
            raise RuntimeError(f"{path} at {offset} has {len(answer['data'])} items")
    return statistics.median(took)


def main(arguments: Sequence[str]) -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", nargs="*", choices=["start", "sync", "fleet", []])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(arguments)
    wanted = options.what or ["start", "sync", "fleet"]
    if "start" in wanted:
        start(options.rounds * 3)
    if "sync" in wanted:
        sync(options.rows, options.rounds)
    if "fleet" in wanted:
        fleet(10_000, options.rows, options.rounds)


if __name__ == "__main__":
    main(sys.argv[1:])
