import httpx
import pytest

from sandbox_user import DEFAULT_WORKSPACE, Json, SandboxUser

NOWHERE = "00000000-0000-4000-8000-000000000000"
KINDS = ["workspace", "source", "destination", "connection"]


def marketing(user: SandboxUser) -> str:
    return next(str(w["workspaceId"]) for w in user.get("/workspaces")["data"] if w["name"] == "Marketing")


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_listed_can_be_read_by_its_id(reader: SandboxUser, kind: str) -> None:
    listed = reader.get(f"/{kind}s", limit=100)["data"]
    assert listed
    for item in listed:
        assert reader.get(f"/{kind}s/{item[f'{kind}Id']}") == item


@pytest.mark.parametrize("kind", KINDS)
def test_an_unknown_id_is_404_and_names_it(reader: SandboxUser, kind: str) -> None:
    answer = reader.call("GET", f"/{kind}s/{NOWHERE}")
    assert answer.status_code == 404
    assert answer.json()["data"] == {"resourceType": kind, "resourceId": NOWHERE}


@pytest.mark.parametrize("kind", KINDS)
def test_an_id_that_is_no_uuid_is_400(reader: SandboxUser, kind: str) -> None:
    assert reader.call("GET", f"/{kind}s/mine").status_code == 400


@pytest.mark.parametrize("kind", ["source", "destination", "connection"])
def test_workspace_ids_filter_repeated_or_joined_by_commas(reader: SandboxUser, kind: str) -> None:
    other = marketing(reader)
    everything = reader.get(f"/{kind}s", limit=100)["data"]
    only_default = reader.get(f"/{kind}s", limit=100, workspaceIds=DEFAULT_WORKSPACE)["data"]
    assert {item["workspaceId"] for item in only_default} == {DEFAULT_WORKSPACE}
    assert len(only_default) < len(everything)
    joined = reader.get(f"/{kind}s", limit=100, workspaceIds=f"{DEFAULT_WORKSPACE},{other}")["data"]
    url = f"{reader.address.api_url}/{kind}s?limit=100&workspaceIds={DEFAULT_WORKSPACE}&workspaceIds={other}"
    assert joined == everything == reader.http.get(url).json()["data"]


def test_the_singular_workspace_id_is_no_parameter(reader: SandboxUser) -> None:
    everything = reader.get("/connections", limit=100)["data"]
    assert reader.get("/connections", limit=100, workspaceId=DEFAULT_WORKSPACE)["data"] == everything


def test_an_unknown_workspace_in_a_filter_is_403(reader: SandboxUser) -> None:
    answer = reader.call("GET", "/connections", workspaceIds=NOWHERE)
    assert answer.status_code == 403
    assert "WORKSPACE_READER" in answer.json()["data"]["message"]


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "offset=-1", "limit=%C2%B2"])
def test_a_page_out_of_range_is_400_with_an_error_id(reader: SandboxUser, query: str) -> None:
    answer = reader.http.get(f"{reader.address.api_url}/connections?{query}")
    assert answer.status_code == 400
    assert list(answer.json()) == ["errorId"]


def test_pages_by_own_offset_give_everything_once(reader: SandboxUser) -> None:
    everything = reader.get("/jobs", limit=100)["data"]
    pages = [reader.get("/jobs", limit=7, offset=offset)["data"] for offset in range(0, 49, 7)]
    assert [job for page in pages for job in page] == everything


def test_next_has_a_host_that_nobody_reaches_and_is_there_on_the_last_page_too(reader: SandboxUser) -> None:
    page = reader.get("/workspaces")
    assert page["next"] == "http://localhost:8006/api/public/v1/workspaces?limit=20&offset=20"
    assert page["previous"] == ""


def test_next_is_empty_on_an_empty_page_and_previous_names_the_limit_twice(reader: SandboxUser) -> None:
    page = reader.get("/workspaces", offset=30)
    assert (page["data"], page["next"]) == ([], "")
    assert page["previous"].endswith("/workspaces?limit=20&offset=10&limit=20")


def test_next_of_jobs_forgets_status_times_and_order(reader: SandboxUser) -> None:
    connection = reader.connection("Orders to warehouse")["connectionId"]
    page = reader.get(
        "/jobs",
        limit=1,
        connectionId=connection,
        jobType="sync",
        status="succeeded",
        createdAtStart="2020-01-01T00:00:00Z",
        orderBy="createdAt|DESC",
    )
    assert dict(httpx.URL(page["next"]).params) == {
        "jobType": "sync", "connectionId": connection, "limit": "1", "offset": "1"
    }  # fmt: skip


def test_jobs_come_oldest_first_unless_asked_otherwise(reader: SandboxUser) -> None:
    default = [job["jobId"] for job in reader.get("/jobs", limit=100)["data"]]
    newest = [job["jobId"] for job in reader.get("/jobs", limit=100, orderBy="createdAt|DESC")["data"]]
    assert default == sorted(default)
    assert newest == default[::-1]


