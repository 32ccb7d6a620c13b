"""What a connection's jobs say about it: failing, late, slow, suspicious or well.

Pure judgement over jobs that were read elsewhere. Whatever is not known is
said as not known: a streak that reaches the end of what was read is "at least".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from statistics import median

from airbyte_client import Connection, ConnectionStatus, Job, JobStatus, JobType
from airbyte_tools.dues import last_due
from airbyte_tools.words import ago, counted, length, rows, schedule_words

FEWEST_TO_COMPARE = 3
SLOW_FACTOR, SLOW_MARGIN = 2, timedelta(minutes=10)
FAR_FACTOR, FAR_FROM_ROWS = 5, 100
SHORTEST_GRACE = timedelta(minutes=15)


class Condition(StrEnum):
    """What a connection is like; what needs a person first stands first."""

    FAILING = "failing"
    RUNNING_LONG = "running_long"
    LATE = "late"
    SUSPICIOUS = "suspicious"
    NEVER_RAN = "never_ran"
    PAUSED = "paused"
    RUNNING = "running"
    HEALTHY = "healthy"


NEEDS_A_PERSON = frozenset(
    {Condition.FAILING, Condition.RUNNING_LONG, Condition.LATE, Condition.SUSPICIOUS, Condition.NEVER_RAN}
)


@dataclass(frozen=True, kw_only=True)
class History:
    """What was read of a connection's jobs.

    Attributes:
        jobs: Newest first, of any type.
        since: Jobs created before this were not read; None when all were.
    """

    jobs: Sequence[Job]
    since: datetime | None


@dataclass(frozen=True, kw_only=True)
class Health:
    """The verdict on one connection.

    Attributes:
        condition: The most urgent thing to say.
        detail: One clause that says it in full.
        since: Since when it is so, as far as known.
        job: The job that shows it, if one does.
        streak: How many syncs failed in a row, up to now.
    """

    condition: Condition
    detail: str
    since: datetime | None = None
    job: Job | None = None
    streak: int = 0


def judge(connection: Connection, history: History, now: datetime) -> Health:
    """The most urgent thing that is to be said about a connection."""
    if connection.status is not ConnectionStatus.ACTIVE:
        return Health(condition=Condition.PAUSED, detail=f"it is {connection.status.value}")
    running = next((job for job in history.jobs if not job.status.is_terminal), None)
    checks = (
        _failing(history, now),
        _running_long(running, history, now) if running else _late(connection, history, now),
        _suspicious(history),
        None if running else _never_ran(history, now),
        _running(running, now) if running else None,
    )
    return next((health for health in checks if health), _healthy(history, now))


def failed_in_a_row(history: History) -> list[Job]:
    """The newest syncs that failed one after the other, newest first; cancelled ones tell nothing."""
    streak: list[Job] = []
    for job in _ended_syncs(history):
        if job.status is JobStatus.SUCCEEDED:
            break
        if job.status is JobStatus.FAILED:
            streak.append(job)
    return streak


def usual_rows(history: History, but: Job | None = None) -> float | None:
    """The median rows of successful syncs, one of them left out; None where too few tell."""
    counts = [j.rows_synced for j in _successes(history, but) if j.rows_synced is not None]
    return median(counts) if len(counts) >= FEWEST_TO_COMPARE else None


def usual_duration(history: History) -> timedelta | None:
    """The median duration of successful syncs; None where too few tell."""
    seconds = [j.duration.total_seconds() for j in _successes(history, None) if j.duration is not None]
    return timedelta(seconds=median(seconds)) if len(seconds) >= FEWEST_TO_COMPARE else None


def _ended_syncs(history: History) -> list[Job]:
    return [j for j in history.jobs if j.job_type is JobType.SYNC and j.status.is_terminal]


def _successes(history: History, but: Job | None) -> list[Job]:
    return [j for j in _ended_syncs(history) if j.status is JobStatus.SUCCEEDED and j is not but]


def _failing(history: History, now: datetime) -> Health | None:
    streak = failed_in_a_row(history)
    if not streak:
        return None
    succeeded_before = any(j.status is JobStatus.SUCCEEDED for j in _ended_syncs(history))
    at_least = "" if succeeded_before or history.since is None else "at least "
    began = streak[-1].started_at
    many = "the last sync failed" if len(streak) == 1 else f"{at_least}{len(streak)} syncs failed in a row"
    detail = f"{many}, {'' if len(streak) == 1 else 'the first '}{ago(began, now)}"
    return Health(condition=Condition.FAILING, detail=detail, since=began, job=streak[0], streak=len(streak))


def _running_long(running: Job, history: History, now: datetime) -> Health | None:
    usual = usual_duration(history)
    if usual is None or running.started_at is None:
        return None
    taken = now - running.started_at
    if taken <= max(usual * SLOW_FACTOR, usual + SLOW_MARGIN):
        return None
    detail = f"job {running.job_id} runs for {length(taken)}; usually {length(usual)}"
    return Health(condition=Condition.RUNNING_LONG, detail=detail, since=running.started_at, job=running)


def _late(connection: Connection, history: History, now: datetime) -> Health | None:
    last = next((j for j in history.jobs if j.started_at is not None), None)
    read_from = last.started_at if last else history.since or connection.created_at
    if connection.schedule is None or read_from is None:
        return None
    grace = max(usual_duration(history) or timedelta(0), SHORTEST_GRACE)
    due = last_due(connection.schedule, since=read_from, until=now - grace)
    if due is None:
        return None
    words = schedule_words(connection.schedule)
    then = "no job has begun since" if last else "no job of it is known"
    detail = f"it should have run {ago(due, now)} ({words}), and {then}"
    return Health(condition=Condition.LATE, detail=detail, since=due, job=last)


def _suspicious(history: History) -> Health | None:
    newest = next(iter(_ended_syncs(history)), None)
    if newest is None or newest.status is not JobStatus.SUCCEEDED:
        return None
    found, usual = newest.rows_synced, usual_rows(history, but=newest)
    told = f"job {newest.job_id} succeeded with {rows(found)}"
    if not found and (usual is None or usual > 0):
        compared = f"usually {rows(round(usual))}" if usual else "it may not have run at all"
    elif found and usual is not None and _is_far(found, usual):
        compared = f"usually {rows(round(usual))}"
    else:
        return None
    return Health(
        condition=Condition.SUSPICIOUS, detail=f"{told}; {compared}", since=newest.started_at, job=newest
    )


def _is_far(found: int, usual: float) -> bool:
    if max(found, usual) < FAR_FROM_ROWS:
        return False
    return found > usual * FAR_FACTOR or found * FAR_FACTOR < usual


def _never_ran(history: History, now: datetime) -> Health | None:
    if history.jobs:
        return None
    known = "it has never run" if history.since is None else f"no run since {ago(history.since, now)}"
    return Health(condition=Condition.NEVER_RAN, detail=known)


def _running(running: Job, now: datetime) -> Health:
    retries = "; an attempt failed, Airbyte tries again" if running.status is JobStatus.INCOMPLETE else ""
    detail = (
        f"job {running.job_id} is {running.status.value}, created {ago(running.started_at, now)}{retries}"
    )
    return Health(condition=Condition.RUNNING, detail=detail, since=running.started_at, job=running)


def _healthy(history: History, now: datetime) -> Health:
    last = next(iter(_ended_syncs(history)), None)
    if last is None:
        return Health(condition=Condition.HEALTHY, detail="no sync has ended yet")
    detail = f"{last.status.value} {ago(last.updated_at or last.started_at, now)}, {rows(last.rows_synced)}"
    return Health(condition=Condition.HEALTHY, detail=detail, since=last.started_at, job=last)


def counts_of(verdicts: Sequence[Health]) -> dict[Condition, int]:
    """How many connections are in each condition, the most urgent first, none left out."""
    return {condition: sum(v.condition is condition for v in verdicts) for condition in Condition}


def summed_up(counts: dict[Condition, int]) -> str:
    """Counts as words: "2 failing, 1 late, 20 healthy"."""
    told = [f"{count} {condition.value.replace('_', ' ')}" for condition, count in counts.items() if count]
    return ", ".join(told) if told else counted(0, "connection")
