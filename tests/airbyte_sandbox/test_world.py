"""Beginning again: reset, and fleets that the user describes."""

import json
import re
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path

import pytest

from airbyte_sandbox import SandboxError, SandboxSettings, start_in_thread
from sandbox_user import Json, SandboxUser

FLEET: Json = {
    "connections": [
        {
            "name": "Ledger to lake",
            "workspace": "Finance",
            "source": {"name": "Ledger", "type": "sap", "configuration": {"streams": {"invoices": 30}}},
            "destination": {"name": "Lake", "type": "s3", "configuration": {"s3_bucket_name": "b"}},
            "streams": {"invoices": "incremental_append"},
            "schedule": {"everyHours": 6},
            "tags": ["finance"],
            "jobs": [
                {"hoursAgo": 5, "seconds": 60, "rows": 500},
                {"hoursAgo": 2, "status": "failed", "message": "The password was refused."},
            ],
        },
        {
            "name": "Paused",
            "source": {"configuration": {"streams": {"orders": 5}}},
            "streams": {"orders": "full_refresh_append"},
            "status": "inactive",
        },
    ]
}


def fleet(user: SandboxUser) -> Json:
    return [
        user.get(f"/{kind}", limit=100)["data"] for kind in ("workspaces", "sources", "connections", "jobs")
    ]


def post(user: SandboxUser, path: str, body: Json = None) -> Json:
    return user.http.post(f"{user.address.url}/_sandbox{path}", json=body)


def test_a_reset_brings_back_the_beginning_and_forgets_rows_faults_and_the_moved_clock(
    user: SandboxUser,
) -> None:
    sheet = "Product catalogue to lake"
    before = [item["name"] for item in user.get("/connections", limit=100)["data"]]
    jobs = len(user.get("/jobs", limit=100)["data"])
    user.sync(sheet)
    running = user.start("Clickstream backfill")
    pid = user.running(running)["pid"]
    user.call("PATCH", f"/connections/{user.connection(sheet)['connectionId']}", {"name": "Renamed"})
    post(user, "/faults", {"kind": "status", "method": "DELETE"})
    post(user, "/clock", {"frozen": True})
    assert post(user, "/reset").json()["frozen"] is False
    assert not Path(f"/proc/{pid}").exists()
    assert [item["name"] for item in user.get("/connections", limit=100)["data"]] == before
    assert len(user.get("/jobs", limit=100)["data"]) == jobs
    assert user.control("/faults") == {"faults": []}
    assert user.rows(sheet) == []
    assert user.sync(sheet)["rowsSynced"] == 240


def test_a_described_fleet_takes_the_place_of_the_demo(user: SandboxUser) -> None:
    assert post(user, "/seed", FLEET).status_code == 200
    workspaces, sources, connections, jobs = fleet(user)
    assert [item["name"] for item in workspaces] == ["Finance", "Default Workspace"]
    assert [item["sourceType"] for item in sources] == ["sap", "sample"]
    ledger = connections[0]
    assert ledger["schedule"] == {"scheduleType": "basic", "basicTiming": "Every 6 HOURS"}
    assert [tag["name"] for tag in ledger["tags"]] == ["finance"]
    assert [(job["status"], job["rowsSynced"]) for job in jobs] == [("succeeded", 500), ("failed", 0)]
    (failure,) = user.attempts(jobs[1]["jobId"])[0]["failureSummary"]["failures"]
    assert failure["externalMessage"] == "The password was refused."
    assert user.sync("Ledger to lake")["rowsSynced"] == 30


def test_a_sandbox_starts_from_a_seed_file_and_comes_back_to_it(tmp_path: Path) -> None:
    file = tmp_path / "fleet.json"
    file.write_text(json.dumps(FLEET))
    with start_in_thread(SandboxSettings(seed_file=file, schedules=False)) as sandbox:
        user = SandboxUser(sandbox.address)
        before = user.get("/connections")["data"]
        assert [item["name"] for item in before] == ["Ledger to lake", "Paused"]
        user.call("PATCH", f"/connections/{before[0]['connectionId']}", {"name": "Renamed"})
        post(user, "/reset")
        after = user.get("/connections")["data"]
        assert [item["connectionId"] for item in after] == [item["connectionId"] for item in before]
        assert [item["name"] for item in after] == ["Ledger to lake", "Paused"]
        user.close()


