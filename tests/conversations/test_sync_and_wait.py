"""One call that starts syncs and follows them."""

import pytest

from harness import HEALTHY, SLOW, Desk, Person, connected, data_of, text_of

pytestmark = pytest.mark.ci

WEB = "Web events to lake"


async def test_one_call_starts_two_syncs_follows_them_and_tells_how_they_ended(desk: Desk) -> None:
    person = Person()
    reports: list[float] = []

    async def heard(progress: float, total: float | None, message: str | None) -> None:
        del total, message
        reports.append(progress)

    async with connected(desk, person=person) as client:
        result = await client.call_tool(
            "trigger_sync", {"connections": [HEALTHY, WEB], "wait_seconds": 60}, progress_callback=heard
        )

    told = data_of(result)
    jobs = [desk.sandbox.job(r["job_id"]) for r in told["results"]]
    assert [job["status"] for job in jobs] == ["succeeded", "succeeded"]
    for job, row in zip(jobs, told["results"], strict=True):
        assert f": succeeded, {job['rowsSynced']:,} rows" in row["message"]
    assert told["next_step"] == ""
    assert "wait" not in person.questions[0]
    assert reports == sorted(set(reports))
    assert reports[-1] == sum(job["rowsSynced"] for job in jobs)
    assert "succeeded" in text_of(result)


async def test_patience_that_ends_first_says_how_to_go_on(desk: Desk) -> None:
    async with connected(desk, person=Person()) as client:
        told = data_of(await client.call_tool("trigger_sync", {"connections": [SLOW], "wait_seconds": 1}))

    job = told["results"][0]["job_id"]
    assert told["status"] == "executed"
    assert f"wait_for_job with job_id {job}" in told["next_step"]
    desk.sandbox.cancel_job(job)
