"""A person approves on a terminal of this machine what the client could not ask."""

from pathlib import Path

import anyio
import pytest
from anyio.to_thread import run_sync
from mcp.client.context import ClientRequestContext
from mcp_types import ElicitRequestParams, ElicitResult

from harness import HEALTHY, Desk, Era, Person, connected, data_of, running_sandbox, text_of
from pseudo_terminal import at_a_terminal

TRIGGER = {"connections": [HEALTHY]}
ELSEWHERE = "http://127.0.0.1:9/api/public/v1"


async def approve(desk: Desk, plan_id: str, *, types: str = "approve", **variables: str) -> str:
    """Run `approvals approve` at a terminal, type one line, and return all that it showed."""
    environment = desk.environment | variables
    command = ("approvals", "approve", plan_id)
    _, shown = await run_sync(lambda: at_a_terminal(environment, *command, prompt="Type ", types=[types]))
    return shown


async def waiting_plan(desk: Desk) -> str:
    """A plan of a client that has left since."""
    async with connected(desk, era=Era.MUTE) as client:
        plan_id: str = data_of(await client.call_tool("trigger_sync", TRIGGER))["plan_id"]
    return plan_id


async def test_a_yes_on_a_terminal_applies_at_once_where_it_reaches_the_same_airbyte(desk: Desk) -> None:
    plan_id = await waiting_plan(desk)
    shown = await approve(desk, plan_id)

    assert HEALTHY in shown
    assert "sync started as job" in shown
    (effect,) = desk.sandbox.effects()
    assert effect.body == {
        "connectionId": desk.sandbox.connection(HEALTHY)["connectionId"],
        "jobType": "sync",
    }


async def test_a_yes_where_airbyte_is_out_of_reach_waits_for_the_assistant(desk: Desk) -> None:
    async with connected(desk, era=Era.MUTE) as client:
        plan_id = data_of(await client.call_tool("trigger_sync", TRIGGER))["plan_id"]
        shown = await approve(desk, plan_id, AIRBYTE_API_URL=ELSEWHERE)
        assert desk.sandbox.effects() == []
        seen = data_of(await client.call_tool("get_plan", {"plan_id": plan_id}))
        done = data_of(await client.call_tool("apply_plan", {"plan_id": plan_id}))
        again = data_of(await client.call_tool("apply_plan", {"plan_id": plan_id}))

    assert "not done yet" in shown
    assert "apply_plan" in shown
    assert seen["status"] == "approved"
    assert done["status"] == "executed"
    assert again == done
    assert len(desk.sandbox.effects()) == 1


@pytest.mark.ci
async def test_a_hundred_calls_at_once_apply_an_approved_plan_once(desk: Desk) -> None:
    outcomes: list[str] = []

    async with connected(desk, era=Era.MUTE) as client:
        plan_id = data_of(await client.call_tool("trigger_sync", TRIGGER))["plan_id"]
        await approve(desk, plan_id, AIRBYTE_API_URL=ELSEWHERE)

        async def apply() -> None:
            outcomes.append(data_of(await client.call_tool("apply_plan", {"plan_id": plan_id}))["status"])

        async with anyio.create_task_group() as group:
            for _ in range(100):
                group.start_soon(apply)

    assert len(outcomes) == 100
    assert set(outcomes) <= {"executed", "executing"}
    assert len(desk.sandbox.effects()) == 1


async def test_anything_but_the_typed_word_leaves_the_plan_waiting(desk: Desk) -> None:
    plan_id = await waiting_plan(desk)
    shown = await approve(desk, plan_id, types="y")
    listed = await run_sync(lambda: desk.command("approvals", "list"))

    assert "Not approved" in shown
    assert plan_id in listed.stdout
    assert desk.sandbox.effects() == []


async def test_without_a_terminal_nobody_can_approve(desk: Desk) -> None:
    plan_id = await waiting_plan(desk)
    refused = await run_sync(lambda: desk.command("approvals", "approve", plan_id))

    assert refused.returncode != 0
    assert "terminal" in refused.stderr
    assert desk.sandbox.effects() == []


