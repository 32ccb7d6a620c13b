"""When an answer is lost or late, nothing is repeated, and what is said of it is true."""

from typing import Any

import pytest
from mcp_types import ElicitResult

from faulty_proxy import Fault, faulty_proxy
from harness import APPROVE, HEALTHY, SLOW, Desk, Era, Person, connected, data_of, text_of

pytestmark = pytest.mark.ci

TRIGGER = {"connections": [HEALTHY]}
SIX_HOURLY = {"connections": [HEALTHY], "every_hours": 6}


async def test_a_lost_answer_to_a_trigger_is_unknown_and_never_sent_again(desk: Desk) -> None:
    with faulty_proxy(desk.sandbox.url, Fault("POST", "/public/v1/jobs", hang_up=True)) as address:
        async with connected(desk, person=Person(), settings={"AIRBYTE_API_URL": address}) as client:
            result = await client.call_tool("trigger_sync", TRIGGER)
            told = data_of(result)
            again = data_of(await client.call_tool("apply_plan", {"plan_id": told["plan_id"]}))

    (effect,) = desk.sandbox.effects()
    assert effect.status == 200
    assert told["status"] == again["status"] == "outcome_unknown"
    (started,) = desk.sandbox.get("/api/public/v1/jobs", orderBy="createdAt|DESC", limit=1)["data"]
    assert told["results"][0]["job_id"] == started["jobId"]
    assert "cannot be proven" in text_of(result)


async def test_a_lost_answer_to_a_schedule_change_is_looked_up_and_never_sent_again(desk: Desk) -> None:
    with faulty_proxy(desk.sandbox.url, Fault("PATCH", "/connections/", hang_up=True)) as address:
        async with connected(desk, person=Person(), settings={"AIRBYTE_API_URL": address}) as client:
            result = await client.call_tool("update_schedule", SIX_HOURLY)

    assert len(desk.sandbox.effects()) == 1
    assert data_of(result)["status"] == "executed"
    assert "now is as approved; that this request made it so cannot be proven" in text_of(result)


@pytest.mark.ci
@pytest.mark.parametrize(
    ("tool", "arguments", "effect", "says"),
    [
        ("trigger_sync", TRIGGER, ("POST", "/public/v1/jobs"), "No such job has begun since"),
        ("update_schedule", SIX_HOURLY, ("PATCH", "/connections/"), "It still is as before"),
    ],
)
async def test_what_never_shows_stays_unknown_and_may_still_be_on_its_way(
    desk: Desk, tool: str, arguments: dict[str, Any], effect: tuple[str, str], says: str
) -> None:
    with faulty_proxy(desk.sandbox.url, Fault(*effect, status=502)) as address:
        async with connected(desk, person=Person(), settings={"AIRBYTE_API_URL": address}) as client:
            told = data_of(await client.call_tool(tool, arguments))

    assert desk.sandbox.effects() == []
    assert told["status"] == "outcome_unknown"
    assert says in told["results"][0]["message"]
    assert "still be on its way" in told["results"][0]["message"]
    assert "do not simply try again" in told["next_step"]


@pytest.mark.ci
async def test_a_schedule_that_somebody_else_set_meanwhile_is_told_as_it_is(desk: Desk) -> None:
    identity = desk.sandbox.connection(HEALTHY)["connectionId"]
    at_three = {"schedule": {"scheduleType": "cron", "cronExpression": "0 0 3 * * ?"}}
    lost = Fault("PATCH", identity, hang_up=True, after=lambda: desk.sandbox.patch(identity, at_three))
    with faulty_proxy(desk.sandbox.url, lost) as address:
        async with connected(desk, person=Person(), settings={"AIRBYTE_API_URL": address}) as client:
            told = data_of(await client.call_tool("update_schedule", SIX_HOURLY))

    assert told["status"] == "outcome_unknown"
    assert "neither as before nor as approved: the schedule was left as" in told["results"][0]["message"]


