"""Silence is a no: an answer that comes too late, or never, changes nothing."""

import anyio
import pytest
from anyio.to_thread import run_sync
from mcp.client.context import ClientRequestContext
from mcp_types import ElicitRequestParams, ElicitResult

from harness import APPROVE, HEALTHY, TRANSPORTS, Desk, Era, Person, connected, data_of, text_of

TRIGGER = {"connections": [HEALTHY]}
ONE_SECOND = {"AIRBYTE_MCP_APPROVE_SECONDS": "1"}


class SilentPerson(Person):
    """Never answers."""

    async def __call__(self, context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        await super().__call__(context, params)
        await anyio.sleep_forever()
        return APPROVE


class LatePerson(Person):
    """Answers yes once no plan waits any more."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(APPROVE)
        self.desk = desk

    async def __call__(self, context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        reply = await super().__call__(context, params)
        while "Nothing waits" not in (await run_sync(lambda: self.desk.command("approvals", "list"))).stdout:
            pass
        return reply


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_question_that_nobody_answers_in_time_is_a_no(desk: Desk, transport: str) -> None:
    person = SilentPerson()
    async with connected(desk, transport, era=Era.LEGACY, person=person, settings=ONE_SECOND) as client:
        result = await client.call_tool("trigger_sync", TRIGGER)

    assert data_of(result)["status"] == "expired"
    assert "Nothing was changed" in text_of(result)
    assert len(person.questions) == 1
    assert desk.sandbox.effects() == []


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_yes_that_comes_too_late_is_a_no(desk: Desk, transport: str) -> None:
    async with connected(
        desk, transport, era=Era.MODERN, person=LatePerson(desk), settings=ONE_SECOND
    ) as client:
        result = await client.call_tool("trigger_sync", TRIGGER)

    assert data_of(result)["status"] == "expired"
    assert desk.sandbox.effects() == []


async def test_a_plan_that_nobody_decides_on_expires(desk: Desk) -> None:
    async with connected(desk, era=Era.MUTE, settings=ONE_SECOND) as client:
        plan_id = data_of(await client.call_tool("trigger_sync", TRIGGER))["plan_id"]
        while data_of(await client.call_tool("get_plan", {"plan_id": plan_id}))["status"] != "expired":
            pass
        result = await client.call_tool("apply_plan", {"plan_id": plan_id})

    assert data_of(result)["status"] == "expired"
    assert desk.sandbox.effects() == []


async def test_a_client_that_leaves_in_the_middle_of_the_question_changes_nothing(desk: Desk) -> None:
    asked = anyio.Event()

    class LeavingPerson(Person):
        async def __call__(self, context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
            asked.set()
            await anyio.sleep_forever()
            return APPROVE

    async with connected(desk, era=Era.LEGACY, person=LeavingPerson()) as client:
        async with anyio.create_task_group() as group:
            group.start_soon(client.call_tool, "trigger_sync", TRIGGER)
            await asked.wait()
            group.cancel_scope.cancel()

    assert desk.sandbox.effects() == []
