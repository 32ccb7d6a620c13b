"""Tool sets are an upper bound: what is not offered is not listed, not run, and not applied by anybody."""

import pytest
from anyio.to_thread import run_sync

from airbyte_guardrails.evidence import Decision
from airbyte_mcp_server.tool_sets import CHANGING
from deciding_elsewhere import elsewhere
from harness import HEALTHY, Desk, Era, connected, data_of, text_of
from pseudo_terminal import at_a_terminal

pytestmark = pytest.mark.ci

RUN = {"trigger_sync", "cancel_job"}
CONFIGURE = {"update_schedule", "set_connection_status", "update_streams", "undo_change"}
CLEAR = {"clear_connection"}


@pytest.mark.parametrize(
    ("sets", "offered"),
    [
        ("run", RUN),
        ("configure, clear", CONFIGURE | CLEAR),
    ],
)
async def test_only_the_offered_sets_are_listed_and_run(desk: Desk, sets: str, offered: set[str]) -> None:
    hidden = CHANGING - offered - {"apply_plan"}
    async with connected(desk, era=Era.MUTE, settings={"AIRBYTE_MCP_TOOL_SETS": sets}) as client:
        listed = {tool.name for tool in (await client.list_tools()).tools}
        refusals = {tool: await client.call_tool(tool, {}) for tool in hidden}

    assert listed & CHANGING == offered | {"apply_plan"}
    assert "list_connections" in listed
    for tool, refused in refusals.items():
        assert refused.is_error
        assert f"{tool} was refused: its tool set is not offered here" in text_of(refused)
    assert desk.sandbox.effects() == []


async def test_read_only_mode_lists_and_applies_nothing_that_changes(desk: Desk) -> None:
    async with connected(desk, settings={"AIRBYTE_MCP_READ_ONLY": "true"}) as client:
        listed = {tool.name for tool in (await client.list_tools()).tools}
        refusals = [await client.call_tool(tool, {}) for tool in sorted(CHANGING)]

    assert listed & CHANGING == set()
    assert all("read-only mode" in text_of(refused) for refused in refusals)


async def test_a_plan_of_a_set_that_is_no_longer_offered_is_not_applied(desk: Desk) -> None:
    narrow = {"AIRBYTE_MCP_TOOL_SETS": "configure"}
    async with connected(desk, "http", Era.MUTE) as client:
        plan_id = data_of(await client.call_tool("trigger_sync", {"connections": [HEALTHY]}))["plan_id"]
    command = ("approvals", "approve", plan_id)
    environment = desk.environment | narrow
    _, shown = await run_sync(lambda: at_a_terminal(environment, *command, prompt="Type ", types=["approve"]))
    with elsewhere(desk) as other:
        await run_sync(other.decide, Decision.APPROVE)
    async with connected(desk, "http", Era.MUTE, settings=narrow) as client:
        refused = await client.call_tool("apply_plan", {"plan_id": plan_id})

    assert "its tool set is not offered here" in shown
    assert "its tool set is not offered here" in text_of(refused)
    assert desk.sandbox.effects() == []


def test_an_unknown_set_stops_the_start(desk: Desk) -> None:
    refused = desk.command("serve", "--tool-sets", "run,cofigure")

    assert refused.returncode == 1
    assert "tool_sets" in refused.stderr
    assert "configure" in refused.stderr
