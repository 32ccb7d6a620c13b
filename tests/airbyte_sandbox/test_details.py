"""The Config API: why a job failed, what it logged, how far its streams came."""

import pytest

from sandbox_user import Json, SandboxUser


def config(user: SandboxUser, path: str, body: Json) -> Json:
    answer = user.http.post(f"{user.address.url}/api/v1{path}", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_log_of_an_attempt_holds_the_words_of_source_and_platform(user: SandboxUser) -> None:
    job = user.sync("Product catalogue to lake")
    answer = config(user, "/attempt/get_for_job", {"jobId": job["jobId"], "attemptNumber": 0})
    assert answer["logType"] == "structured"
    assert answer["attempt"]["recordsSynced"] == 240
    said = [(event["logSource"], event["message"]) for event in answer["logs"]["events"]]
    assert ("source", "Reading 240 rows of products") in said
    assert said[-1] == ("platform", "Attempt 0 succeeded.")
    assert answer["logs"]["events"] == sorted(answer["logs"]["events"], key=lambda event: event["timestamp"])


def test_a_failed_job_logs_its_reason_as_an_error(user: SandboxUser) -> None:
    job = user.ended(user.start("CRM contacts to warehouse"))
    (attempt,) = config(user, "/jobs/get", {"id": job["jobId"]})["attempts"]
    errors = [event for event in attempt["logs"]["events"] if event["level"] == "error"]
    assert len(errors) == 1
    assert "API key has expired" in errors[0]["message"]


@pytest.mark.parametrize("path", ["/jobs/get", "/jobs/get_without_logs"])
def test_a_job_that_is_not_there_is_404_in_the_shape_of_the_config_api(
    reader: SandboxUser, path: str
) -> None:
    answer = reader.http.post(f"{reader.address.url}/api/v1{path}", json={"id": 99999})
    assert answer.status_code == 404
    assert answer.json()["message"] == "Could not find job with id: 99999"


def test_an_attempt_that_is_not_there_is_404(reader: SandboxUser) -> None:
    body = {"jobId": 1, "attemptNumber": 7}
    assert reader.http.post(f"{reader.address.url}/api/v1/attempt/get_for_job", json=body).status_code == 404


def test_jobs_list_is_newest_first_with_attempts_and_a_total(reader: SandboxUser) -> None:
    connection = reader.connection("CRM contacts to warehouse")["connectionId"]
    body = {"configId": connection, "configTypes": ["sync"], "pagination": {"pageSize": 3, "rowOffset": 1}}
    answer = config(reader, "/jobs/list", body)
    assert answer["totalJobCount"] == 7
    ids = [item["job"]["id"] for item in answer["jobs"]]
    assert ids == sorted(ids, reverse=True)
    assert [item["job"]["status"] for item in answer["jobs"]] == ["failed", "failed", "succeeded"]
    assert all(item["attempts"][0]["attempt"]["status"] == item["job"]["status"] for item in answer["jobs"])
    assert config(reader, "/jobs/list", {**body, "configTypes": ["reset_connection"]})["jobs"] == []


def test_a_page_out_of_range_is_422(reader: SandboxUser) -> None:
    body = {"pagination": {"pageSize": 0}}
    assert reader.http.post(f"{reader.address.url}/api/v1/jobs/list", json=body).status_code == 422


def test_streams_run_and_then_are_complete_or_incomplete_with_the_cause(user: SandboxUser) -> None:
    job_id = user.start("Clickstream backfill")
    user.running(job_id)
    assert states(user, jobId=job_id) == [("clicks", "RUNNING", None)]
    user.call("DELETE", f"/jobs/{job_id}")
    assert states(user, jobId=job_id) == [("clicks", "INCOMPLETE", "CANCELED")]
    good = user.sync("Orders to warehouse")
    assert states(user, connectionId=good["connectionId"]) == [
        ("customers", "COMPLETE", None),
        ("orders", "COMPLETE", None),
    ]


def states(user: SandboxUser, **body: str | int) -> list[tuple[str, str, str | None]]:
    found = config(user, "/stream_statuses/list", body)["streamStatuses"]
    return [(item["streamName"], item["runState"], item.get("incompleteRunCause")) for item in found]
