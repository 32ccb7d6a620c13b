"""The approvals page in the process that serves MCP: one start, one store, one end."""

import re
from contextlib import AsyncExitStack
from typing import Any

import anyio
import httpx
import pytest
from anyio.to_thread import run_sync

from airbyte_guardrails.plans import Plan
from airbyte_mcp_server.runtime import STORE_FILE, utc_now
from approval_pages import NAME, PASSWORD, Browser, users
from deciding_elsewhere import Elsewhere
from harness import HEALTHY, TOKEN, Desk, Era, client_on, client_wire, data_of
from plan_books import book_on, close_books
from processes import line_matching, process_in_background

pytestmark = pytest.mark.ci

PAGE = {"AIRBYTE_MCP_APPROVALS_PAGE": "true", "AIRBYTE_MCP_APPROVALS_PORT": "0"}
WAITING = {"AIRBYTE_MCP_TOKEN": TOKEN, "AIRBYTE_MCP_WAIT_SECONDS": "40"}


@pytest.mark.parametrize("transport", ["http", "sse"])
async def test_a_yes_on_the_page_goes_to_the_call_that_waits_in_the_same_process(
    desk: Desk, transport: str
) -> None:
    added = await run_sync(lambda: users(desk, "add", NAME, password=PASSWORD))
    arguments, log = ["serve", "--transport", transport, "--port", "0"], desk.folder / "server.log"
    with process_in_background(arguments, desk.environment | PAGE | WAITING, log, heard="stderr") as process:
        assert process.stderr is not None
        page = line_matching(process.stderr, r"Serving approvals at (\S+)", log)
        (mcp,) = re.findall(r"Serving MCP over \w+ at (\S+)", log.read_text())
        done = await decided(desk, transport, mcp, page)
        async with httpx.AsyncClient(headers={"Authorization": f"Bearer {TOKEN}"}) as http:
            knocked = await http.get(page)

    assert added.returncode == 0
    assert done["status"] == "executed"
    assert len(desk.sandbox.effects()) == 1
    assert knocked.headers["location"].startswith("/sign-in"), "a token of MCP signs nobody in"
    assert process.returncode == 0
    assert "Traceback" not in log.read_text()


async def decided(desk: Desk, transport: str, mcp: str, page: str) -> dict[str, Any]:
    """The result of a call on which an approver decides meanwhile."""
    found: dict[str, Any] = {}
    other = Elsewhere(book_on(desk.folder / "data" / STORE_FILE, utc_now))
    async with AsyncExitStack() as stack:
        wire = await client_wire(stack, transport, mcp)
        client = await stack.enter_async_context(client_on(wire, Era.MUTE))
        group = await stack.enter_async_context(anyio.create_task_group())

        async def call() -> None:
            found.update(data_of(await client.call_tool("trigger_sync", {"connections": [HEALTHY]})))

        group.start_soon(call)
        await run_sync(approve, page, await run_sync(other.waiting_plan))
    close_books()
    return found


def approve(page: str, plan: Plan) -> None:
    """Sign in and say yes."""
    browser = Browser(page)
    assert browser.sign_in().status_code == 303
    assert browser.decide(plan, "approve").status_code == 303
    browser.http.close()


def test_nothing_is_served_where_passwords_would_travel_in_the_clear(desk: Desk) -> None:
    open_page = PAGE | {"AIRBYTE_MCP_APPROVALS_HOST": "0.0.0.0"}
    refused = desk.command("serve", "--transport", "http", "--port", "0", **open_page)

    assert refused.returncode == 1
    assert "passwords would travel in the clear" in refused.stderr
