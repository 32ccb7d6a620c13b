"""One way to start each real part: the sandbox, the server on each transport, a client in each era.

Everything here is the installed command as a subprocess and the SDK's own client; what a change did is read
from the sandbox's request log and from the destination's file, never from the server's own words.
"""

import json
import subprocess
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.context import ClientRequestContext
from mcp.client.session import MessageHandlerFnT
from mcp.client.sse import sse_client
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult, ElicitRequestFormParams, ElicitRequestParams, ElicitResult, TextContent

from processes import COMMAND, clean_environment, line_matching, process_in_background
from sandboxes import (
    AMBIGUOUS,
    CLIENT_ID,
    CLIENT_SECRET,
    FAILING,
    HEALTHY,
    PAUSED,
    SLOW,
    LoggedRequest,
    Sandbox,
    running_sandbox,
)

# A test takes everything from here; where it is made is the harness's own business.
__all__ = [
    "AMBIGUOUS",
    "APPROVE",
    "CLIENT_ID",
    "CLIENT_SECRET",
    "COMMAND",
    "FAILING",
    "HEALTHY",
    "NETWORK",
    "PAUSED",
    "SLOW",
    "TOKEN",
    "TRANSPORTS",
    "Desk",
    "Era",
    "LoggedRequest",
    "Person",
    "Sandbox",
    "clean_environment",
    "client_on",
    "client_wire",
    "connected",
    "data_of",
    "network_server",
    "running_sandbox",
    "stdio_wire",
    "text_of",
    "tokens_of",
]

TOKEN = "planted-bearer-token-of-the-server"

# What a test shows on every transport, `make test` shows on stdio; the others go with CI's slower tests.
NETWORK = [pytest.param("sse", marks=pytest.mark.ci), pytest.param("http", marks=pytest.mark.ci)]
TRANSPORTS = ["stdio", *NETWORK]
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


@dataclass
class Person:
    """Answers questions as scripted and remembers what was asked; `meanwhile` happens while one is open."""

    reply: ElicitResult = field(default_factory=lambda: APPROVE)
    meanwhile: Callable[[], object] | None = None
    questions: list[str] = field(default_factory=list[str])
    forms: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    async def __call__(self, context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        """The SDK's callback."""
        del context
        assert isinstance(params, ElicitRequestFormParams)
        self.questions.append(params.message)
        self.forms.append(params.requested_schema)
        if self.meanwhile is not None:
            self.meanwhile()
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
                # Many tests do in a second what people do in an hour.
                "AIRBYTE_MCP_CALLS_PER_MINUTE": "0",
                "AIRBYTE_MCP_CHANGES_PER_MINUTE": "0",
            }
        )

    def log(self) -> str:
        """Everything that servers of this test wrote to stderr."""
        return "".join(path.read_text() for path in sorted(self.folder.glob("*.log")))

    def command(
        self, *arguments: str, typed: str = "", **variables: str
    ) -> "subprocess.CompletedProcess[str]":
        """Run the installed command to its end; what is typed comes through a pipe, not from a terminal."""
        return subprocess.run(
            [COMMAND, *arguments],
            env=self.environment | variables,
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
            input=typed,
        )


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
    with process_in_background(
        arguments, environment, desk.folder / f"{transport}.log", heard="stderr"
    ) as process:
        assert process.stderr is not None
        yield line_matching(
            process.stderr, r"Serving MCP over \w+ at ([^\s\"]+)", desk.folder / f"{transport}.log"
        )


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
