"""Serving over HTTP: ours against a one-tool server on the bare SDK, at 1, 10 and 100 clients at once.

    PYTHONPATH=tests python benchmarks/serving.py [--rounds ROUNDS] [--calls CALLS] [--jobs JOBS]

Both are processes of their own and ask the same small server for Airbyte's part, which names in its answer
what it was asked, so each answer is checked. Every call is `list_jobs` of another workspace: one request to
Airbyte for each. Both check a bearer token and Host, and offer the same output schema; ours runs without its
limit on calls. ROUNDS times (default 7) each serves CALLS calls (default 400) with each number of clients, in
turn. JOBS (default 1) is how many jobs an answer holds.

What counts are the ratios of medians within a run: of calls per second (budget 0.9), and of the processor
time that the server itself takes for a call, which a busy machine disturbs less. Then: what the token check
costs the bare server, identical reads (ours asks Airbyte once for those at the same time), and the memory
that a legacy session takes.
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from airbyte_mcp_server.server import listed_tools
from processes import clean_environment, line_matching, process_in_background
from raw_clients import LEGACY, MODERN, RawClient

BUDGET = 0.9
TOKEN = "token-of-the-benchmark"  # noqa: S105 - guards a server of this benchmark alone
CLIENTS = (1, 10, 100)
TICKS = os.sysconf("SC_CLK_TCK")

UPSTREAM = """
import asyncio, json, sys

def job(number):
    return {"jobId": 1000 - number, "status": "succeeded", "jobType": "sync", "connectionId": "ASKED",
            "startTime": f"2026-03-01T10:{59 - number:02d}:00Z", "lastUpdatedAt": "2026-03-01T11:00:00Z",
            "duration": "PT60S", "bytesSynced": 123456, "rowsSynced": 1234}

BODY = json.dumps({"data": [job(number) for number in range(int(sys.argv[1]))]}).encode()

