"""One way to start each real part: the sandbox, the server on each transport, a client in each era.

Everything here is the installed command as a subprocess and the SDK's own client; what a change did is read
from the sandbox's request log and from the destination's file, never from the server's own words.
"""

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import IO, Any, Literal

import httpx
import httpx2
from mcp import Client, StdioServerParameters
from mcp.client.context import ClientRequestContext
from mcp.client.session import MessageHandlerFnT
from mcp.client.sse import sse_client
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult, ElicitRequestFormParams, ElicitRequestParams, ElicitResult, TextContent

COMMAND = str(Path(sys.executable).with_name("airbyte-mcp-server"))
CLIENT_ID = "test-client"
CLIENT_SECRET = "planted-secret-of-the-sandbox"
TOKEN = "planted-bearer-token-of-the-server"
START_SECONDS = 20

HEALTHY = "Orders to warehouse"
FAILING = "CRM contacts to warehouse"
PAUSED = "Billing to warehouse"
SLOW = "Clickstream backfill"
AMBIGUOUS = "Product usage to warehouse"

APPROVE = ElicitResult(action="accept", content={"decision": "approve"})


class Era(Enum):
    """Which protocol era a client speaks, and whether it can show a form."""

    MODERN = "modern"
    LEGACY = "legacy"
    MUTE = "mute"
    MUTE_LEGACY = "mute legacy"

    @property
    def can_ask(self) -> bool:
        """Whether this client shows forms."""
        return self in (Era.MODERN, Era.LEGACY)

    @property
    def mode(self) -> str:
        """The SDK client's name for the era."""
        return "legacy" if self in (Era.LEGACY, Era.MUTE_LEGACY) else "2026-07-28"


@dataclass(frozen=True)
class LoggedRequest:
    """One line of the sandbox's request log."""

    method: str
    path: str
    body: Any
    status: int

    @property
    def is_effect(self) -> bool:
        """Whether it changes something: token fetches and the Config API's reads are POSTs, and do not."""
        return (
            self.method != "GET"
            and not self.path.endswith("/applications/token")
            and "/api/v1/" not in self.path
        )


