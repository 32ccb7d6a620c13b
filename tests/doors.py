"""Knocking at a server's door: one request over real HTTP, and what it gets."""

import hashlib
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
from mcp import Client

from airbyte_mcp_server.access.scopes import Scope
from airbyte_mcp_server.access.writing_tokens import add_token
from harness import TOKEN, Desk, Era, Person, client_on, client_wire

INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}
HEADERS = {
    "Accept": "application/json, text/event-stream",
    "Content-Type": "application/json",
    "Authorization": f"Bearer {TOKEN}",
}
# A server with a tokens file or OAuth has no token of its own; an empty variable is one that is not set.
WITHOUT_ONE_TOKEN = {"AIRBYTE_MCP_TOKEN": ""}


def named_token(folder: Path) -> dict[str, str]:
    """Settings under which the harness's token is that of one person, by name, and nobody's else."""
    file = folder / "tokens.toml"
    digest = hashlib.sha256(TOKEN.encode()).hexdigest()
    file.write_text(f'[tokens.bot]\nhash = "sha256:{digest}"\nscopes = ["operate"]\n')
    file.chmod(0o600)
    return WITHOUT_ONE_TOKEN | {"AIRBYTE_MCP_TOKENS_FILE": str(file)}


def knock(transport: str, url: str, **headers: str | None) -> int:
    """The status that one request gets; a header of None is left out."""
    return answer_to(transport, url, **headers).status_code


def answer_to(transport: str, url: str, **headers: str | None) -> httpx.Response:
    """The head of what one request gets; a header of None is left out."""
    merged = {name: value for name, value in (HEADERS | headers).items() if value is not None}
    method, body = ("GET", None) if transport == "sse" else ("POST", INITIALIZE)
    with httpx.stream(method, url, headers=merged, json=body, timeout=20) as answer:
        return answer


def bearer(token: str) -> str:
    """A token as the Authorization header has it."""
    return f"Bearer {token}"


@asynccontextmanager
async def client_with(
    token: str, url: str, transport: str = "http", person: Person | None = None
) -> AsyncGenerator[Client]:
    """A client that shows a token to a server that runs already."""
    async with AsyncExitStack() as stack:
        wire: Any = await client_wire(stack, transport, url, token)
        yield await stack.enter_async_context(client_on(wire, Era.MODERN, person))


def new_token(desk: Desk, name: str, scope: str = "operate", expires: datetime | None = None) -> str:
    """A token of the test's tokens file."""
    return add_token(Path(tokens_file(desk)), name, Scope(scope), expires)


def tokens_file(desk: Desk) -> str:
    """Where the test's tokens file is."""
    return str(desk.folder / "tokens.toml")


def with_tokens(desk: Desk, **more: str) -> dict[str, str]:
    """Settings of a server that knows the test's tokens file."""
    return WITHOUT_ONE_TOKEN | {"AIRBYTE_MCP_TOKENS_FILE": tokens_file(desk)} | more
