"""One approved plan, a hundred applies at once over three server processes: one request at Airbyte, each round.

Judged at the sandbox's request log; the servers are the installed command over
HTTP on one store, the clients the SDK's own.
"""

from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path

import anyio
import httpx2
import pytest
from anyio.to_thread import run_sync
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from airbyte_guardrails.evidence import Decision, Evidence
from airbyte_mcp_server.runtime import utc_now
from harness import HEALTHY, TOKEN, Desk, Era, client_on, data_of, network_server
from plan_books import book_on, close_books
from postgres_server import PostgresServer

SERVERS = 3
APPLIES = 100
ROUNDS = 20
ALONE = {"AIRBYTE_MCP_WAIT_SECONDS": "0", "AIRBYTE_MCP_OPEN_BROWSER": "never"}


async def three_clients(stack: AsyncExitStack, desk: Desk, settings: dict[str, str]) -> list[Client]:
    """A client each on three servers of their own that share a store."""
    clients: list[Client] = []
    for _ in range(SERVERS):
        url = stack.enter_context(network_server(desk, "http", ALONE | settings))
        http = await stack.enter_async_context(unhurried_http())
        wire = streamable_http_client(url, http_client=http)
        clients.append(await stack.enter_async_context(client_on(wire, Era.MUTE)))
    return clients


def unhurried_http() -> httpx2.AsyncClient:
    """A connection for each request: one kept open may be closed by the server just as the next round begins."""
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=0)
    return httpx2.AsyncClient(headers={"Authorization": f"Bearer {TOKEN}"}, timeout=120, limits=limits)


def approve(address: Path | str, plan_id: str) -> None:
    book_on(address, utc_now).decide(plan_id, Decision.APPROVE, Evidence.LOCAL_TERMINAL, "ann at a terminal")
    close_books()


async def one_round(clients: list[Client], address: Path | str, hours: int) -> Counter[str]:
    """Propose, approve, and apply a hundred times at once; how often each answer came."""
    wish = {"connections": [HEALTHY], "every_hours": hours}
    plan_id: str = data_of(await clients[0].call_tool("update_schedule", wish))["plan_id"]
    await run_sync(approve, address, plan_id)
    answers: Counter[str] = Counter()

    async def apply(client: Client) -> None:
        answers[data_of(await client.call_tool("apply_plan", {"plan_id": plan_id}))["status"]] += 1

    async with anyio.create_task_group() as group:
        for number in range(APPLIES):
            group.start_soon(apply, clients[number % SERVERS])
    return answers


async def rounds_of_applies(desk: Desk, address: Path | str, settings: dict[str, str]) -> None:
    per_round: list[int] = []
    async with AsyncExitStack() as stack:
        clients = await three_clients(stack, desk, settings)
        for number in range(ROUNDS):
            before = len(desk.sandbox.effects())
            answers = await one_round(clients, address, (6, 8, 12)[number % 3])
            per_round.append(len(desk.sandbox.effects()) - before)
            assert answers.total() == APPLIES
            assert set(answers) <= {"executed", "executing"}
            assert answers["executed"] >= 1
    print(f"\n{ROUNDS} rounds, {ROUNDS * APPLIES} applies, {sum(per_round)} effects")  # noqa: T201 - the count is shown, not only checked

    assert per_round == [1] * ROUNDS


@pytest.mark.ci
@pytest.mark.timeout(900)
async def test_twenty_rounds_on_sqlite_change_twenty_times(desk: Desk) -> None:
    await rounds_of_applies(desk, desk.folder / "data" / "plans.sqlite", {})


@pytest.mark.ci
@pytest.mark.timeout(900)
async def test_twenty_rounds_on_postgresql_change_twenty_times(desk: Desk, postgres: PostgresServer) -> None:
    address = postgres.fresh_database()
    await rounds_of_applies(desk, address, {"AIRBYTE_MCP_STORE": address})
