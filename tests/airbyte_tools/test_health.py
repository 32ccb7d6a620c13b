"""The verdict on a connection follows from its jobs, and says no more than they do."""

from datetime import UTC, datetime, timedelta

import pytest

from airbyte_client import (
    Connection,
    ConnectionStatus,
    CronSchedule,
    IntervalSchedule,
    IntervalUnit,
    Job,
    JobStatus,
    JobType,
    ManualSchedule,
    Schedule,
)
from airbyte_tools.health import Condition, Health, History, judge

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HOURLY = CronSchedule(expression="0 0 * * * ?")
DAILY_AT_SIX = CronSchedule(expression="0 0 6 * * ?")


def connection(
    schedule: Schedule | None = None, status: ConnectionStatus = ConnectionStatus.ACTIVE
) -> Connection:
    return Connection(
        connection_id="c", name="C", source_id="s", destination_id="d", status=status, schedule=schedule
    )


def job(
    number: int,
    status: str,
    hours_ago: float,
    *,
    rows: int | None = 1000,
    minutes: float = 5,
    job_type: JobType = JobType.SYNC,
) -> Job:
    return Job(
        job_id=number,
        status=JobStatus(status),
        job_type=job_type,
        connection_id="c",
        startTime=NOW - timedelta(hours=hours_ago),
        duration=timedelta(minutes=minutes),
        rows_synced=rows,
    )


def successes(count: int, *, first_hours_ago: float = 1, rows: int = 1000) -> list[Job]:
    return [job(100 - n, "succeeded", first_hours_ago + n, rows=rows) for n in range(count)]


def verdict(jobs: list[Job], schedule: Schedule | None = None, since: datetime | None = None) -> Health:
    return judge(connection(schedule), History(jobs=jobs, since=since), NOW)


def test_failures_in_a_row_are_counted_from_the_newest_to_the_last_success() -> None:
    health = verdict([job(9, "failed", 1), job(8, "failed", 2), job(7, "succeeded", 3), job(6, "failed", 4)])

    assert (health.condition, health.streak) == (Condition.FAILING, 2)
    assert health.since == NOW - timedelta(hours=2)
    assert health.detail == "2 syncs failed in a row, the first 2 hours ago"


def test_a_streak_that_reaches_the_end_of_what_was_read_is_at_least_that_long() -> None:
    jobs = [job(9, "failed", 1), job(8, "failed", 2)]

    assert "at least 2 syncs" in verdict(jobs, since=NOW - timedelta(hours=3)).detail
    assert "at least" not in verdict(jobs, since=None).detail


def test_a_cancelled_sync_neither_ends_a_streak_nor_counts() -> None:
    health = verdict([job(9, "cancelled", 1), job(8, "failed", 2), job(7, "succeeded", 3)])

    assert (health.condition, health.streak) == (Condition.FAILING, 1)


def test_a_failed_reset_is_no_failing_sync() -> None:
    jobs = [job(9, "failed", 0.1, job_type=JobType.RESET), *successes(3)]

    assert verdict(jobs).condition is Condition.HEALTHY


def test_a_failing_connection_stays_failing_while_it_runs_again() -> None:
    assert verdict([job(9, "running", 0.1), job(8, "failed", 1)]).condition is Condition.FAILING


@pytest.mark.parametrize(
    ("schedule", "last_hours_ago", "condition"),
    [
        (HOURLY, 0.5, Condition.HEALTHY),
        (HOURLY, 3, Condition.LATE),
        (DAILY_AT_SIX, 6, Condition.HEALTHY),
        (DAILY_AT_SIX, 30, Condition.LATE),
        (IntervalSchedule(every=2, unit=IntervalUnit.HOURS), 1, Condition.HEALTHY),
        (IntervalSchedule(every=2, unit=IntervalUnit.HOURS), 5, Condition.LATE),
        (ManualSchedule(), 500, Condition.HEALTHY),
        (CronSchedule(expression="no cron at all"), 500, Condition.HEALTHY),
        (None, 500, Condition.HEALTHY),
    ],
)
def test_lateness_is_measured_against_the_connections_own_schedule(
    schedule: Schedule | None, last_hours_ago: float, condition: Condition
) -> None:
    jobs = [job(9, "succeeded", last_hours_ago), *successes(3, first_hours_ago=last_hours_ago + 24)]

    assert verdict(jobs, schedule).condition is condition


def test_a_run_is_not_late_before_it_could_have_begun() -> None:
    just_due = judge(
        connection(DAILY_AT_SIX),
        History(jobs=[job(9, "succeeded", 25)], since=None),
        datetime(2026, 11, 23, 6, 10, tzinfo=UTC),
    )

    assert just_due.condition is Condition.HEALTHY


def test_a_running_job_is_measured_against_the_usual_duration() -> None:
    usual = successes(4, first_hours_ago=5)

    assert verdict([job(200, "running", 0.2), *usual]).condition is Condition.RUNNING
    assert verdict([job(200, "running", 2), *usual]).condition is Condition.RUNNING_LONG
    assert verdict([job(200, "running", 2), *usual[:1]]).condition is Condition.RUNNING, (
        "one run is no usual one"
    )


def test_an_incomplete_job_is_still_running() -> None:
    health = verdict([job(9, "incomplete", 0.1)])

    assert health.condition is Condition.RUNNING
    assert "tries again" in health.detail


@pytest.mark.parametrize(
    ("newest", "usually", "condition"),
    [
        (0, 1000, Condition.SUSPICIOUS),
        (None, 1000, Condition.SUSPICIOUS),
        (0, 0, Condition.HEALTHY),
        (100, 1000, Condition.SUSPICIOUS),
        (900, 1000, Condition.HEALTHY),
        (9000, 1000, Condition.SUSPICIOUS),
        (5, 50, Condition.HEALTHY),
    ],
)
def test_a_success_is_compared_with_the_usual_volume(
    newest: int | None, usually: int, condition: Condition
) -> None:
    jobs = [job(200, "succeeded", 0.5, rows=newest), *successes(5, rows=usually)]

    assert verdict(jobs).condition is condition


def test_nothing_is_said_to_have_never_run_unless_all_was_read() -> None:
    assert verdict([]).detail == "it has never run"
    assert verdict([], since=NOW - timedelta(days=2)).detail == "no run since 2 days ago"


def test_a_paused_connection_is_paused_whatever_its_jobs_say() -> None:
    paused = judge(
        connection(HOURLY, ConnectionStatus.INACTIVE), History(jobs=[job(1, "failed", 500)], since=None), NOW
    )

    assert paused.condition is Condition.PAUSED
