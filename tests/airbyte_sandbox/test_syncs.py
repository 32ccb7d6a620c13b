import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sandbox_user import SandboxUser


def test_a_sync_lands_exactly_the_rows_and_bytes_it_reports(user: SandboxUser, tmp_path: Path) -> None:
    connection = user.connection("Product catalogue to lake")
    assert user.rows("Product catalogue to lake") == []
    job = user.sync("Product catalogue to lake")
    records = _read_source(user, connection["sourceId"], tmp_path)
    landed = user.rows("Product catalogue to lake", "SELECT id, name, price, updated_at FROM {table}")
    assert landed == [record["record"]["data"] for record, _ in records]
    assert job["rowsSynced"] == len(landed) == 240
    assert job["bytesSynced"] == sum(size for _, size in records)


def test_a_new_job_is_pending_or_running_and_tells_no_counts_before_its_end(user: SandboxUser) -> None:
    job_id = user.start("Clickstream backfill")
    job = user.running(job_id)["job"]
    assert job["lastUpdatedAt"] is None
    assert (job["rowsSynced"], job["bytesSynced"]) == (None, None)
    stats = user.attempts(job_id)[0]["totalStats"]
    assert stats["recordsEmitted"] >= stats["recordsCommitted"] > 0
    assert stats["estimatedRecords"] == 200_000


def test_a_second_incremental_sync_appends_only_what_is_new(user: SandboxUser) -> None:
    first = user.sync("Web events to lake")
    second = user.sync("Web events to lake")
    assert (first["rowsSynced"], second["rowsSynced"]) == (3000, 250)
    by_job = user.rows(
        "Web events to lake",
        "SELECT _airbyte_job_id AS job, count(*) AS n, min(updated_at) AS low, max(updated_at) AS high"
        " FROM {table} GROUP BY 1 ORDER BY 1",
    )
    assert [(row["job"], row["n"]) for row in by_job] == [(first["jobId"], 3000), (second["jobId"], 250)]
    assert by_job[0]["high"] < by_job[1]["low"]


def test_a_deduplicated_stream_keeps_the_newest_row_of_each_key(user: SandboxUser) -> None:
    user.sync("Support tickets to warehouse")
    job = user.sync("Support tickets to warehouse")
    assert job["rowsSynced"] == 25
    rows = user.rows("Support tickets to warehouse", "SELECT id, _airbyte_job_id AS job FROM {table}")
    assert len(rows) == len({row["id"] for row in rows})
    assert 400 < len(rows) < 425
    replaced = [row for row in rows if row["id"] <= 400 and row["job"] == job["jobId"]]
    assert len(replaced) == 425 - len(rows)


def test_an_overwrite_replaces_and_an_append_adds(user: SandboxUser) -> None:
    for name, after_two in (("Product catalogue to lake", 240), ("Ad spend to warehouse", 360)):
        user.sync(name)
        user.sync(name)
        assert len(user.rows(name)) == after_two


def test_the_failing_connection_fails_again_and_says_why(user: SandboxUser) -> None:
    job = user.ended(user.start("CRM contacts to warehouse"))
    assert job["status"] == "failed"
    (attempt,) = user.attempts(job["jobId"])
    (failure,) = attempt["failureSummary"]["failures"]
    assert failure["failureType"] == "config_error"
    assert failure["retryable"] is False
    assert "API key has expired" in failure["externalMessage"]


def test_a_second_sync_is_refused_with_409_while_the_first_one_runs(user: SandboxUser) -> None:
    identifier = user.connection("Clickstream backfill")["connectionId"]
    user.running(user.start("Clickstream backfill"))
    answer = user.call("POST", "/jobs", {"connectionId": identifier, "jobType": "sync"})
    assert answer.status_code == 409
    assert answer.json()["title"] == "try-again-later"
    assert answer.json()["data"]["message"] == f"A sync is already running for: {identifier}"


def test_a_sync_of_a_paused_connection_is_an_opaque_409(user: SandboxUser) -> None:
    identifier = user.connection("Billing to warehouse")["connectionId"]
    answer = user.call("POST", "/jobs", {"connectionId": identifier, "jobType": "sync"})
    assert answer.status_code == 409
    assert answer.json()["title"] == "state-conflict"
    assert answer.json()["data"]["message"] == "Could not fulfill request"


def test_a_refresh_is_422_and_other_bad_triggers_are_400_or_404(user: SandboxUser) -> None:
    identifier = user.connection("Orders to warehouse")["connectionId"]
    refresh = user.call("POST", "/jobs", {"connectionId": identifier, "jobType": "refresh"})
    assert refresh.status_code == 422
    assert refresh.json()["data"]["message"] == "Refreshes are not supported in the public API"
    assert user.call("POST", "/jobs", {"connectionId": identifier}).status_code == 400
    assert user.call("POST", "/jobs", {"jobType": "sync"}).status_code == 400
    unknown = {"connectionId": "00000000-0000-4000-8000-000000000000", "jobType": "sync"}
    assert user.call("POST", "/jobs", unknown).status_code == 404


