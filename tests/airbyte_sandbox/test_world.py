"""Beginning again: reset, and fleets that the user describes."""

import json
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
        (changed(streams={"clicks": "full_refresh_append"}), "no stream 'clicks'; it has orders"),
        (changed(streams={"orders": "sideways"}), "'sideways' is none of full_refresh_overwrite"),
        (changed(streams={}), "it needs"),
        (changed(schedule={"cron": "daily"}), "schedule: "),
        (changed(source={"connector": "oracle"}), "no connector 'oracle'; there are sample, file"),
        (changed(source={"configuration": {"streams": {"x": 1}}}), "no stream 'x'"),
        (changed(jobs=[{"rows": 1}]), "hoursAgo"),
        (changed(jobs=[{"hoursAgo": 1, "status": "running"}]), "succeeded, failed or cancelled"),
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