def changed(**item: Json) -> Json:
    return {"connections": [{**FLEET["connections"][1], **item}]}


@pytest.mark.parametrize(
    ("described", "reason"),
    [
        ({}, "needs"),
        (changed(name=""), "has no name"),
        (changed(status="gone"), "'gone' is none of active"),
        (changed(streams={"clicks": "full_refresh_append"}), "no stream 'clicks'; there are orders"),
        (changed(streams={"orders": "sideways"}), "'sideways' is none of full_refresh_overwrite"),
        (changed(streams={}), "it needs"),
        (changed(schedule={"cron": "daily"}), "schedule: "),
        (changed(source={"connector": "oracle"}), "no connector 'oracle'; there are sample, file"),
        (changed(source={"configuration": {"streams": {"x": 1}}}), "no stream 'x'"),
        (changed(jobs=[{"rows": 1}]), "hoursAgo"),
        (changed(jobs=[{"hoursAgo": 1, "status": "running"}]), "succeeded, failed or cancelled"),
        (changed(jobs=[{"hoursAgo": 1, "at": "02:00"}]), 'either "hoursAgo" or "at"'),
        (changed(jobs=[{"at": "25:00"}]), "a time of day in UTC"),
        (changed(jobs=[{"hoursAgo": 1, "rows": -1}]), '"rows" of a job must be a number from 0'),
        (changed(jobs=[{"hoursAgo": 1, "rows": 1.5}]), '"rows" of a job must be a whole number'),
        (changed(jobs=[{"hoursAgo": 1, "message": "?"}]), 'goes with "status": "failed"'),
        (changed(jobs="none"), '"jobs" of a connection must be a list'),
        ({"conections": []}, "did you mean 'connections'?"),
        (changed(stream={}), "unknown field 'stream'; there are name, workspace,"),
        (changed(stream={}), "did you mean 'streams'?"),
        (changed(Schedule={}), "did you mean 'schedule'?"),
        (changed(schedule={"corn": "0 0 2 * * ?"}), "did you mean 'cron'?"),
        (changed(schedule={"everyHours": "6"}), '"everyHours" of the schedule must be a number'),
        (changed(source={"conector": "file"}), "did you mean 'connector'?"),
        (changed(source={"connector": "sampel"}), "did you mean 'sample'?"),
        (changed(source="Shop"), "no connection before it describes 'Shop'"),
        (
            changed(source={"configuration": {"streams": {"orders": 5}, "new_row": 5}}),
            "did you mean 'new_rows'?",
        ),
        (
            changed(source={"configuration": {"streams": {"orders": 5}, "fail": {"kind": "x"}}}),
            "no kind 'x'; there are config_error",
        ),
        (changed(destination={"typ": "jsonl"}), "did you mean 'type'?"),
        (changed(destination={"type": "DuckBD"}), "'DuckBD'; did you mean 'duckdb'?"),
        (changed(jobs=[{"hoursago": 1}]), "did you mean 'hoursAgo'?"),
        (changed(jobs=[{"hoursAgo": 1, "status": "fialed"}]), "did you mean 'failed'?"),
        (changed(status="activ"), "did you mean 'active'?"),
        (changed(streams={"order": "full_refresh_append"}), "did you mean 'orders'?"),
        (changed(streams={"orders": "incremental"}), "'incremental' is none of"),
        (
            changed(streams={"orders": {"mode": "incremental_append", "cursor": "updated"}}),
            "no field 'updated'",
        ),
        (
            changed(streams={"orders": {"mode": "incremental_append", "fields": ["id"]}}),
            "must hold id, updated_at",
        ),
        (
            changed(streams={"orders": {"mode": "incremental_append", "feilds": ["id"]}}),
            "did you mean 'fields'?",
        ),
        (
            changed(tags=["finance", {"name": "finance", "color": "DC2626"}]),
            "described twice, and differently",
        ),
        (changed(tags=[5]), "a tag must be an object"),
        ({"connections": FLEET["connections"][1:] * 2}, "the same name"),
    ],
)
def test_a_fleet_that_cannot_be_understood_is_400_and_changes_nothing(
    reader: SandboxUser, described: Json, reason: str
) -> None:
    before = fleet(reader)
    answer = post(reader, "/seed", described)
    assert answer.status_code == 400
    assert reason in answer.json()["data"]["message"]
    assert fleet(reader) == before


