import httpx
import pytest

from sandbox_user import SandboxUser


def test_the_log_holds_every_call_in_order_and_none_of_the_control(user: SandboxUser) -> None:
    user.get("/workspaces")
    user.control("/requests")
    user.call("POST", "/jobs", {"connectionId": "mine", "jobType": "sync"})
    httpx.get(f"{user.address.url}/elsewhere?a=1&a=2")
    log = user.control("/requests")["requests"]
    assert [(r["number"], r["method"], r["path"], r["query"], r["status"]) for r in log] == [
        (1, "POST", "/api/public/v1/applications/token", "", 200),
        (2, "GET", "/api/public/v1/workspaces", "", 200),
        (3, "POST", "/api/public/v1/jobs", "", 400),
        (4, "GET", "/elsewhere", "a=1&a=2", 200),
    ]
    assert log[2]["body"] == {"connectionId": "mine", "jobType": "sync"}
    assert user.control("/requests", after=3)["requests"] == log[3:]


def test_the_log_holds_no_secret(user: SandboxUser) -> None:
    entry = user.control("/requests")["requests"][0]
    assert entry["body"]["client_secret"] == "**********"
    assert entry["body"]["client_id"] == user.address.client_id


def test_a_wait_that_is_too_short_says_so(user: SandboxUser) -> None:
    job_id = user.start("Clickstream backfill")
    waited = user.control(f"/jobs/{job_id}/wait", timeout=0)
    assert waited["reached"] is False


def test_a_wait_for_running_ends_when_the_job_ended(user: SandboxUser) -> None:
    job = user.sync("Product catalogue to lake")
    assert user.control(f"/jobs/{job['jobId']}/wait", status="running") == {
        "job": job, "reached": True, "pid": None
    }  # fmt: skip


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/jobs/99999/wait", 404),
        ("/jobs/1/wait?status=soon", 400),
        ("/jobs/1/wait?timeout=-1", 400),
        ("/jobs/1/wait?timeout=nan", 400),
        ("/requests?after=x", 400),
        ("/sink/mine", 400),
        ("/nothing", 404),
    ],
)
def test_a_control_call_that_cannot_be_understood_is_refused(
    reader: SandboxUser, path: str, status: int
) -> None:
    assert reader.http.get(f"{reader.address.url}/_sandbox{path}").status_code == status
