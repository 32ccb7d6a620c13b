"""Reading 10,000 connections: ours against bare httpx + pydantic, and against the official SDK.

    python benchmarks/client.py [--rounds ROUNDS] [--sdk PYTHON]

All read the same pages of 100 from the same small server in the same run, in turn, each in a process of its
own, ROUNDS times (default 7). What counts are the ratios of the medians: of the time for the whole list, and
of the memory that the process grew by at its peak. Budget: 1.3 times bare httpx + pydantic for both.

PYTHON is that of an environment that holds airbyte-api 1.0.1; without it the SDK is left out.
"""

import argparse
import json
import statistics
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

FLEET = 10_000
PAGE = 100
BUDGET = 1.3

MEASURE = """
import json, resource, sys, time

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

def measure(read):
    read(1)
    before, began = peak(), time.perf_counter()
    rows = read(100)
    took = time.perf_counter() - began
    assert len(rows) == 10_000, len(rows)
    json.dump({"seconds": took, "kib": peak() - before}, sys.stdout)
"""

OURS = f"""{MEASURE}
from itertools import islice
from airbyte_client import AirbyteClient, NoAuth

client = AirbyteClient(sys.argv[1], auth=NoAuth())
measure(lambda pages: list(islice(client.iter_connections(), 100 * pages)))
"""

BARE = f"""{MEASURE}
import httpx
from pydantic import BaseModel, ConfigDict, JsonValue
from pydantic.alias_generators import to_camel

class Model(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel)

class Tag(Model):
    tag_id: str
    name: str
    color: str | None = None
    workspace_id: str | None = None

class Schedule(Model):
    schedule_type: str
    cron_expression: str | None = None
    basic_timing: str | None = None

class Streams(Model):
    streams: list[dict[str, JsonValue]]

class Connection(Model):
    connection_id: str
    name: str
    source_id: str
    destination_id: str
    workspace_id: str
    status: str
    schedule: Schedule
    configurations: Streams
    tags: list[Tag]
    prefix: str | None = None
    created_at: int

class Page(Model):
    data: list[Connection]

client = httpx.Client()

def read(pages):
    rows = []
    for page in range(pages):
        answer = client.get(sys.argv[1] + "/connections", params={{"limit": 100, "offset": 100 * page}})
        answer.raise_for_status()
        rows += Page.model_validate_json(answer.content).data
    return rows

measure(read)
"""

SDK = f"""{MEASURE}
from airbyte_api import AirbyteAPI, api, models

sdk = AirbyteAPI(server_url=sys.argv[1], security=models.Security(bearer_auth="t"))

def read(pages):
    rows = []
    for page in range(pages):
        request = api.ListConnectionsRequest(limit=100, offset=100 * page)
        rows += sdk.connections.list_connections(request=request).connections_response.data
    return rows

measure(read)
"""


@dataclass(frozen=True)
class Reading:
    """One reading of the whole list: seconds, and KiB that the process grew by at its peak."""

    seconds: float
    kib: float


def connection(number: int) -> dict[str, object]:
    """A connection as a usual one is: three streams, a schedule, a tag."""
    workspace = "a1b2c3d4-e5f6-7890-abcd-ef1234567890"
    streams = [
        {
            "name": f"stream_{stream}",
            "namespace": "public",
            "syncMode": "incremental_deduped_history",
            "cursorField": ["updated_at"],
            "primaryKey": [["id"]],
            "selectedFields": [],
            "mappers": [],
        }
        for stream in range(3)
    ]
    return {
        "connectionId": f"00000000-0000-4000-8000-{number:012}",
        "name": f"Connection {number}",
        "sourceId": f"00000000-0000-4000-9000-{number:012}",
        "destinationId": "c3d4e5f6-a7b8-9012-cdef-123456789012",
        "workspaceId": workspace,
        "status": "active",
        "schedule": {"scheduleType": "cron", "cronExpression": "0 0 12 * * ? UTC"},
        "dataResidency": "auto",
        "configurations": {"streams": streams},
        "createdAt": 1738483200,
        "tags": [{"tagId": "t", "name": "finance", "color": "22C55E", "workspaceId": workspace}],
    }


class Fleet(BaseHTTPRequestHandler):
    """Serves pages that are made before anything is measured."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    pages = tuple(
        json.dumps({"data": [connection(n) for n in range(start, start + PAGE)], "next": ""}).encode()
        for start in range(0, FLEET, PAGE)
    )

    def do_GET(self) -> None:
        """Answer with the page that the offset names."""
        page = int(parse_qs(urlsplit(self.path).query)["offset"][0]) // PAGE
        body = self.pages[page] if page < len(self.pages) else b'{"data": []}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  http.server's own name
        """Stay silent."""

    def handle(self) -> None:
        """Let clients hang up."""
        with suppress(ConnectionError):
            super().handle()


def read_once(python: str, program: str, base_url: str) -> Reading:
    """One reading in a process of its own."""
    done = subprocess.run([python, "-c", program, base_url], capture_output=True, text=True, check=True)
    return Reading(**json.loads(done.stdout))


def compare(base_url: str, rounds: int, sdk: str | None) -> dict[str, Reading]:
    """The medians of each contender."""
    contenders = {"ours": (sys.executable, OURS), "bare httpx + pydantic": (sys.executable, BARE)}
    if sdk is not None:
        contenders["airbyte-api 1.0.1"] = (sdk, SDK)
    readings: dict[str, list[Reading]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, (python, program) in contenders.items():
            readings[name].append(read_once(python, program, base_url))
    return {
        name: Reading(
            statistics.median(reading.seconds for reading in own),
            statistics.median(reading.kib for reading in own),
        )
        for name, own in readings.items()
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--sdk", metavar="PYTHON")
    options = parser.parse_args()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Fleet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base_url = f"http://127.0.0.1:{server.server_address[1]}/api/public/v1"
    medians = compare(base_url, options.rounds, options.sdk)
    ours = medians.pop("ours")
    print(f"ours: {ours.seconds:.2f} s, {ours.kib / 1024:.0f} MiB for {FLEET:,} connections")
    for name, other in medians.items():
        time, memory = ours.seconds / other.seconds, ours.kib / other.kib
        print(
            f"{name}: {other.seconds:.2f} s, {other.kib / 1024:.0f} MiB; ours / it: {time:.2f}, {memory:.2f}"
        )
    print(f"Budget against bare httpx + pydantic: {BUDGET}.")
    if options.sdk is None:
        print("The official SDK was left out: --sdk names the Python of an environment that holds it.")


if __name__ == "__main__":
    main()
