"""A change that Airbyte took is never told as one that failed, and can be taken back, whatever came back of it."""

import httpx
import pytest

from faulty_proxy import Fault, faulty_proxy
from harness import HEALTHY, SLOW, Desk, Person, connected, data_of, text_of

pytestmark = pytest.mark.ci

SIX_HOURLY = {"connections": [HEALTHY], "every_hours": 6}
AT_THREE = {"schedule": {"scheduleType": "cron", "cronExpression": "0 0 3 * * ?"}}
IN_SIX_HOURS = {"schedule": {"scheduleType": "cron", "cronExpression": "0 0 0/6 * * ?"}}
SAYS_NOTHING = {"title": "state-conflict", "data": {"message": "Could not fulfill request"}}
LOST = [httpx.Response(408), httpx.Response(425), httpx.Response(409, json=SAYS_NOTHING)]
PLANTED = "S3cr3t-planted-value"


@pytest.mark.parametrize(
    "instead",
    [LOST[0], *(pytest.param(one, marks=pytest.mark.ci) for one in LOST[1:])],
    ids=lambda answer: str(answer.status_code),
)
async def test_what_a_gateway_gave_up_on_is_looked_up_and_can_be_taken_back(
    desk: Desk, instead: httpx.Response
) -> None:
    before = desk.sandbox.connection(HEALTHY)["schedule"]
    given_up = Fault("PATCH", "/connections/", instead=instead, times=1)
    with faulty_proxy(desk.sandbox.url, given_up) as address:
        async with connected(desk, person=Person(), settings={"AIRBYTE_API_URL": address}) as client:
            told = data_of(await client.call_tool("update_schedule", SIX_HOURLY))
            undone = data_of(await client.call_tool("undo_change", {"plan_id": told["plan_id"]}))

    assert told["status"] == "executed"
    assert (
        "now is as approved; that this request made it so cannot be proven" in told["results"][0]["message"]
    )
    assert undone["status"] == "executed"
    assert desk.sandbox.connection(HEALTHY)["schedule"] == before


@pytest.mark.ci
async def test_a_refused_change_that_was_made_all_the_same_can_be_taken_back(desk: Desk) -> None:
    before = desk.sandbox.connection(HEALTHY)["schedule"]
    refused = Fault("PATCH", "/connections/", instead=httpx.Response(400), times=1)
    with faulty_proxy(desk.sandbox.url, refused) as address:
        async with connected(desk, person=Person(), settings={"AIRBYTE_API_URL": address}) as client:
            told = data_of(await client.call_tool("update_schedule", SIX_HOURLY))
            undone = data_of(await client.call_tool("undo_change", {"plan_id": told["plan_id"]}))
            again = data_of(await client.call_tool("undo_change", {"plan_id": told["plan_id"]}))

    assert [one["status"] for one in (told, undone, again)] == ["failed", "executed", "nothing_to_do"]
    assert desk.sandbox.connection(HEALTHY)["schedule"] == before


async def test_a_change_that_was_taken_and_reads_differently_is_told_with_the_difference(desk: Desk) -> None:
    identity = desk.sandbox.connection(HEALTHY)["connectionId"]
    overtaken = Fault("PATCH", identity, after=lambda: desk.sandbox.patch(identity, AT_THREE), times=1)
    with faulty_proxy(desk.sandbox.url, overtaken) as address:
        async with connected(desk, person=Person(), settings={"AIRBYTE_API_URL": address}) as client:
            told = data_of(await client.call_tool("update_schedule", SIX_HOURLY))
            undone = await client.call_tool("undo_change", {"plan_id": told["plan_id"]})

    assert told["status"] == "outcome_unknown"
    assert "Airbyte accepted the schedule, but it then read: At 03:00" in told["results"][0]["message"]
    assert "neither as before nor as approved" in told["results"][0]["message"]
    assert "do not simply try again" in told["next_step"]
    assert "It was changed again since" in text_of(undone)


@pytest.mark.ci
async def test_a_change_that_read_differently_only_for_a_moment_is_done(desk: Desk) -> None:
    identity = desk.sandbox.connection(HEALTHY)["connectionId"]
    late = Fault(
        "GET",
        identity,
        before=lambda: desk.sandbox.patch(identity, AT_THREE),
        after=lambda: desk.sandbox.patch(identity, IN_SIX_HOURS),
        times=0,
    )
    patched = Fault("PATCH", identity, after=lambda: setattr(late, "times", 1), times=1)
    with faulty_proxy(desk.sandbox.url, patched, late) as address:
        async with connected(desk, person=Person(), settings={"AIRBYTE_API_URL": address}) as client:
            told = data_of(await client.call_tool("update_schedule", SIX_HOURLY))

    assert told["status"] == "executed"
    assert "but it then read: At 03:00" in told["results"][0]["message"]
    assert "now is as approved" in told["results"][0]["message"]


@pytest.mark.ci
async def test_a_cancellation_without_an_answer_and_without_a_look_is_not_a_failure(desk: Desk) -> None:
    job = desk.sandbox.start_job(desk.sandbox.connection(SLOW)["connectionId"])
    unreadable = Fault("GET", f"/jobs/{job}", status=403, times=0)
    cancelled = Fault(
        "DELETE",
        f"/jobs/{job}",
        instead=httpx.Response(204),
        after=lambda: setattr(unreadable, "times", 1),
    )
    with faulty_proxy(desk.sandbox.url, cancelled, unreadable) as address:
        async with connected(desk, person=Person(), settings={"AIRBYTE_API_URL": address}) as client:
            told = data_of(await client.call_tool("cancel_job", {"job_id": job}))

    assert told["status"] == "executed"
    assert "the job could not be read" in told["results"][0]["message"]
    assert f"Job {job} is cancelled" in told["results"][0]["message"]
    assert desk.sandbox.job(job)["status"] == "cancelled"


async def test_what_airbyte_repeats_of_a_configuration_stays_out_of_answers_and_the_store(desk: Desk) -> None:
    repeated = httpx.Response(
        400, json={"message": f'bad configuration: {{\\"password\\": \\"{PLANTED}\\"}}, host=db.internal'}
    )
    refused = Fault("PATCH", "/connections/", instead=repeated)
    unreadable = Fault("GET", "/sources/", instead=repeated)
    with faulty_proxy(desk.sandbox.url, refused, unreadable) as address:
        async with connected(desk, person=Person(), settings={"AIRBYTE_API_URL": address}) as client:
            changed = await client.call_tool("update_schedule", SIX_HOURLY)
            source = desk.sandbox.connection(HEALTHY)["sourceId"]
            read = await client.call_tool("get_source", {"source": source})
            listed = await client.call_tool("list_changes", {})

    said = [text_of(one) for one in (changed, read, listed)]
    assert all("bad configuration" in one and "host=db.internal" in one for one in said), said
    written = [path.read_bytes() for path in desk.folder.rglob("*") if path.is_file()]
    assert not any(PLANTED in one for one in said)
    assert not any(PLANTED.encode() in one for one in written)
