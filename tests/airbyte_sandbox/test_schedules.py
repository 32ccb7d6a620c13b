"""Schedules that fire, on a clock that the test moves."""

from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from airbyte_sandbox import ManualClock, SandboxSettings, start_in_thread
from airbyte_sandbox.cron import CronError, checked_cron
from airbyte_sandbox.cron_runs import next_run
from airbyte_sandbox.runs.scheduler import interval
from sandbox_user import Json, SandboxUser

QUARTZ_ANSWERS = Path(__file__).parent.parent / "airbyte_client" / "quartz_runs.tsv"
NOON = datetime(2026, 5, 4, 12, 0, 30, tzinfo=UTC)
USAGE = "Product usage to warehouse"
TICKETS = "Support tickets to warehouse"


@pytest.fixture
def operator() -> Generator[SandboxUser]:
    """A user of a sandbox whose clock stands at noon of a Monday."""
    settings = SandboxSettings(token_seconds=10**9, time_factor=0)
    with start_in_thread(settings, clock=ManualClock(NOON)) as sandbox:
        user = SandboxUser(sandbox.address)
        yield user
        user.close()


def clock(user: SandboxUser, **body: Json) -> Json:
    answer = user.http.post(f"{user.address.url}/_sandbox/clock", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def newest(user: SandboxUser, name: str) -> Json:
    identifier = user.connection(name)["connectionId"]
    return user.get("/jobs", connectionId=identifier, orderBy="createdAt|DESC", limit=1)["data"][0]


def fired(user: SandboxUser, name: str, after: int) -> Json:
    """The next job of the connection, which must come by itself, at its end."""
    identifier = user.connection(name)["connectionId"]
    waited = user.control(f"/connections/{identifier}/wait", after=after, timeout=20)
    assert waited["job"] is not None, "no job came"
    return user.ended(waited["job"]["jobId"])


def test_a_cron_schedule_fires_at_its_time_and_not_before(operator: SandboxUser) -> None:
    before = newest(operator, USAGE)["jobId"]
    clock(operator, advanceSeconds=16 * 3600 + 869)
    assert newest(operator, USAGE)["jobId"] == before
    clock(operator, advanceSeconds=1)
    job = fired(operator, USAGE, before)
    assert (job["status"], job["startTime"]) == ("succeeded", "2026-05-05T04:15Z")
    assert job["rowsSynced"] == 600


def test_an_interval_counts_from_the_last_job_however_that_was_started(operator: SandboxUser) -> None:
    job = operator.sync(TICKETS)
    clock(operator, advanceSeconds=24 * 3600 - 1)
    assert newest(operator, TICKETS)["jobId"] == job["jobId"]
    clock(operator, advanceSeconds=1)
    assert fired(operator, TICKETS, job["jobId"])["startTime"] == "2026-05-05T12:00:30Z"


def test_a_run_that_comes_due_while_another_job_runs_waits_for_its_end(operator: SandboxUser) -> None:
    rule = {"kind": "stuck_job", "connectionId": operator.connection(USAGE)["connectionId"]}
    operator.http.post(f"{operator.address.url}/_sandbox/faults", json=rule)
    stuck = operator.start(USAGE)
    operator.running(stuck, records=0)
    clock(operator, advanceSeconds=17 * 3600)
    assert newest(operator, USAGE)["jobId"] == stuck
    operator.call("DELETE", f"/jobs/{stuck}")
    assert fired(operator, USAGE, stuck)["status"] == "succeeded"


def test_times_that_were_jumped_over_count_as_one_run(operator: SandboxUser) -> None:
    before = newest(operator, USAGE)["jobId"]
    clock(operator, advanceSeconds=5 * 86_400)
    job = fired(operator, USAGE, before)
    clock(operator, advanceSeconds=1)
    assert newest(operator, USAGE)["jobId"] == job["jobId"]


def test_a_paused_connection_does_not_fire_and_a_new_schedule_counts_from_now(operator: SandboxUser) -> None:
    before = newest(operator, USAGE)["jobId"]
    path = f"/connections/{operator.connection(USAGE)['connectionId']}"
    operator.call("PATCH", path, {"status": "inactive"})
    clock(operator, advanceSeconds=86_400)
    assert newest(operator, USAGE)["jobId"] == before
    schedule = {"scheduleType": "cron", "cronExpression": "0 30 13 * * ?"}
    operator.call("PATCH", path, {"status": "active", "schedule": schedule})
    assert newest(operator, USAGE)["jobId"] == before
    clock(operator, advanceSeconds=5370)
    assert fired(operator, USAGE, before)["startTime"] == "2026-05-05T13:30Z"


def test_a_frozen_clock_stands_until_it_is_let_go(user: SandboxUser) -> None:
    stopped = clock(user, frozen=True)
    assert user.control("/clock") == stopped
    moved = clock(user, advanceSeconds=60)
    went = datetime.fromisoformat(moved["now"]) - datetime.fromisoformat(stopped["now"])
    assert went == timedelta(seconds=60)
    running = clock(user, frozen=False)
    assert running["frozen"] is False
    assert user.control("/clock")["now"] > running["now"]


@pytest.mark.parametrize(
    "body", [{"advanceSeconds": -1}, {"advanceSeconds": 10**12}, {"advanceSeconds": 9e8 * 400}, {"frozen": 1}, {"freeze": True}]
)  # fmt: skip
def test_a_clock_that_would_go_back_or_out_of_time_is_400(reader: SandboxUser, body: Json) -> None:
    assert reader.http.post(f"{reader.address.url}/_sandbox/clock", json=body).status_code == 400


@pytest.mark.parametrize(
    ("expression", "runs"),
    [
        ("0 30 13 * * ?", ["2026-05-04T13:30", "2026-05-05T13:30"]),
        ("0 0 */6 * * ?", ["2026-05-04T18:00", "2026-05-05T00:00"]),
        ("5 0 22-2/2 * * ?", ["2026-05-04T22:00:05", "2026-05-05T00:00:05", "2026-05-05T02:00:05"]),
        ("0 0 9 ? * MON-FRI", ["2026-05-05T09:00", "2026-05-06T09:00", "2026-05-07T09:00", "2026-05-08T09:00", "2026-05-11T09:00"]),
        ("0 0 9 ? * FRI-MON", ["2026-05-08T09:00", "2026-05-09T09:00", "2026-05-10T09:00", "2026-05-11T09:00"]),
        ("0 0 9 ? * 1", ["2026-05-10T09:00"]),
        ("0 0 9 ? * L", ["2026-05-09T09:00"]),
        ("0 0 9 ? * 6L", ["2026-05-29T09:00", "2026-06-26T09:00"]),
        ("0 0 9 ? * FRI#3", ["2026-05-15T09:00", "2026-06-19T09:00"]),
        ("0 0 9 L * ?", ["2026-05-31T09:00", "2026-06-30T09:00"]),
        ("0 0 9 L-3 * ?", ["2026-05-28T09:00", "2026-06-27T09:00"]),
        ("0 0 9 LW * ?", ["2026-05-29T09:00", "2026-06-30T09:00"]),
        ("0 0 9 16W * ?", ["2026-05-15T09:00", "2026-06-16T09:00"]),
        ("0 0 9 1W AUG ?", ["2026-08-03T09:00"]),
        ("0 0 9 29 FEB ?", ["2028-02-29T09:00", "2032-02-29T09:00"]),
        ("0 0 9 1 1 ? 2030", ["2030-01-01T09:00"]),
    ],
)  # fmt: skip
def test_quartz_expressions_run_when_quartz_would(expression: str, runs: list[str]) -> None:
    found: list[datetime] = []
    for _ in runs:
        run = next_run(checked_cron(expression), found[-1] if found else NOON)
        assert run is not None
        found.append(run)
    assert found == [datetime.fromisoformat(run).replace(tzinfo=UTC) for run in runs]


@pytest.mark.parametrize("expression", ["0 0 9 31 FEB ?", "0 0 9 1 1 ? 2020"])
def test_an_expression_that_never_runs_has_no_next_run(expression: str) -> None:
    assert next_run(checked_cron(expression), NOON) is None


def test_runs_agree_with_what_quartz_itself_answered() -> None:
    """Its answers lie beside the client's tests; those in UTC count that Airbyte takes as a schedule."""
    compared = 0
    for line in QUARTZ_ANSWERS.read_text(encoding="utf-8").splitlines():
        zone, start, expression, *runs = line.split("\t") if "\t" in line else ["", "", ""]
        try:
            checked = checked_cron(expression)
        except CronError:
            continue
        if zone != "UTC" or not runs:
            continue
        moment: datetime | None = datetime.fromisoformat(start)
        for run in runs:
            assert moment is not None
            moment = next_run(checked, moment)
            assert moment == datetime.fromisoformat(run), (expression, start)
        compared += 1
    assert compared > 30


def test_intervals_are_read_from_airbytes_words() -> None:
    assert interval("Every 24 HOURS") == timedelta(hours=24)
    assert interval("Every 1 WEEK") == timedelta(days=7)
    assert interval("whenever") is None
