"""When an answer is lost or late, nothing is repeated, and what is said of it is true."""

from typing import Any

from mcp_types import ElicitResult

from faulty_proxy import Fault, faulty_proxy
from harness import APPROVE, HEALTHY, Desk, Era, Person, connected, data_of, text_of

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


async def test_a_lost_answer_to_a_schedule_change_is_unknown_and_never_sent_again(desk: Desk) -> None:
    with faulty_proxy(desk.sandbox.url, Fault("PATCH", "/connections/", hang_up=True)) as address:
        async with connected(desk, person=Person(), settings={"AIRBYTE_API_URL": address}) as client:
            result = await client.call_tool("update_schedule", SIX_HOURLY)

    assert len(desk.sandbox.effects()) == 1
    assert data_of(result)["status"] == "outcome_unknown"
    assert "get_connection" in text_of(result)


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
    assert told["status"] == "failed"
    assert [one["status"] for one in told["results"]] == ["executed", "failed"]
    assert "no longer as the person saw it" in told["results"][1]["message"]
    schedule = desk.sandbox.connection("Ad spend to warehouse")["schedule"]["cronExpression"]
    assert schedule.startswith("0 0 3")


async def test_a_question_answered_in_a_form_that_mcp_does_not_know_is_a_no(desk: Desk) -> None:
    said: Any = "yes"  # no action that MCP knows
    nonsense = ElicitResult.model_construct(action=said, content=APPROVE.content)
    async with connected(desk, era=Era.LEGACY, person=Person(nonsense)) as client:
        told = data_of(await client.call_tool("trigger_sync", TRIGGER))

    assert told["status"] == "denied"
    assert desk.sandbox.effects() == []
