"""What a client that cheats can reach with answers and states: nothing that a person did not approve."""

from pathlib import Path
from typing import Any

import pytest
from mcp import Client, MCPError
from mcp_types import CallToolResult, ElicitResult, InputRequiredResult, InputResponses

from harness import APPROVE, FAILING, HEALTHY, TRANSPORTS, Desk, Era, connected, data_of, text_of

TRIGGER = {"connections": [HEALTHY]}
YES: InputResponses = {"approval": APPROVE}


async def asked(client: Client, tool: str, arguments: dict[str, Any]) -> InputRequiredResult:
    """Call a tool and stop at the question."""
    result = await client.session.call_tool(tool, arguments, allow_input_required=True)
    assert isinstance(result, InputRequiredResult)
    return result


async def answered(
    client: Client,
    tool: str,
    arguments: dict[str, Any],
    state: str | None,
    answers: InputResponses | None,
) -> CallToolResult:
    """Call the tool again with answers and a state, as a client does after a question."""
    result = await client.session.call_tool(
        tool, arguments, input_responses=answers, request_state=state, allow_input_required=True
    )
    assert isinstance(result, CallToolResult)
    return result


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_replayed_accept_starts_nothing_new_and_returns_the_first_outcome(
    desk: Desk, transport: str
) -> None:
    async with connected(desk, transport) as client:
        question = await asked(client, "trigger_sync", TRIGGER)
        first = data_of(await answered(client, "trigger_sync", TRIGGER, question.request_state, YES))
        desk.sandbox.ended_job(first["results"][0]["job_id"])
        replays = [
            data_of(await answered(client, "trigger_sync", TRIGGER, question.request_state, YES))
            for _ in range(3)
        ]

    assert first["status"] == "executed"
    assert replays == [first] * 3
    assert len(desk.sandbox.effects()) == 1


async def test_a_yes_after_a_no_stays_a_no(desk: Desk) -> None:
    async with connected(desk) as client:
        question = await asked(client, "trigger_sync", TRIGGER)
        no: InputResponses = {"approval": ElicitResult(action="decline")}
        refused = data_of(await answered(client, "trigger_sync", TRIGGER, question.request_state, no))
        again = data_of(await answered(client, "trigger_sync", TRIGGER, question.request_state, YES))

    assert refused["status"] == again["status"] == "denied"
    assert desk.sandbox.effects() == []


async def test_a_yes_without_the_state_is_asked_again(desk: Desk) -> None:
    async with connected(desk) as client:
        result = await client.session.call_tool(
            "trigger_sync", TRIGGER, input_responses=YES, allow_input_required=True
        )

    assert isinstance(result, InputRequiredResult)
    assert desk.sandbox.effects() == []


async def test_a_state_without_an_answer_is_a_no(desk: Desk) -> None:
    async with connected(desk) as client:
        question = await asked(client, "trigger_sync", TRIGGER)
        told = data_of(await answered(client, "trigger_sync", TRIGGER, question.request_state, None))

    assert told["status"] == "denied"
    assert desk.sandbox.effects() == []


async def test_a_yes_for_one_connection_cannot_be_used_for_another(desk: Desk) -> None:
    async with connected(desk) as client:
        question = await asked(client, "trigger_sync", TRIGGER)
        with pytest.raises(MCPError):
            await answered(client, "trigger_sync", {"connections": [FAILING]}, question.request_state, YES)

    assert desk.sandbox.effects() == []


async def test_a_yes_for_one_tool_cannot_be_used_for_another(desk: Desk) -> None:
    change = {"connections": [HEALTHY], "every_hours": 6}
    async with connected(desk) as client:
        question = await asked(client, "update_schedule", change)
        with pytest.raises(MCPError):
            await answered(client, "trigger_sync", TRIGGER, question.request_state, YES)

    assert desk.sandbox.effects() == []


@pytest.mark.parametrize("forged", ["plan_0000", "v1.AAAA", ""])
async def test_a_forged_state_is_refused(desk: Desk, forged: str) -> None:
    async with connected(desk) as client:
        with pytest.raises(MCPError):
            await answered(client, "trigger_sync", TRIGGER, forged, YES)

    assert desk.sandbox.effects() == []


async def test_a_state_of_another_process_is_refused(desk: Desk) -> None:
    async with connected(desk) as one, connected(desk) as other:
        question = await asked(one, "trigger_sync", TRIGGER)
        with pytest.raises(MCPError):
            await answered(other, "trigger_sync", TRIGGER, question.request_state, YES)

    assert desk.sandbox.effects() == []


async def test_another_requester_neither_sees_nor_applies_a_plan(desk: Desk) -> None:
    async with connected(desk, era=Era.MUTE) as one, connected(desk, era=Era.MUTE) as other:
        plan_id = data_of(await one.call_tool("trigger_sync", TRIGGER))["plan_id"]
        seen = await other.call_tool("get_plan", {"plan_id": plan_id})
        applied = await other.call_tool("apply_plan", {"plan_id": plan_id})

    for result in (seen, applied):
        assert result.is_error
        assert "There is no plan" in text_of(result)
    assert desk.sandbox.effects() == []


async def test_the_same_wish_while_it_waits_is_the_same_plan(desk: Desk) -> None:
    async with connected(desk, era=Era.MUTE) as client:
        plans = [data_of(await client.call_tool("trigger_sync", TRIGGER))["plan_id"] for _ in range(3)]

    assert len(set(plans)) == 1


async def test_what_changed_since_the_question_makes_the_plan_stale(desk: Desk) -> None:
    change = {"connections": [HEALTHY], "every_hours": 6}
    connection = desk.sandbox.connection(HEALTHY)["connectionId"]
    async with connected(desk) as client:
        question = await asked(client, "update_schedule", change)
        desk.sandbox.patch(connection, {"schedule": {"scheduleType": "manual"}})
        result = await answered(client, "update_schedule", change, question.request_state, YES)

    assert data_of(result)["status"] == "stale"
    assert "manual" in text_of(result)
    assert len(desk.sandbox.effects()) == 1, "only the test's own change"


async def test_a_sync_that_somebody_else_started_meanwhile_makes_the_plan_stale(desk: Desk) -> None:
    connection = desk.sandbox.connection(HEALTHY)["connectionId"]
    async with connected(desk) as client:
        question = await asked(client, "trigger_sync", TRIGGER)
        job = desk.sandbox.start_job(connection)
        result = await answered(client, "trigger_sync", TRIGGER, question.request_state, YES)

    assert data_of(result)["status"] == "stale"
    assert f"job {job}" in text_of(result)
    assert len(desk.sandbox.effects()) == 1, "only the test's own sync"


async def test_the_store_is_readable_by_its_owner_only(desk: Desk) -> None:
    async with connected(desk, era=Era.MUTE) as client:
        await client.call_tool("trigger_sync", TRIGGER)
        files = list((desk.folder / "data").iterdir())
        modes = {path.name: path.stat().st_mode & 0o077 for path in [*files, desk.folder / "data"]}

    assert any(Path(name).suffix == ".sqlite" for name in modes)
    assert set(modes.values()) == {0}
