"""Things that go wrong on request."""

import httpx
import pytest

from sandbox_user import Json, SandboxUser

SHEET = "Product catalogue to lake"


def break_it(user: SandboxUser, **rule: Json) -> Json:
    answer = user.http.post(f"{user.address.url}/_sandbox/faults", json=rule)
    assert answer.status_code == 200, answer.text
    return answer.json()


def statuses(user: SandboxUser, path: str, count: int) -> list[int]:
    return [user.call("GET", path).status_code for _ in range(count)]


def test_a_status_meets_the_next_so_many_matching_requests_and_no_other(user: SandboxUser) -> None:
    break_it(user, kind="status", status=503, times=2, method="GET", path="/api/public/v1/jobs*")
    assert statuses(user, "/workspaces", 1) == [200]
    assert statuses(user, "/jobs", 2) == [503, 503]
    assert statuses(user, "/jobs", 1) == [200]
    assert user.control("/faults") == {"faults": []}
    assert [entry["status"] for entry in user.control("/requests", after=2)["requests"]] == [503, 503, 200]


def test_a_reset_is_a_connection_that_ends_without_an_answer(user: SandboxUser) -> None:
    break_it(user, kind="reset")
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        user.call("GET", "/workspaces")
    assert statuses(user, "/workspaces", 1) == [200]


def test_garbage_is_200_and_no_json(user: SandboxUser) -> None:
    break_it(user, kind="garbage")
    answer = user.call("GET", "/workspaces")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    with pytest.raises(ValueError, match=r"codec|Expecting|Unterminated"):
        answer.json()


def test_a_delay_outlasts_an_impatient_client(user: SandboxUser) -> None:
    break_it(user, kind="delay", seconds=30)
    with pytest.raises(httpx.ReadTimeout):
        user.http.get(f"{user.address.api_url}/workspaces", timeout=0.2)
    assert statuses(user, "/workspaces", 1) == [200]


def test_faults_can_be_listed_and_taken_back(user: SandboxUser) -> None:
    rule = break_it(user, kind="status", times=5)
    statuses(user, "/workspaces", 1)
    assert user.control("/faults") == {"faults": [{**rule, "times": 4}]}
    assert user.http.delete(f"{user.address.url}/_sandbox/faults").status_code == 204
    assert statuses(user, "/workspaces", 1) == [200]


def test_an_attempt_that_fails_at_a_row_is_followed_by_one_that_goes_on_behind_the_last_state(
    user: SandboxUser,
) -> None:
    connection = user.connection("Orders to warehouse")["connectionId"]
    break_it(user, kind="fail_at_row", rows=250, connectionId=connection)
    job = user.sync("Orders to warehouse")
    first, second = user.attempts(job["jobId"])
    assert first["totalStats"]["recordsEmitted"] == 250
    assert first["totalStats"]["recordsCommitted"] == 200
    assert first["failureSummary"]["failures"][0]["failureType"] == "transient_error"
    assert second["totalStats"]["recordsCommitted"] == 1800


def test_five_attempts_that_achieve_nothing_fail_the_job(user: SandboxUser) -> None:
    break_it(user, kind="fail_at_row", rows=0, times=9, message="The network is down.")
    job = user.ended(user.start(SHEET))
    assert job["status"] == "failed"
    assert len(user.attempts(job["jobId"])) == 5
    assert user.control("/faults")["faults"][0]["times"] == 4
    assert user.rows(SHEET) == []


def test_a_config_error_is_not_tried_again(user: SandboxUser) -> None:
    break_it(user, kind="config_error", message="The password was refused.")
    job = user.ended(user.start(SHEET))
    (attempt,) = user.attempts(job["jobId"])
    (failure,) = attempt["failureSummary"]["failures"]
    assert (failure["failureType"], failure["externalMessage"]) == (
        "config_error",
        "The password was refused.",
    )


def test_a_slow_source_keeps_its_pace(user: SandboxUser) -> None:
    break_it(user, kind="slow_source", rowsPerSecond=20)
    job_id = user.start("Web events to lake")
    user.control(f"/jobs/{job_id}/wait", status="running", timeout=5)
    waited = user.control(f"/jobs/{job_id}/wait", timeout=1)
    assert waited["reached"] is False
    assert user.attempts(job_id)[0]["totalStats"]["recordsEmitted"] < 60
    user.call("DELETE", f"/jobs/{job_id}")


def test_a_stuck_job_runs_until_it_is_cancelled(user: SandboxUser) -> None:
    break_it(user, kind="stuck_job")
    job_id = user.start(SHEET)
    user.running(job_id, records=0)
    waited = user.control(f"/jobs/{job_id}/wait", timeout=0.5)
    assert (waited["job"]["status"], waited["pid"]) == ("running", None)
    assert user.call("DELETE", f"/jobs/{job_id}").json()["status"] == "cancelled"


def test_a_lie_is_a_success_without_a_row(user: SandboxUser) -> None:
    user.sync(SHEET)
    break_it(user, kind="zero_rows")
    job = user.sync(SHEET)
    assert (job["status"], job["rowsSynced"], job["bytesSynced"]) == ("succeeded", 0, 0)
    assert len(user.rows(SHEET)) == 240


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ({"kind": "explode"}, "kind must be one of status"),
        ({"kind": "status", "status": 99}, "status must be from 200 to 599"),
        ({"kind": "status", "times": 0}, "times must be from 1"),
        ({"kind": "slow_source", "rowsPerSecond": 0}, "rowsPerSecond must be from"),
        ({"kind": "delay", "second": 3}, "unknown field second"),
        ({"kind": "delay", "seconds": "3"}, "seconds must be a number"),
    ],
)
def test_a_rule_that_cannot_be_understood_is_400_and_says_why(
    reader: SandboxUser, rule: Json, reason: str
) -> None:
    answer = reader.http.post(f"{reader.address.url}/_sandbox/faults", json=rule)
    assert answer.status_code == 400
    assert reason in answer.json()["data"]["message"]
