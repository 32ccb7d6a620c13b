"""The model's own word: nowhere without the setting, and with it marked everywhere and below every rule."""

from collections.abc import Mapping

import pytest
from anyio.to_thread import run_sync

from harness import FAILING, HEALTHY, Desk, Person, connected, data_of, text_of

pytestmark = pytest.mark.ci

TRIGGER = {"connections": [HEALTHY]}
DARING = {"AIRBYTE_MCP_DANGEROUSLY_ALLOW_MODEL_CONFIRMATION": "true"}
MARK = "Not verified by a human"


def confirmation_in(told: Mapping[str, str]) -> str:
    """What the answer about a proposal says to send back."""
    return told["next_step"].rpartition("confirmation ")[2].rstrip(".")


async def test_without_the_setting_there_is_no_such_argument(desk: Desk) -> None:
    async with connected(desk) as client:
        schemas = [tool.input_schema for tool in (await client.list_tools()).tools]
        refused = await client.call_tool("apply_plan", {"plan_id": "plan_x", "confirmation": "x"})

    assert "confirmation" not in str(schemas)
    assert "there is no argument 'confirmation'" in text_of(refused)


async def test_with_the_setting_a_plan_is_confirmed_in_two_steps_and_marked(desk: Desk) -> None:
    person = Person()
    async with connected(desk, person=person, settings=DARING) as client:
        (apply_plan,) = [t for t in (await client.list_tools()).tools if t.name == "apply_plan"]
        told = data_of(await client.call_tool("trigger_sync", TRIGGER))
        plan = {"plan_id": told["plan_id"]}
        bare = data_of(await client.call_tool("apply_plan", plan))
        assert desk.sandbox.effects() == []
        done = await client.call_tool("apply_plan", plan | {"confirmation": confirmation_in(told)})
        again = await client.call_tool("apply_plan", plan)
        seen = await client.call_tool("get_plan", plan)
    exported = await run_sync(lambda: desk.command("audit", "export"))

    assert "confirmation" in apply_plan.input_schema["properties"]
    assert told["status"] == bare["status"] == "approval_required"
    assert person.questions == []
    assert data_of(done)["status"] == "executed"
    for result in (done, again, seen):
        assert MARK in text_of(result)
        assert MARK in data_of(result)["next_step"]
    assert len(desk.sandbox.effects()) == 1
    _, *records = exported.stdout.splitlines()
    assert all(MARK in record for record in records)
    assert '"evidence": "model_asserted"' in records[0]


async def test_a_confirmation_is_good_for_its_own_plan_only(desk: Desk) -> None:
    async with connected(desk, settings=DARING) as client:
        mine = data_of(await client.call_tool("trigger_sync", TRIGGER))
        other = data_of(await client.call_tool("trigger_sync", {"connections": [FAILING]}))
        refusals = [
            await client.call_tool("apply_plan", {"plan_id": mine["plan_id"], "confirmation": wrong})
            for wrong in (confirmation_in(other), mine["plan_id"], "approve", "0" * 16, "Zürich")
        ]

    assert all("is not the confirmation of plan" in text_of(refused) for refused in refusals)
    assert desk.sandbox.effects() == []


async def test_a_rule_that_asks_for_a_person_is_not_met_by_the_models_word(desk: Desk) -> None:
    policy = desk.folder / "policy.toml"
    policy.write_text('[[rule]]\nname = "A person"\nanswer = "confirm"\nleast_evidence = "local_terminal"\n')
    person = Person()
    settings = DARING | {"AIRBYTE_MCP_POLICY_FILE": str(policy)}
    async with connected(desk, person=person, settings=settings) as client:
        told = data_of(await client.call_tool("trigger_sync", TRIGGER))

    assert len(person.questions) == 1
    assert told["status"] == "executed"
    assert MARK not in told["next_step"]


async def test_what_the_model_confirmed_is_not_applied_once_the_setting_is_off(desk: Desk) -> None:
    async with connected(desk, "http", settings=DARING) as client:
        told = data_of(await client.call_tool("trigger_sync", TRIGGER))
    async with connected(desk, "http") as client:
        plan = {"plan_id": told["plan_id"]}
        refused = await client.call_tool("apply_plan", plan | {"confirmation": confirmation_in(told)})
        waits = data_of(await client.call_tool("apply_plan", plan))

    assert refused.is_error
    assert waits["status"] == "approval_required"
    assert desk.sandbox.effects() == []
