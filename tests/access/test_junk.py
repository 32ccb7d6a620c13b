"""Junk at the door: whatever it is, the server answers the next good request, and logs no secret."""

import asyncio
import contextlib
import random
import string
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from doors import bearer, client_with, knock, new_token, tokens_file, with_tokens
from harness import HEALTHY, Desk, Person, data_of, network_server
from scripted_airbyte import page, scripted_airbyte

pytestmark = pytest.mark.ci

HEADS = (
    "GET {path} HTTP/1.1\r\nHost: {host}\r\n{more}\r\n",
    "POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\n{more}\r\n",
    "POST {path} HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\n{more}\r\n",
    "DELETE {path} HTTP/1.1\r\nHost: evil.example.com\r\n{more}\r\n",
    "{noise} {path} HTTP/9.9\r\n{noise}\r\n\r\n",
    "POST {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{more}\r\n",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
)
PATHS = ("/mcp", "/mcp/", "/", "/sse", "/messages/?session_id=1", "/../../etc/passwd", "/%00", "/mcp?x=%ff")
BODIES = (
    "",
    "{}",
    "[" * 5_000,
    '{"jsonrpc":"2.0","id":1,"method":"tools/call"}',
    "\x00\xff",
    "5\r\nab",
    "-1\r\n",
)


def junk(dice: random.Random, host: str, token: str) -> bytes:
    """A request that nobody should send; some show a token, right or nearly."""
    noise = "".join(dice.choices(string.printable, k=dice.randrange(1, 80)))
    shown = dice.choice((token, token[:-1], token.upper(), noise.strip(), "a.b.c", "[" * 2_000, ""))
    body = dice.choice(BODIES)
    more = f"Authorization: Bearer {shown}\r\nContent-Type: application/json\r\nAccept: */*\r\n"
    if dice.random() < 0.3:
        more += f"MCP-Protocol-Version: {dice.choice(('2026-07-28', '2025-11-25', noise.strip()))}\r\n"
    if dice.random() < 0.2:
        more += f"{noise}\r\n"
    length = dice.choice((len(body), len(body) + 5, -1, 10**12, 0))
    head = dice.choice(HEADS).format(
        path=dice.choice(PATHS), host=host, more=more, length=length, noise=noise
    )
    return (head + body).encode("utf-8", "replace")


async def send(where: str, request: bytes) -> None:
    """Send one and hang up, with or without a look at the answer."""
    parts = urlsplit(where)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    with contextlib.suppress(OSError, TimeoutError):
        writer.write(request)
        await asyncio.wait_for(reader.read(100), 1)
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


@pytest.mark.parametrize(
    "count", [300, pytest.param(10_000, marks=[pytest.mark.ci, pytest.mark.timeout(600)])]
)
async def test_after_junk_the_server_answers_and_its_log_holds_no_secret(desk: Desk, count: int) -> None:
    token = new_token(desk, "ann")
    dice = random.Random(count)  # noqa: S311 - the same junk each time
    room = asyncio.Semaphore(50)
    settings = with_tokens(desk, AIRBYTE_MCP_LOG_LEVEL="info", AIRBYTE_MCP_REQUEST_SECONDS="2")

    async def one(where: str) -> None:
        async with room:
            await send(where, junk(dice, urlsplit(where).netloc, token))

    with network_server(desk, "http", settings) as url:
        await asyncio.gather(*(one(url) for _ in range(count)))
        assert await asyncio.to_thread(knock, "http", url, Authorization=bearer(token)) == 200
        async with client_with(token, url, person=Person()) as client:
            done = await client.call_tool("trigger_sync", {"connections": [HEALTHY]})

    assert data_of(done)["status"] == "executed"
    assert len(desk.sandbox.effects()) == 1
    log = desk.log()
    assert "WARNING" in log, "the log is the one that is looked through"
    assert "Traceback" not in log
    assert token not in log


def hash_in(desk: Desk) -> str:
    """The one hash in the test's tokens file."""
    return Path(tokens_file(desk)).read_text().split("sha256:")[1][:64]


@pytest.mark.parametrize("transport", ["sse", "http"])
async def test_a_named_token_and_its_hash_are_in_no_log_and_never_reach_airbyte(
    desk: Desk, transport: str
) -> None:
    token = new_token(desk, "ann")
    digest = hash_in(desk)
    with scripted_airbyte() as airbyte:
        airbyte.on("GET /workspaces", page())
        settings = with_tokens(
            desk,
            AIRBYTE_MCP_LOG_LEVEL="debug",
            AIRBYTE_API_URL=airbyte.base_url,
            AIRBYTE_CLIENT_ID="",
            AIRBYTE_CLIENT_SECRET="",
            AIRBYTE_SECRET_ACCESS_TOKEN="planted-airbyte-token",
        )
        with network_server(desk, transport, settings) as url:
            async with client_with(token, url, transport) as client:
                answered = await client.call_tool("list_workspaces", {})
        sent = [request.authorization for request in airbyte.log]

    assert not answered.is_error
    assert sent
    assert set(sent) == {"Bearer planted-airbyte-token"}
    log = desk.log()
    assert "DEBUG" in log, "the log is the one that is looked through"
    for secret in (token, digest, "planted-airbyte-token"):
        assert secret not in log