def test_fifty_triggers_at_once_start_exactly_one_job(user: SandboxUser) -> None:
    identifier = user.connection("Clickstream backfill")["connectionId"]
    before = len(user.get("/jobs", connectionId=identifier)["data"])

    def trigger(_: int) -> int:
        return user.call("POST", "/jobs", {"connectionId": identifier, "jobType": "sync"}).status_code

    with ThreadPoolExecutor(50) as pool:
        statuses = list(pool.map(trigger, range(50)))
    assert set(statuses) <= {200, 409}
    assert 200 in statuses
    assert len(user.get("/jobs", connectionId=identifier)["data"]) == before + 1


def test_a_source_killed_in_the_middle_is_tried_again_and_no_row_is_lost_or_double(user: SandboxUser) -> None:
    job_id = user.start("Orders to warehouse")
    pid = user.running(job_id, records=200)["pid"]
    os.kill(pid, signal.SIGKILL)
    job = user.ended(job_id)
    assert job["status"] == "succeeded"
    first, second = user.attempts(job_id)
    assert "killed by signal 9" in first["failureSummary"]["failures"][0]["externalMessage"]
    assert first["failureSummary"]["partialSuccess"] is True
    committed = [attempt["totalStats"]["recordsCommitted"] for attempt in (first, second)]
    assert sum(committed) == job["rowsSynced"] == 2000
    counts = {stream["stream"]: stream["rows"] for stream in _sink(user, "Orders to warehouse")}
    assert counts == {"orders": 1500, "customers": 500}


def test_cancel_acts_on_the_connection_whichever_of_its_jobs_is_named(user: SandboxUser) -> None:
    finished = user.start("Clickstream backfill")
    user.running(finished)
    assert user.call("DELETE", f"/jobs/{finished}").json()["status"] == "cancelled"
    running = user.start("Clickstream backfill")
    user.running(running)
    answer = user.call("DELETE", f"/jobs/{finished}")
    assert (answer.status_code, answer.json()["jobId"]) == (200, finished)
    assert user.get(f"/jobs/{running}")["status"] == "cancelled"


def test_a_cancelled_job_keeps_its_rows_and_the_next_sync_goes_on_behind_them(user: SandboxUser) -> None:
    first = user.start("Clickstream backfill")
    pid = user.running(first, records=100)["pid"]
    cancelled = user.call("DELETE", f"/jobs/{first}").json()
    assert cancelled["rowsSynced"] == len(user.rows("Clickstream backfill")) >= 100
    assert not Path(f"/proc/{pid}").exists()
    second = user.start("Clickstream backfill")
    user.running(second, records=1)
    user.call("DELETE", f"/jobs/{second}")
    ids = [row["id"] for row in user.rows("Clickstream backfill", "SELECT id FROM {table} ORDER BY id")]
    assert ids == list(range(1, len(ids) + 1))
    assert len(ids) > cancelled["rowsSynced"]


def test_cancelling_when_nothing_runs_changes_nothing_and_an_unknown_job_is_409(user: SandboxUser) -> None:
    job = user.sync("Product catalogue to lake")
    answer = user.call("DELETE", f"/jobs/{job['jobId']}")
    assert (answer.status_code, answer.json()) == (200, job)
    unknown = user.call("DELETE", "/jobs/99999")
    assert unknown.status_code == 409
    assert unknown.json()["data"]["message"] == "Job is not currently running"


def test_a_clear_cancels_the_sync_empties_the_tables_and_forgets_the_cursor(user: SandboxUser) -> None:
    sync = user.start("Clickstream backfill")
    user.running(sync, records=100)
    identifier = user.connection("Clickstream backfill")["connectionId"]
    answer = user.call("POST", "/jobs", {"connectionId": identifier, "jobType": "clear"})
    assert answer.json()["jobType"] == "reset"
    assert user.ended(answer.json()["jobId"])["status"] == "succeeded"
    assert user.get(f"/jobs/{sync}")["status"] == "cancelled"
    assert user.rows("Clickstream backfill") == []
    again = user.start("Clickstream backfill")
    user.running(again, records=1)
    user.call("DELETE", f"/jobs/{again}")
    assert user.rows("Clickstream backfill", "SELECT min(id) AS low FROM {table}") == [{"low": 1}]


def test_a_clear_leaves_other_connections_of_the_destination_alone(user: SandboxUser) -> None:
    user.sync("Product catalogue to lake")
    user.sync("Web events to lake")
    user.ended(user.start("Web events to lake", "reset"))
    assert user.rows("Web events to lake") == []
    assert len(user.rows("Product catalogue to lake")) == 240


def _sink(user: SandboxUser, name: str) -> list[dict[str, object]]:
    streams: list[dict[str, object]] = user.control(f"/sink/{user.connection(name)['connectionId']}")[
        "streams"
    ]
    return streams


def _read_source(
    user: SandboxUser, source_id: str, folder: Path
) -> list[tuple[dict[str, dict[str, object]], int]]:
    """The records that the source's executable gives by itself, each with the bytes of its line."""
    config = user.get(f"/sources/{source_id}")["configuration"]
    stream = {"stream": {"name": "products"}, "sync_mode": "full_refresh"}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "catalog.json").write_text(json.dumps({"streams": [stream]}))
    command = [sys.executable, "-m", "airbyte_sandbox.sources.sample", "read"]
    output = subprocess.run(
        [*command, "--config", folder / "config.json", "--catalog", folder / "catalog.json"],
        capture_output=True,
        check=True,
    ).stdout
    lines = [(json.loads(line), len(line)) for line in output.splitlines()]
    return [(message, size) for message, size in lines if message["type"] == "RECORD"]