@dataclass(frozen=True)
class Sandbox:
    """A running sandbox."""

    url: str
    api_url: str
    process: "subprocess.Popen[str]"
    log_begins_after: int = 0

    @property
    def environment(self) -> dict[str, str]:
        """What points a server at it."""
        return {
            "AIRBYTE_API_URL": self.api_url,
            "AIRBYTE_CLIENT_ID": CLIENT_ID,
            "AIRBYTE_CLIENT_SECRET": CLIENT_SECRET,
        }

    def get(self, path: str, **params: object) -> Any:
        """A control or API call of the test itself."""
        answer = httpx.get(
            self.url + path,
            params=_text(params),
            headers={"Authorization": f"Bearer {self._token()}"},
            timeout=60,
        )
        answer.raise_for_status()
        return answer.json()

    def effects(self) -> list[LoggedRequest]:
        """Every request that changed something, or tried to, in order."""
        log = [LoggedRequest(r["method"], r["path"], r["body"], r["status"]) for r in self._log()]
        return [request for request in log if request.is_effect]

    def connection(self, name: str) -> Any:
        """The one connection of this name, as the API shows it."""
        found = self.get("/api/public/v1/connections", limit=100)["data"]
        (one,) = [c for c in found if c["name"] == name]
        return self.get(f"/api/public/v1/connections/{one['connectionId']}")

    def ended_job(self, job_id: int) -> Any:
        """The job, once it has ended."""
        return self.get(f"/_sandbox/jobs/{job_id}/wait", status="terminal", timeout=50)

    def rows_in_sink(self, connection_id: str) -> int:
        """Rows that are in the destination's file for this connection."""
        streams = self.get(f"/_sandbox/sink/{connection_id}")["streams"]
        return sum(stream["rows"] for stream in streams)

    def start_job(self, connection_id: str) -> int:
        """Start a sync behind the server's back."""
        answer = httpx.post(
            f"{self.api_url}/jobs",
            json={"connectionId": connection_id, "jobType": "sync"},
            headers={"Authorization": f"Bearer {self._token()}"},
        )
        answer.raise_for_status()
        job_id: int = answer.json()["jobId"]
        return job_id

    def cancel_job(self, job_id: int) -> None:
        """Cancel a job behind the server's back."""
        httpx.delete(
            f"{self.api_url}/jobs/{job_id}", headers={"Authorization": f"Bearer {self._token()}"}, timeout=30
        ).raise_for_status()

    def patch(self, connection_id: str, change: Mapping[str, object]) -> None:
        """Change a connection behind the server's back."""
        httpx.patch(
            f"{self.api_url}/connections/{connection_id}",
            json=dict(change),
            headers={"Authorization": f"Bearer {self._token()}"},
        ).raise_for_status()

    def started_over(self) -> "Sandbox":
        """The same sandbox with fleet, jobs and rows as at its start, and a log that begins now."""
        httpx.post(
            self.url + "/_sandbox/reset", headers={"Authorization": f"Bearer {self._token()}"}, timeout=30
        ).raise_for_status()
        return self.from_here()

    def from_here(self) -> "Sandbox":
        """The same sandbox as it is, with a log that begins now."""
        numbers = [request["number"] for request in self._log()]
        return replace(self, log_begins_after=max(numbers, default=self.log_begins_after))

    def paths(self) -> list[str]:
        """The path of every request of the API's users, in order; the test's own calls of control left out."""
        return [r["path"] for r in self._log() if not r["path"].startswith("/_sandbox/")]

    def plant_fault(self, rule: Mapping[str, object]) -> None:
        """Make the next matching requests or syncs go wrong, as docs/sandbox.md describes."""
        httpx.post(
            self.url + "/_sandbox/faults",
            json=dict(rule),
            headers={"Authorization": f"Bearer {self._token()}"},
        ).raise_for_status()

    def _log(self) -> list[dict[str, Any]]:
        requests: list[dict[str, Any]] = self.get("/_sandbox/requests", after=self.log_begins_after)[
            "requests"
        ]
        return requests

    def _token(self) -> str:
        answer = httpx.post(
            f"{self.api_url}/applications/token",
            json={"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "grant-type": "client_credentials"},
        )
        token: str = answer.raise_for_status().json()["access_token"]
        return token


@dataclass
class Person:
    """Answers questions as scripted and remembers what was asked."""

    reply: ElicitResult = field(default_factory=lambda: APPROVE)
    questions: list[str] = field(default_factory=list[str])
    forms: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    async def __call__(self, context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        """The SDK's callback."""
        del context
        assert isinstance(params, ElicitRequestFormParams)
        self.questions.append(params.message)
        self.forms.append(params.requested_schema)
        return self.reply


@dataclass(frozen=True)
class Desk:
    """Where a test sits: a sandbox, and a folder for the server's store and logs."""

    sandbox: Sandbox
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """The whole environment of a server or a command of this test."""
        return (
            clean_environment()
            | self.sandbox.environment
            | {
                "AIRBYTE_MCP_DATA_DIR": str(self.folder / "data"),
                # Nobody is there to decide unless a test says so.
                "AIRBYTE_MCP_WAIT_SECONDS": "0",
                "AIRBYTE_MCP_OPEN_BROWSER": "never",
            }
        )

    def log(self) -> str:
        """Everything that servers of this test wrote to stderr."""
        return "".join(path.read_text() for path in sorted(self.folder.glob("*.log")))

    def command(self, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        """Run the installed command to its end."""
        return subprocess.run(
            [COMMAND, *arguments],
            env=self.environment | variables,
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
            stdin=subprocess.DEVNULL,
        )


def clean_environment() -> dict[str, str]:
    """The variables that any process needs, and none of ours."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}


@contextmanager
def running_sandbox(folder: Path, *files: Path, options: Sequence[str] = ()) -> Generator[Sandbox]:
    """The installed command `sandbox` on a free port; ready when this enters."""
    arguments = [
        "sandbox",
        "--port",
        "0",
        "--no-schedules",
        "--data",
        str(folder),
        *map(str, files),
        *options,
    ]
    arguments += ["--client-id", CLIENT_ID, "--client-secret", CLIENT_SECRET]
    with _process(arguments, clean_environment(), folder.with_name("sandbox.log"), heard="stdout") as process:
        assert process.stdout is not None
        api_url = _line_matching(
            process.stdout, r"AIRBYTE_API_URL=(\S+)", folder.with_name("sandbox-address")
        )
        yield Sandbox(url=api_url.removesuffix("/api/public/v1"), api_url=api_url, process=process)


@asynccontextmanager
async def connected(
    desk: Desk,
    transport: str = "stdio",
    era: Era = Era.MODERN,
    person: Person | None = None,
    settings: Mapping[str, str] | None = None,
) -> AsyncGenerator[Client]:
    """A client of the given era, connected to a server of its own on the given transport."""
    async with AsyncExitStack() as stack:
        if transport == "stdio":
            wire: Any = stack.enter_context(stdio_wire(desk, settings))
        else:
            url = stack.enter_context(network_server(desk, transport, settings))
            wire = await client_wire(stack, transport, url)
        yield await stack.enter_async_context(client_on(wire, era, person))


@contextmanager
def stdio_wire(desk: Desk, settings: Mapping[str, str] | None = None) -> Generator[Any]:
    """The client's side of stdio to a server of its own."""
    environment = desk.environment | dict(settings or {})
    with (desk.folder / "stdio.log").open("a") as log:
        yield stdio_client(StdioServerParameters(command=COMMAND, args=[], env=environment), errlog=log)


def client_on(
    wire: Any, era: Era, person: Person | None = None, heard: MessageHandlerFnT | None = None
) -> Client:
    """The SDK's client on a wire, in an era; `heard` is given every notification."""
    asking = (person or Person()) if era.can_ask else None
    return Client(
        wire, mode=era.mode, elicitation_callback=asking, message_handler=heard, read_timeout_seconds=50
    )


async def client_wire(stack: AsyncExitStack, transport: str, url: str, token: str = TOKEN) -> Any:
    """The client's side of a network transport, with its bearer token."""
    headers = {"Authorization": f"Bearer {token}"}
    if transport == "sse":
        return sse_client(url, headers=headers)
    http = await stack.enter_async_context(httpx2.AsyncClient(headers=headers, timeout=50))
    return streamable_http_client(url, http_client=http)


@contextmanager
def network_server(desk: Desk, transport: str, settings: Mapping[str, str] | None = None) -> Generator[str]:
    """The installed command on SSE or HTTP; gives its address once it listens."""
    environment = desk.environment | {"AIRBYTE_MCP_TOKEN": TOKEN} | dict(settings or {})
    arguments = ["serve", "--transport", transport, "--port", "0"]
    with _process(arguments, environment, desk.folder / f"{transport}.log", heard="stderr") as process:
        assert process.stderr is not None
        yield _line_matching(
            process.stderr, r"Serving MCP over \w+ at (\S+)", desk.folder / f"{transport}.log"
        )


@contextmanager
def _process(
    arguments: list[str], environment: Mapping[str, str], log: Path, *, heard: Literal["stdout", "stderr"]
) -> Generator["subprocess.Popen[str]"]:
    """The installed command in the background, with a pipe on the stream that is heard."""
    with log.open("a") as file:
        process = subprocess.Popen(
            [COMMAND, *arguments],
            env=dict(environment),
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if heard == "stdout" else subprocess.DEVNULL,
            stderr=subprocess.PIPE if heard == "stderr" else file,
        )
        try:
            yield process
        finally:
            process.terminate()
            process.wait(timeout=20)


def _line_matching(stream: IO[str], pattern: str, log: Path) -> str:
    """The first group of the first line that matches; fails with what was said instead.

    The stream is read to its end, so that a full pipe never stops the process.
    """
    said: list[str] = []
    found: list[str] = []
    settled = threading.Event()

    def read() -> None:
        with stream, log.open("a") as copy:
            for line in stream:
                said.append(line)
                copy.write(line)
                copy.flush()
                if not found and (match := re.search(pattern, line)):
                    found.append(match.group(1))
                    settled.set()
        settled.set()

    threading.Thread(target=read, daemon=True).start()
    settled.wait(START_SECONDS)
    assert found, f"it did not start; it said: {''.join(said)}"
    return found[0]


def text_of(result: CallToolResult) -> str:
    """What a person reads of a result."""
    return "\n".join(block.text for block in result.content if isinstance(block, TextContent))


def tokens_of(result: CallToolResult) -> int:
    """About how many tokens a model reads of a result, text and structure together: four bytes make one."""
    structure = json.dumps(result.structured_content, separators=(",", ":"), ensure_ascii=False)
    return (len(text_of(result).encode()) + len(structure.encode())) // 4


def data_of(result: CallToolResult) -> dict[str, Any]:
    """What a program reads of a result that is no error."""
    assert not result.is_error, text_of(result)
    content: dict[str, Any] = result.structured_content
    return content


def _text(params: Mapping[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in params.items()}