@pytest.mark.ci
async def test_terminal_approvals_can_be_switched_off(desk: Desk) -> None:
    plan_id = await waiting_plan(desk)
    shown = await approve(desk, plan_id, AIRBYTE_MCP_TERMINAL_APPROVALS="false")

    assert "AIRBYTE_MCP_TERMINAL_APPROVALS" in shown
    assert desk.sandbox.effects() == []


async def test_a_no_on_a_terminal_is_final(desk: Desk) -> None:
    async with connected(desk, era=Era.MUTE) as client:
        plan_id = data_of(await client.call_tool("trigger_sync", TRIGGER))["plan_id"]
        denied = await run_sync(
            lambda: desk.command("approvals", "deny", plan_id, "--reason", "not during the month-end close")
        )
        late = await approve(desk, plan_id)
        told = await client.call_tool("apply_plan", {"plan_id": plan_id})

    assert denied.returncode == 0
    assert "denied" in late
    assert data_of(told)["status"] == "denied"
    assert "month-end close" in text_of(told)
    assert desk.sandbox.effects() == []


async def test_show_puts_the_same_question_to_the_person_as_the_client_would(desk: Desk) -> None:
    plan_id = await waiting_plan(desk)
    shown = await run_sync(lambda: desk.command("approvals", "show", plan_id))

    assert "Start a sync of 1 connection now?" in shown.stdout
    assert f'"{HEALTHY}"' in shown.stdout


async def test_an_unknown_plan_is_said_to_be_unknown(desk: Desk) -> None:
    shown = await run_sync(lambda: desk.command("approvals", "show", "plan_of_nobody"))

    assert shown.returncode == 1
    assert "There is no plan" in shown.stderr


@pytest.mark.ci
async def test_a_server_for_which_terminals_do_not_count_sends_nobody_there(desk: Desk) -> None:
    off = {"AIRBYTE_MCP_TERMINAL_APPROVALS": "false"}
    async with connected(desk, era=Era.MUTE, settings=off) as client:
        refused = await client.call_tool("trigger_sync", TRIGGER)

    assert refused.is_error
    assert "AIRBYTE_MCP_TERMINAL_APPROVALS" in text_of(refused)
    assert "approvals approve" not in text_of(refused)
    assert desk.sandbox.effects() == []


@pytest.mark.ci
async def test_a_plan_for_one_airbyte_is_never_applied_to_another(desk: Desk, tmp_path: Path) -> None:
    plan_id = await waiting_plan(desk)
    with running_sandbox(tmp_path / "other-sandbox") as other:
        shown = await approve(desk, plan_id, AIRBYTE_API_URL=other.api_url)
        effects = other.effects()

    assert "not done yet" in shown
    assert "not for" in shown
    assert effects == desk.sandbox.effects() == []


@pytest.mark.ci
async def test_an_approval_that_is_not_used_in_time_expires(desk: Desk) -> None:
    async with connected(desk, era=Era.MUTE) as client:
        plan_id = data_of(await client.call_tool("trigger_sync", TRIGGER))["plan_id"]
        await approve(desk, plan_id, AIRBYTE_API_URL=ELSEWHERE, AIRBYTE_MCP_APPLY_SECONDS="1")
        while data_of(await client.call_tool("get_plan", {"plan_id": plan_id}))["status"] != "expired":
            pass
        late = await client.call_tool("apply_plan", {"plan_id": plan_id})

    assert data_of(late)["status"] == "expired"
    assert "not applied in time" in text_of(late)
    assert desk.sandbox.effects() == []


@pytest.mark.ci
async def test_a_no_in_the_form_takes_back_a_yes_on_a_terminal_that_was_not_used(desk: Desk) -> None:
    class Changing(Person):
        async def __call__(self, context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
            await super().__call__(context, params)
            listed = await run_sync(lambda: desk.command("approvals", "list"))
            await approve(desk, listed.stdout.split()[0], AIRBYTE_API_URL=ELSEWHERE)
            return ElicitResult(action="accept", content={"decision": "deny"})

    async with connected(desk, person=Changing()) as client:
        told = data_of(await client.call_tool("trigger_sync", TRIGGER))
        again = data_of(await client.call_tool("apply_plan", {"plan_id": told["plan_id"]}))

    assert told["status"] == again["status"] == "denied"
    assert desk.sandbox.effects() == []
