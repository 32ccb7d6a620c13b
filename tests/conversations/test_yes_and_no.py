"""A change happens exactly when a person said yes, on every transport and in every era."""

import pytest
from anyio.to_thread import run_sync
from mcp_types import ElicitResult

from harness import APPROVE, HEALTHY, SLOW, TRANSPORTS, Desk, Era, Person, connected, data_of, text_of
from pseudo_terminal import at_a_terminal

ASKING = (Era.MODERN, Era.LEGACY)
TRIGGER = {"connections": [HEALTHY]}

NOES = {
    "deny": ElicitResult(action="accept", content={"decision": "deny"}),
    "decline": ElicitResult(action="decline"),
    "cancel": ElicitResult(action="cancel"),
    "an empty accept": ElicitResult(action="accept", content={}),
    "an accept without content": ElicitResult(action="accept"),
    "yes in another word": ElicitResult(action="accept", content={"decision": "yes"}),
    "true instead of approve": ElicitResult(action="accept", content={"decision": True}),
    "a list that holds approve": ElicitResult(action="accept", content={"decision": ["approve"]}),
    "confirm instead of decision": ElicitResult(action="accept", content={"confirm": "approve"}),
}


@pytest.mark.parametrize("transport", ["stdio", "http", pytest.param("sse", marks=pytest.mark.ci)])
@pytest.mark.parametrize("era", ASKING, ids=lambda era: era.value)
async def test_after_a_yes_exactly_one_sync_runs_and_its_rows_are_in_the_sink(
    desk: Desk, transport: str, era: Era
) -> None:
    person = Person(APPROVE)
    healthy = desk.sandbox.connection(HEALTHY)["connectionId"]
    async with connected(desk, transport, era, person) as client:
        done = data_of(await client.call_tool("trigger_sync", TRIGGER))
        (result,) = done["results"]
        followed = data_of(await client.call_tool("wait_for_job", {"job_id": result["job_id"]}))

    assert done["status"] == "executed"
    assert len(person.questions) == 1
    (effect,) = desk.sandbox.effects()
    assert (effect.method, effect.body) == ("POST", {"connectionId": healthy, "jobType": "sync"})
    assert followed["job"]["status"] == "succeeded"
    assert followed["job"]["rows"] == desk.sandbox.rows_in_sink(healthy) > 0


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("era", ASKING, ids=lambda era: era.value)
async def test_a_no_in_any_form_leaves_airbyte_untouched(desk: Desk, transport: str, era: Era) -> None:
    person = Person()
    settings = {"AIRBYTE_MCP_COOL_DOWN_SECONDS": "0"}
    async with connected(desk, transport, era, person, settings) as client:
        for said, reply in NOES.items():
            person.reply = reply
            told = data_of(await client.call_tool("trigger_sync", TRIGGER))
            assert told["status"] == "denied", said
            assert told["results"] == [], said

    assert len(person.questions) == len(NOES)
    assert desk.sandbox.effects() == []


async def test_after_a_no_the_same_is_not_asked_again_and_a_person_can_lift_that(desk: Desk) -> None:
    person = Person(NOES["decline"])
    async with connected(desk, person=person) as client:
        refused = data_of(await client.call_tool("trigger_sync", TRIGGER))
        person.reply = APPROVE
        again = await client.call_tool("trigger_sync", TRIGGER)
        command = ("approvals", "lift", refused["plan_id"])
        code, _ = await run_sync(lambda: at_a_terminal(desk.environment, *command, prompt="?", types=[]))
        lifted = data_of(await client.call_tool("trigger_sync", TRIGGER))

    assert again.is_error
    assert "refused this" in text_of(again)
    assert code == 0
    assert lifted["status"] == "executed"
    assert len(person.questions) == 2
    assert "Warning: A person refused this 1 minute before" in person.questions[1]
    assert len(desk.sandbox.effects()) == 1


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("era", [Era.MUTE, Era.MUTE_LEGACY], ids=lambda era: era.value)
async def test_a_client_that_cannot_ask_is_told_how_a_person_approves(
    desk: Desk, transport: str, era: Era
) -> None:
    async with connected(desk, transport, era) as client:
        result = await client.call_tool("trigger_sync", TRIGGER)
        told = data_of(result)
        again = data_of(await client.call_tool("apply_plan", {"plan_id": told["plan_id"]}))

    assert told["status"] == again["status"] == "approval_required"
    assert f"airbyte-mcp-server approvals approve {told['plan_id']}" in text_of(result)
    assert HEALTHY in text_of(result)
    assert desk.sandbox.effects() == []


@pytest.mark.parametrize("era", ASKING, ids=lambda era: era.value)
async def test_a_schedule_change_is_shown_before_and_after_and_then_made(desk: Desk, era: Era) -> None:
    person = Person(APPROVE)
    healthy = desk.sandbox.connection(HEALTHY)["connectionId"]
    async with connected(desk, "stdio", era, person) as client:
        told = data_of(
            await client.call_tool("update_schedule", {"connections": [HEALTHY], "every_hours": 6})
        )

    assert told["status"] == "executed"
    (question,) = person.questions
    assert "schedule: At 02:00 (UTC) -> Every 6 hours (UTC)" in question
    (effect,) = desk.sandbox.effects()
    assert (effect.method, effect.path) == ("PATCH", f"/api/public/v1/connections/{healthy}")
    schedule = desk.sandbox.connection(HEALTHY)["schedule"]
    assert schedule["cronExpression"].removesuffix(" UTC") == effect.body["schedule"]["cronExpression"]


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_progress_counts_the_rows_of_a_running_job(desk: Desk, transport: str) -> None:
    reports: list[float] = []

    async def heard(progress: float, total: float | None, message: str | None) -> None:
        assert message is not None
        assert "row" in message
        reports.append(progress)

    job = desk.sandbox.start_job(desk.sandbox.connection(HEALTHY)["connectionId"])
    async with connected(desk, transport) as client:
        ended = data_of(await client.call_tool("wait_for_job", {"job_id": job}, progress_callback=heard))

    assert ended["finished"]
    assert reports == sorted(set(reports))
    assert reports[-1] == ended["job"]["rows"]


async def test_waiting_longer_than_asked_ends_with_how_to_go_on(desk: Desk) -> None:
    job = desk.sandbox.start_job(desk.sandbox.connection(SLOW)["connectionId"])
    async with connected(desk) as client:
        told = data_of(await client.call_tool("wait_for_job", {"job_id": job, "wait_seconds": 1}))

    assert not told["finished"]
    assert f"wait_for_job with job_id {job}" in told["next_step"]
