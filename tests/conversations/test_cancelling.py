"""Cancelling: exactly that job, and never another one of its connection."""

import pytest

from harness import SLOW, Desk, Person, connected, data_of, text_of

pytestmark = pytest.mark.ci


async def test_a_running_job_is_cancelled_after_a_yes_that_names_its_connection(desk: Desk) -> None:
    person = Person()
    connection = desk.sandbox.connection(SLOW)["connectionId"]
    job = desk.sandbox.start_job(connection)
    async with connected(desk, person=person) as client:
        told = data_of(await client.call_tool("cancel_job", {"job_id": job}))
        again = data_of(await client.call_tool("cancel_job", {"job_id": job}))

    (question,) = person.questions
    assert question.startswith(f"Cancel job {job}?")
    assert f'- job "{SLOW}" ({job})' in question
    assert f"A sync of connection {connection}" in question
    assert "Cannot be undone: the run itself" in question
    assert told["results"][0]["message"] == f"job {job} is cancelled"
    assert again["status"] == "nothing_to_do"
    _, effect = desk.sandbox.effects()
    assert (effect.method, effect.path) == ("DELETE", f"/api/public/v1/jobs/{job}")
    assert desk.sandbox.job(job)["status"] == "cancelled"


async def test_an_older_job_and_one_that_never_was_are_refused_and_the_newer_one_goes_on(desk: Desk) -> None:
    connection = desk.sandbox.connection(SLOW)["connectionId"]
    older = desk.sandbox.start_job(connection)
    desk.sandbox.cancel_job(older)
    newer = desk.sandbox.start_job(connection)
    before = len(desk.sandbox.effects())
    async with connected(desk) as client:
        told = await client.call_tool("cancel_job", {"job_id": older})
        unknown = await client.call_tool("cancel_job", {"job_id": 987654})

    assert unknown.is_error
    assert "There is no job 987654" in text_of(unknown)
    assert data_of(told)["status"] == "nothing_to_do"
    assert f"Job {older} has ended already: cancelled" in text_of(told)
    assert len(desk.sandbox.effects()) == before
    assert desk.sandbox.job(newer)["status"] == "running"
    desk.sandbox.cancel_job(newer)


async def test_a_job_that_gives_way_to_a_newer_one_during_the_question_is_stale(desk: Desk) -> None:
    connection = desk.sandbox.connection(SLOW)["connectionId"]
    job = desk.sandbox.start_job(connection)
    newer: list[int] = []

    def interrupt() -> None:
        desk.sandbox.cancel_job(job)
        newer.append(desk.sandbox.start_job(connection))

    async with connected(desk, person=Person(meanwhile=interrupt)) as client:
        told = data_of(await client.call_tool("cancel_job", {"job_id": job}))

    assert told["status"] == "stale"
    assert [e.method for e in desk.sandbox.effects()] == ["POST", "DELETE", "POST"]
    assert desk.sandbox.job(newer[0])["status"] == "running"
    desk.sandbox.cancel_job(newer[0])
