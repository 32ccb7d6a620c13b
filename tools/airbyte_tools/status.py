"""One connection's health: the verdict, why it failed, and what to do about it."""

from datetime import datetime

from airbyte_client import Connection, ConnectionStatus, FailureOrigin, FailureType, InvalidScheduleError, Job
from airbyte_client import JobDetails as Details
from airbyte_tools.answers import SyncStatus
from airbyte_tools.finding import Reference, find_connection
from airbyte_tools.health import Condition, Health, History, judge
from airbyte_tools.jobs import failure_rows, job_row, job_words
from airbyte_tools.redaction import plain_without_secrets
from airbyte_tools.tool import Arguments, ReadTool, ToolContext
from airbyte_tools.words import iso, plain, quoted, sentence

JOBS_READ, JOBS_SHOWN = 30, 5


class CheckSyncStatusArguments(Arguments):
    """Which connection."""

    connection: Reference
    workspace: Reference | None = None


async def _run(context: ToolContext, arguments: CheckSyncStatusArguments) -> SyncStatus:
    found = await find_connection(context, arguments.connection, arguments.workspace, exactly=False)
    connection = await context.client.get_connection(found.connection_id)
    jobs = await context.client.list_jobs(connection.connection_id, limit=JOBS_READ)
    since = jobs[-1].started_at if len(jobs) == JOBS_READ else None
    health = judge(connection, History(jobs=jobs, since=since), context.now())
    failed = health.job if health.condition is Condition.FAILING else None
    details = await context.client.explain_job(failed.job_id) if failed else None
    return _status(connection, jobs, health, details, context.now())


def _status(
    connection: Connection, jobs: list[Job], health: Health, details: Details | None, now: datetime
) -> SyncStatus:
    return SyncStatus(
        connection_id=connection.connection_id,
        name=plain(connection.name),
        condition=health.condition.value,
        detail=plain(health.detail),
        streak=health.streak,
        since=iso(health.since),
        jobs=[job_row(job) for job in jobs[:JOBS_SHOWN]],
        failures=failure_rows(details) if details else [],
        advice=_advice(health, details),
        next_run=_next_run(connection, now),
        next_step=_next_step(connection, health),
    )


def _next_run(connection: Connection, now: datetime) -> str | None:
    if connection.schedule is None or connection.status is not ConnectionStatus.ACTIVE:
        return None
    try:
        runs = connection.schedule.next_runs(now, 1)
    except InvalidScheduleError:
        return None
    return iso(runs[0]) if runs else None


_AGAIN_IS_NO_USE = "fix them in Airbyte; running it again changes nothing."
_FIX_SOURCE = f"The source's settings or credentials are wrong: {_AGAIN_IS_NO_USE}"
_FIX_DESTINATION = f"The destination's settings or credentials are wrong: {_AGAIN_IS_NO_USE}"
_BY_TYPE = {
    FailureType.TRANSIENT_ERROR: "It may pass by itself: wait, or run it again.",
    FailureType.SYSTEM_ERROR: (
        "A fault inside the connector or Airbyte: run it again once; if it fails again, read the log."
    ),
    FailureType.REFRESH_SCHEMA: "The source's schema changed: review it in Airbyte, then run it again.",
    FailureType.HEARTBEAT_TIMEOUT: (
        "The source stopped sending rows: look whether it is slow or down, then run it again."
    ),
    FailureType.DESTINATION_TIMEOUT: (
        "The destination stopped taking rows: look whether it is slow or down, then run it again."
    ),
    FailureType.MANUAL_CANCELLATION: "Somebody cancelled it.",
}


def _advice(health: Health, details: Details | None) -> str:
    """What to do, in words of our own; Airbyte's stay in `failures`."""
    if details is None:
        return _WITHOUT_A_REASON.get(health.condition, "")
    if not details.available:
        return plain_without_secrets(f"{details.why_not} {details.how_to_get}")
    failure = next(iter(details.failures), None)
    if failure is None:
        return "Airbyte gives no reason; read the log with get_job."
    if failure.type == FailureType.CONFIG_ERROR:
        return _FIX_DESTINATION if failure.origin == FailureOrigin.DESTINATION else _FIX_SOURCE
    return _BY_TYPE.get(failure.type, "") if failure.type else ""


_WITHOUT_A_REASON = {
    Condition.RUNNING_LONG: "It may hang: follow it with wait_for_job, or stop it with cancel_job.",
    Condition.LATE: "Airbyte did not start it: look whether Airbyte's scheduler is well, or trigger_sync.",
    Condition.SUSPICIOUS: "Airbyte calls it a success; look at the destination before you trust it.",
    Condition.PAUSED: "It runs only after somebody resumes it (set_connection_status).",
}


def _next_step(connection: Connection, health: Health) -> str:
    match health.condition:
        case Condition.FAILING if health.job:
            return f"For the log call get_job with job_id {health.job.job_id} and log_lines."
        case Condition.RUNNING | Condition.RUNNING_LONG if health.job:
            return f"Call wait_for_job with job_id {health.job.job_id} to follow it."
        case Condition.LATE | Condition.NEVER_RAN:
            return f"If the person wants it now: trigger_sync with {connection.connection_id}."
        case _:
            return ""


def _say(answer: SyncStatus, now: datetime) -> str:
    lines = [
        (
            f"{quoted(answer.name)} ({answer.connection_id}) is {answer.condition.replace('_', ' ')}:"
            f" {answer.detail}."
        )
    ]
    lines += [
        f"Airbyte's reason: origin {f.origin or 'unknown'}, type {f.type or 'unknown'}: {f.message}"
        for f in answer.failures
    ]
    lines += [text for text in (answer.advice, answer.next_step) if text]
    lines.append(f"Next run: {answer.next_run or 'none that is known'}.")
    lines += [f"- {sentence(job_words(job, now))}" for job in answer.jobs]
    return "\n".join(lines)


CHECK_SYNC_STATUS = ReadTool(
    name="check_sync_status",
    title="Check one connection",
    description=(
        "How one connection is doing and what to do: verdict, failures in a row, why the last one failed,"
        " newest jobs, next run. For all connections at once use sync_report."
    ),
    arguments=CheckSyncStatusArguments,
    answer=SyncStatus,
    run=_run,
    say=_say,
)