@pytest.mark.parametrize("order", ["createdAt", "jobId|DESC", "createdAt|desc", "createdAt|DESC|x", ""])
def test_a_bad_order_is_400_and_is_named(reader: SandboxUser, order: str) -> None:
    answer = reader.call("GET", "/jobs", orderBy=order)
    assert answer.status_code == 400
    assert answer.json()["data"]["message"] == f"Invalid order by clause provided: {order}"


def test_jobs_filter_by_status_type_workspace_and_time(reader: SandboxUser) -> None:
    crm = reader.connection("CRM contacts to warehouse")["connectionId"]
    failed = reader.get("/jobs", status="failed")["data"]
    assert [job["connectionId"] for job in failed] == [crm] * 3
    assert reader.get("/jobs", jobType="reset")["data"] == []
    assert reader.get("/jobs", status="queued")["data"] == []
    assert reader.get("/jobs", createdAtStart="2199-01-01T00:00:00Z")["data"] == []
    before = reader.get("/jobs", limit=100, createdAtEnd=failed[1]["startTime"])["data"]
    assert failed[1] in before
    assert failed[2] not in before
    elsewhere = reader.get("/jobs", limit=100, workspaceIds=marketing(reader))["data"]
    names = {reader.get(f"/connections/{job['connectionId']}")["name"] for job in elsewhere}
    assert names == {"Ad spend to warehouse"}


@pytest.mark.parametrize(
    "query", ["status=done", "jobType=copy", "createdAtStart=today", "connectionId=mine"]
)
def test_a_filter_that_cannot_be_understood_is_400(reader: SandboxUser, query: str) -> None:
    assert reader.http.get(f"{reader.address.api_url}/jobs?{query}").status_code == 400


def test_a_job_looks_as_a_current_airbyte_shows_it(reader: SandboxUser) -> None:
    job: Json = reader.get("/jobs", status="succeeded", limit=1)["data"][0]
    assert isinstance(job["jobId"], int)
    assert "createdAt" not in job
    assert job["startTime"].endswith(":00Z") or len(job["startTime"]) == len("2026-01-01T10:00Z")
    assert job["duration"].startswith("PT")
    assert job == reader.get(f"/jobs/{job['jobId']}")


def test_start_times_drop_zero_seconds(reader: SandboxUser) -> None:
    orders = reader.connection("Orders to warehouse")["connectionId"]
    starts = [job["startTime"] for job in reader.get("/jobs", connectionId=orders)["data"]]
    assert starts
    assert all(start.endswith("T02:00Z") for start in starts)


@pytest.mark.parametrize(("job_id", "status"), [("99999", 404), ("x", 400), (str(2**64), 400)])
def test_a_job_that_is_not_there(reader: SandboxUser, job_id: str, status: int) -> None:
    assert reader.call("GET", f"/jobs/{job_id}").status_code == status


def test_secrets_in_configurations_are_masked(reader: SandboxUser) -> None:
    for kind in ("sources", "destinations"):
        text = reader.call("GET", f"/{kind}", limit=100).text
        assert "**********" in text
        assert "demo-" not in text


def test_schedules_are_read_in_three_forms(reader: SandboxUser) -> None:
    assert reader.connection("Orders to warehouse")["schedule"] == {
        "scheduleType": "cron", "cronExpression": "0 0 2 * * ? UTC"
    }  # fmt: skip
    assert reader.connection("Support tickets to warehouse")["schedule"] == {
        "scheduleType": "basic", "basicTiming": "Every 24 HOURS"
    }  # fmt: skip
    assert reader.connection("Clickstream backfill")["schedule"] == {"scheduleType": "manual"}


def test_connections_are_found_by_tag_and_next_forgets_it(reader: SandboxUser) -> None:
    tag = reader.connection("Orders to warehouse")["tags"][0]["tagId"]
    other = reader.connection("Ad spend to warehouse")["tags"][0]["tagId"]
    page = reader.get("/connections", tagIds=tag)
    assert {item["name"] for item in page["data"]} == {"Orders to warehouse", "Billing to warehouse"}
    both = reader.get("/connections", tagIds=f"{tag},{other}")["data"]
    assert {item["name"] for item in both} == {
        "Orders to warehouse", "Billing to warehouse", "Ad spend to warehouse"
    }  # fmt: skip
    assert "tag" not in page["next"]


def test_the_fleet_has_one_name_twice_and_every_state_of_interest(reader: SandboxUser) -> None:
    connections = reader.get("/connections", limit=100)["data"]
    names = [item["name"] for item in connections]
    assert names.count("Product usage to warehouse") == 2
    assert {item["status"] for item in connections} == {"active", "inactive", "locked"}


def test_the_history_of_the_failing_connection_tells_why(reader: SandboxUser) -> None:
    failed = reader.get("/jobs", status="failed")["data"]
    (failure,) = reader.attempts(failed[-1]["jobId"])[0]["failureSummary"]["failures"]
    assert failure["failureOrigin"] == "source"
    assert failure["failureType"] == "config_error"
    assert "API key has expired" in failure["externalMessage"]


def test_the_config_api_tells_an_unknown_job_in_its_own_words(reader: SandboxUser) -> None:
    answer = reader.http.post(f"{reader.address.url}/api/v1/jobs/get_without_logs", json={"id": 99999})
    assert answer.status_code == 404
    assert "99999" in answer.json()["message"]