class Airbyte(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.pending = transport, b""

    def data_received(self, data):
        self.pending += data
        while b"\\r\\n\\r\\n" in self.pending:
            head, _, self.pending = self.pending.partition(b"\\r\\n\\r\\n")
            asked = head.partition(b"workspaceIds=")[2][:36]
            body = BODY.replace(b"ASKED", asked)
            length = b"Content-Length: %d" % len(body)
            lines = (b"HTTP/1.1 200 OK", b"Content-Type: application/json", length, b"", body)
            self.transport.write(b"\\r\\n".join(lines))

async def main():
    server = await asyncio.get_running_loop().create_server(Airbyte, "127.0.0.1", 0, backlog=512)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/api/public/v1", flush=True)
    await server.serve_forever()

asyncio.run(main())
"""

BARE_SERVER = """
import asyncio, json, socket, sys
import httpx, uvicorn
from mcp.server.auth.provider import AccessToken
from mcp.server.auth.settings import AuthSettings
from mcp.server.lowlevel.server import Server
from mcp_types import CallToolResult, ListToolsResult, TextContent, Tool

url, tool, token = sys.argv[1], Tool.model_validate_json(sys.argv[2]), sys.argv[3]
airbyte = httpx.AsyncClient(headers={"Authorization": "Bearer of-airbyte"})

class OneToken:
    async def verify_token(self, shown):
        return AccessToken(token=shown, client_id="one", scopes=["read"]) if shown == token else None

async def list_tools(ctx, params):
    return ListToolsResult(tools=[tool])

async def call_tool(ctx, params):
    asked = {"workspaceIds": params.arguments["workspace"], "orderBy": "createdAt|DESC", "limit": "21"}
    answer = await airbyte.get(url + "/jobs", params=asked)
    jobs = [
        {"job_id": job["jobId"], "connection_id": job["connectionId"], "type": job["jobType"],
         "status": job["status"], "started_at": job["startTime"], "duration_seconds": 60.0,
         "rows": job["rowsSynced"], "bytes": job["bytesSynced"]}
        for job in answer.json()["data"]
    ]
    text = f"{len(jobs)} jobs, newest first."
    return CallToolResult(content=[TextContent(type="text", text=text)], structured_content={"jobs": jobs})

def guarded():
    if not token:
        return {}
    auth = AuthSettings(issuer_url="https://example.com", resource_server_url="http://127.0.0.1/mcp",
                        required_scopes=["read"], validate_token_resource=False)
    return {"auth": auth, "token_verifier": OneToken()}

server = Server("bare", on_list_tools=list_tools, on_call_tool=call_tool,
                get_tool_input_schema=lambda name: tool.input_schema)
# With the protocol named, asyncio sends answers at once, as it does on sockets that it makes itself.
listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
listening.bind(("127.0.0.1", 0))
listening.listen(512)
print(f"http://127.0.0.1:{listening.getsockname()[1]}/mcp", flush=True)
config = uvicorn.Config(server.streamable_http_app(**guarded()), log_config=None, access_log=False)
asyncio.run(uvicorn.Server(config).serve(sockets=[listening]))
"""


@dataclass(frozen=True)
class Served:
    """A server to be measured."""

    name: str
    url: str
    pid: int

    def processor_seconds(self) -> float:
        """What it has taken of the processor so far, in all."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def resident_kib(self) -> int:
        """The memory that it holds now."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


@dataclass(frozen=True)
class Measured:
    """One server serving so many calls: what a call took, in seconds."""

    per_second: float
    p50: float
    p99: float
    processor: float


@contextmanager
def script(source: str, *arguments: str) -> Generator[tuple[str, int]]:
    """A Python process that prints its address; the address and the process's id."""
    with subprocess.Popen(
        [sys.executable, "-c", source, *arguments], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        try:
            yield process.stdout.readline().strip(), process.pid
        finally:
            process.terminate()


@contextmanager
def ours(airbyte: str, folder: Path) -> Generator[Served]:
    """The installed command over HTTP."""
    settings = {
        "AIRBYTE_API_URL": airbyte,
        "AIRBYTE_SECRET_ACCESS_TOKEN": "of-airbyte",
        "AIRBYTE_MCP_TOKEN": TOKEN,
        "AIRBYTE_MCP_DATA_DIR": str(folder),
        "AIRBYTE_MCP_CALLS_PER_MINUTE": "0",
        "AIRBYTE_MCP_MAX_CONNECTIONS": "10000",
    }
    arguments = ["serve", "--transport", "http", "--port", "0"]
    log = folder / "serve.log"
    with process_in_background(arguments, clean_environment() | settings, log, heard="stderr") as process:
        assert process.stderr is not None  # noqa: S101 - it is a pipe
        yield Served(
            "ours", line_matching(process.stderr, r"Serving MCP over \w+ at (\S+)", log), process.pid
        )


@contextmanager
def bare(airbyte: str, token: str = TOKEN) -> Generator[Served]:
    """The one-tool server on the bare SDK; an empty token leaves the door open."""
    (tool,) = [tool for tool in listed_tools() if tool.name == "list_jobs"]
    shown = tool.model_dump_json(by_alias=True, exclude_none=True)
    with script(BARE_SERVER, airbyte, shown, token) as (url, pid):
        yield Served("bare SDK", url, pid)


async def measured(served: Served, version: str, clients: int, calls: int, *, same: bool = False) -> Measured:
    """Serve `calls` calls to so many clients at once, each of which asks again when it is answered."""
    crowd = [await RawClient.connected(served.url, TOKEN, version) for _ in range(clients)]
    workspaces = iter([str(uuid.uuid4())] * calls if same else [str(uuid.uuid4()) for _ in range(calls)])
    before, began = served.processor_seconds(), time.perf_counter()
    took = sorted(chain.from_iterable(await asyncio.gather(*(_busy(client, workspaces) for client in crowd))))
    seconds, processor = time.perf_counter() - began, served.processor_seconds() - before
    for client in crowd:
        await client.close()
    return Measured(calls / seconds, took[len(took) // 2], took[len(took) * 99 // 100], processor / calls)


async def _busy(client: RawClient, workspaces: Iterator[str]) -> list[float]:
    """One client's calls: how long each took."""
    took: list[float] = []
    for workspace in workspaces:
        began = time.perf_counter()
        heard = await client.call("list_jobs", workspace=workspace)
        took.append(time.perf_counter() - began)
        asked = heard.result["structuredContent"]["jobs"][0]["connection_id"]
        if (heard.message["id"], asked) != (client.last_id, workspace):
            raise SystemExit(f"somebody else's answer: {heard}")
    return took


async def compare(
    sides: tuple[Served, Served],
    version: str,
    clients: int,
    options: argparse.Namespace,
    *,
    same: bool = False,
) -> float:
    """Print both, in turn in the same rounds, and their ratios; returns that of calls per second."""
    rounds = [
        [await measured(side, version, clients, options.calls, same=same) for side in sides]
        for _ in range(options.rounds + 1)
    ]
    # The first round warms both up.
    first, second = zip(*rounds[1:], strict=True)
    rate, cpu = (
        [statistics.median(getattr(one, what) for one in side) for side in (first, second)]
        for what in ("per_second", "processor")
    )
    print(
        f"{clients:>4} clients: calls/s {rate[0]:.0f} : {rate[1]:.0f}, ratio {rate[0] / rate[1]:.2f};"
        f" p50 {_ms(first, 'p50')} : {_ms(second, 'p50')} ms,"
        f" p99 {_ms(first, 'p99')} : {_ms(second, 'p99')} ms;"
        f" processor {cpu[0] * 1000:.2f} : {cpu[1] * 1000:.2f} ms a call, ratio {cpu[1] / cpu[0]:.2f}",
        flush=True,
    )
    return float(rate[0] / rate[1])


def _ms(side: tuple[Measured, ...], what: str) -> str:
    return f"{statistics.median(getattr(one, what) for one in side) * 1000:.1f}"


async def kib_of_a_session(served: Served, sessions: int) -> float:
    """KiB for each legacy session that is open, after one call in it."""
    client = await RawClient.connected(served.url, TOKEN, LEGACY)
    await client.call("list_jobs", workspace=str(uuid.uuid4()))
    before = served.resident_kib()
    for _ in range(sessions):
        await client.begin_session()
        await client.call("list_jobs", workspace=str(uuid.uuid4()))
    await client.close()
    return (served.resident_kib() - before) / sessions


async def run(options: argparse.Namespace, folder: Path) -> None:
    """Measure and print."""
    with ExitStack() as stack:
        airbyte, _ = stack.enter_context(script(UPSTREAM, str(options.jobs)))
        own, plain = stack.enter_context(ours(airbyte, folder)), stack.enter_context(bare(airbyte))
        unguarded = stack.enter_context(bare(airbyte, token=""))
        print(f"ours : bare SDK, answers of {options.jobs} jobs; budget {BUDGET} for the ratio of calls/s")
        ratios: list[float] = []
        for version in (MODERN, LEGACY):
            print(f"protocol {version}")
            ratios += [await compare((own, plain), version, clients, options) for clients in CLIENTS]
        print("identical reads")
        await compare((own, plain), MODERN, 100, options, same=True)
        print("the bare SDK without its token check : with it")
        await compare((unguarded, plain), MODERN, 10, options)
        if options.sessions:
            grown = [await kib_of_a_session(side, options.sessions) for side in (own, plain)]
            print(
                f"memory: {grown[0]:.1f} : {grown[1]:.1f} KiB for each of {options.sessions} legacy sessions"
            )
        if min(ratios) < BUDGET:
            raise SystemExit("beyond the budget")


def main() -> None:
    """Read the options, then measure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--calls", type=int, default=400)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--sessions", type=int, default=1000)
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(parser.parse_args(), Path(folder)))


if __name__ == "__main__":
    main()