@pytest.mark.ci
async def test_every_way_to_change_something_is_looked_up_when_its_answer_is_lost(desk: Desk) -> None:
    person = Person()
    job = desk.sandbox.start_job(desk.sandbox.connection(SLOW)["connectionId"])
    lost = [Fault(verb, "/public/v1/", hang_up=True) for verb in ("PATCH", "DELETE")]
    started = Fault("POST", "/public/v1/jobs", hang_up=True)
    with faulty_proxy(desk.sandbox.url, *lost, started) as address:
        async with connected(desk, person=person, settings={"AIRBYTE_API_URL": address}) as client:
            paused = data_of(
                await client.call_tool(
                    "set_connection_status", {"connections": [HEALTHY], "status": "inactive"}
                )
            )
            undone = data_of(await client.call_tool("undo_change", {"plan_id": paused["plan_id"]}))
            cancelled = data_of(await client.call_tool("cancel_job", {"job_id": job}))
            person.reply = ElicitResult(
                action="accept", content={"decision": "approve", "confirm_name": HEALTHY}
            )
            cleared = data_of(await client.call_tool("clear_connection", {"connection": HEALTHY}))

    said = [one["results"][0]["message"] for one in (paused, undone, cancelled, cleared)]
    assert all("cannot be proven" in message for message in said)
    assert [one["status"] for one in (paused, undone, cancelled)] == ["executed"] * 3
    assert cleared["status"] == "outcome_unknown"
    assert desk.sandbox.job(cleared["results"][0]["job_id"])["jobType"] == "reset"
    assert len(desk.sandbox.effects()) == 1 + 4, "the job that the test itself began, and one request each"


async def test_a_change_that_cannot_be_read_back_is_still_done(desk: Desk) -> None:
    identity = desk.sandbox.connection(HEALTHY)["connectionId"]
    unreadable = Fault("GET", identity, status=403, times=0)
    patched = Fault("PATCH", identity, after=lambda: setattr(unreadable, "times", 1))
    with faulty_proxy(desk.sandbox.url, patched, unreadable) as address:
        async with connected(desk, person=Person(), settings={"AIRBYTE_API_URL": address}) as client:
            result = await client.call_tool("update_schedule", SIX_HOURLY)

    assert data_of(result)["status"] == "executed"
    assert "could not be read back" in text_of(result)
    assert desk.sandbox.connection(HEALTHY)["schedule"]["cronExpression"].startswith("0 0 0/6")


async def test_what_fails_before_anything_was_sent_is_said_to_be_unsent(desk: Desk) -> None:
    # The client asks for the two newest jobs, and nobody else asks for two, right before it starts another.
    reads = Fault("GET", "limit=2&", status=500)
    with faulty_proxy(desk.sandbox.url, reads) as address:
        async with connected(desk, person=Person(), settings={"AIRBYTE_API_URL": address}) as client:
            result = await client.call_tool("trigger_sync", TRIGGER)

    assert desk.sandbox.effects() == []
    assert data_of(result)["status"] == "failed"
    assert "Nothing was sent." in text_of(result)


async def test_a_target_that_moves_while_the_others_are_changed_is_left_alone(desk: Desk) -> None:
    first, second = (
        desk.sandbox.connection(name)["connectionId"] for name in (HEALTHY, "Ad spend to warehouse")
    )
    daily_at_three = {"schedule": {"scheduleType": "cron", "cronExpression": "0 0 3 * * ?"}}
    meddling = Fault("PATCH", first, after=lambda: desk.sandbox.patch(second, daily_at_three), times=1)
    with faulty_proxy(desk.sandbox.url, meddling) as address:
        async with connected(desk, person=Person(), settings={"AIRBYTE_API_URL": address}) as client:
            result = await client.call_tool(
                "update_schedule", {"connections": [first, second], "every_hours": 6}
            )
            told = data_of(result)
            undone = await client.call_tool(
                "undo_change", {"plan_id": told["plan_id"], "connections": [second]}
            )

    assert told["status"] == "failed"
    assert [one["status"] for one in told["results"]] == ["executed", "failed"]
    assert "no longer as the person saw it" in told["results"][1]["message"]
    schedule = desk.sandbox.connection("Ad spend to warehouse")["schedule"]["cronExpression"]
    assert schedule.startswith("0 0 3")
    assert 'did not change "Ad spend to warehouse"' in text_of(undone)


async def test_a_question_answered_in_a_form_that_mcp_does_not_know_is_a_no(desk: Desk) -> None:
    said: Any = "yes"  # no action that MCP knows
    nonsense = ElicitResult.model_construct(action=said, content=APPROVE.content)
    async with connected(desk, era=Era.LEGACY, person=Person(nonsense)) as client:
        told = data_of(await client.call_tool("trigger_sync", TRIGGER))

    assert told["status"] == "denied"
    assert desk.sandbox.effects() == []
