"""Pausing and resuming: what will not run, what goes on, and one outcome for each connection."""

import pytest

from harness import HEALTHY, PAUSED, SLOW, Desk, Person, connected, data_of, text_of

pytestmark = pytest.mark.ci

LOCKED = "Legacy newsletter to warehouse"
PAUSE = {"status": "inactive"}


async def test_pausing_names_the_run_that_will_not_happen_and_the_job_that_goes_on(desk: Desk) -> None:
    person = Person()
    healthy = desk.sandbox.connection(HEALTHY)["connectionId"]
    job = desk.sandbox.start_job(desk.sandbox.connection(SLOW)["connectionId"])
    async with connected(desk, person=person) as client:
        told = data_of(
            await client.call_tool("set_connection_status", {"connections": [HEALTHY, SLOW], **PAUSE})
        )

    (question,) = person.questions
    assert question.startswith("Pause 2 connections?")
    assert question.count("status: active -> inactive") == 2
    assert "T02:00:00Z, and all after it will not happen." in question
    assert f"Job {job} is under way: pausing does not stop it" in question
    assert "Last successful sync:" in question
    assert [(r["name"], r["status"]) for r in told["results"]] == [(HEALTHY, "executed"), (SLOW, "executed")]
    _, first, second = desk.sandbox.effects()
    assert (first.method, first.path, first.body) == (
        "PATCH",
        f"/api/public/v1/connections/{healthy}",
        {"status": "inactive"},
    )
    assert second.body == {"status": "inactive"}
    assert desk.sandbox.connection(SLOW)["status"] == "inactive"
    assert desk.sandbox.job(job)["status"] == "running"
    desk.sandbox.cancel_job(job)


async def test_resuming_names_the_next_run_and_leaves_out_what_runs_already(desk: Desk) -> None:
    person = Person()
    paused = desk.sandbox.connection(PAUSED)["connectionId"]
    asked = {"connections": [PAUSED, HEALTHY], "status": "active"}
    async with connected(desk, person=person) as client:
        told = data_of(await client.call_tool("set_connection_status", asked))
        again = data_of(await client.call_tool("set_connection_status", asked))

    assert [r["name"] for r in told["results"]] == [PAUSED]
    assert "T05:00:00Z." in person.questions[0]
    assert again["status"] == "nothing_to_do"
    (effect,) = desk.sandbox.effects()
    assert (effect.path.rpartition("/")[2], effect.body) == (paused, {"status": "active"})


async def test_a_locked_connection_is_neither_paused_nor_cleared(desk: Desk) -> None:
    async with connected(desk) as client:
        paused = await client.call_tool("set_connection_status", {"connections": [LOCKED], **PAUSE})
        cleared = await client.call_tool("clear_connection", {"connection": LOCKED})

    for refused in (paused, cleared):
        assert refused.is_error
        assert f'"{LOCKED}" is locked' in text_of(refused)
    assert desk.sandbox.effects() == []