def test_a_description_can_say_how_each_stream_is_synced_and_name_things_that_were_described_before(
    user: SandboxUser,
) -> None:
    first, second = FLEET["connections"]
    orders = {"mode": "incremental_deduped_history", "primaryKey": ["customer_id"]}
    described = {
        **second,
        "source": {"name": "Shop", "configuration": {"streams": {"orders": 50}}},
        "streams": {"orders": {**orders, "fields": ["customer_id", "amount", "updated_at"]}},
        "prefix": "shop_",
        "status": "active",
        "destination": {"name": "Ducks", "type": "duckdb"},
        "tags": [{"name": "finance", "color": "DC2626"}],
    }
    again = {**second, "name": "Again", "source": "Shop", "destination": "Ducks", "tags": ["daily"]}
    assert post(user, "/seed", {"connections": [described, again, first]}).status_code == 200
    one, other = user.get("/connections")["data"][:2]
    assert (one["sourceId"], one["destinationId"]) == (other["sourceId"], other["destinationId"])
    (stream,) = one["configurations"]["streams"]
    assert (stream["primaryKey"], stream["cursorField"]) == ([["customer_id"]], ["updated_at"])
    assert [tag["color"] for tag in one["tags"]] == ["DC2626"]
    user.sync("Paused")
    (table,) = user.control(f"/sink/{one['connectionId']}")["streams"]
    assert table["table"] == "shop_orders"
    assert 0 < table["rows"] <= 50


def test_a_past_can_be_told_by_the_time_of_day_with_its_reasons(user: SandboxUser) -> None:
    jobs = [
        {"at": "02:30", "daysAgo": 1, "rows": 10},
        {"at": "02:30", "status": "failed", "failureType": "config_error", "failureOrigin": "destination"},
        {"hoursAgo": 100, "minute": 5, "type": "reset"},
        {"hoursAgo": 200, "status": "cancelled"},
    ]
    assert post(user, "/seed", changed(jobs=jobs)).status_code == 200
    past = user.get("/jobs")["data"]
    assert [job["status"] for job in past] == ["cancelled", "succeeded", "succeeded", "failed"]
    assert [job["jobType"] for job in past] == ["sync", "reset", "sync", "sync"]
    times = [job["startTime"] for job in past]
    assert times[1].endswith(":05Z")
    before, last = (datetime.fromisoformat(time) for time in times[2:])
    assert (before.strftime("%H:%M:%S"), last - before) == ("02:30:00", timedelta(days=1))
    assert timedelta(0) <= datetime.now(UTC) - last <= timedelta(days=1, minutes=2)
    reasons = [user.attempts(job["jobId"])[0]["failureSummary"]["failures"][0] for job in (past[0], past[3])]
    assert [reason["failureType"] for reason in reasons] == ["manual_cancellation", "config_error"]
    assert reasons[1]["failureOrigin"] == "destination"


def test_the_example_of_the_documentation_works(user: SandboxUser) -> None:
    document = Path(__file__).parents[2] / "docs" / "sandbox.md"
    (example,) = re.findall(r"```json\n(.*?)```", document.read_text(), re.DOTALL)
    assert post(user, "/seed", json.loads(example)).status_code == 200
    assert user.sync("Orders to warehouse")["rowsSynced"] == 580


def test_the_demo_is_a_seed_file_that_anybody_may_change(user: SandboxUser) -> None:
    built_in = [item["connectionId"] for item in user.get("/connections", limit=100)["data"]]
    demo = json.loads(resources.files("airbyte_sandbox.seed").joinpath("demo.json").read_text())
    post(user, "/clock", {"frozen": True})
    assert post(user, "/seed", demo).status_code == 200
    before = fleet(user)
    assert post(user, "/seed", demo).status_code == 200
    assert fleet(user) == before
    assert [item["connectionId"] for item in before[2]] == built_in
    demo["connections"][0]["name"] = "Renamed"
    assert post(user, "/seed", demo).status_code == 200
    assert user.get("/connections")["data"][0]["name"] == "Renamed"


@pytest.mark.parametrize(
    ("content", "reason"), [(None, "cannot be read"), ("{", "is not JSON"), ("{}", "cannot be used: a seed")]
)
def test_a_seed_file_that_cannot_be_used_stops_the_start(
    tmp_path: Path, content: str | None, reason: str
) -> None:
    file = tmp_path / "fleet.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(SandboxError, match=reason):
        start_in_thread(SandboxSettings(seed_file=file))
