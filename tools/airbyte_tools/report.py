"""The morning report: what of the whole fleet needs a person, in one call."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field

from airbyte_client import Connection
from airbyte_tools.answers import FleetReport, ProblemRow
from airbyte_tools.finding import Reference, workspace_id_of
from airbyte_tools.fleet import Fleet, read_fleet
from airbyte_tools.health import NEEDS_A_PERSON, Condition, Health, counts_of, judge, summed_up
from airbyte_tools.tool import Arguments, ReadTool, ToolContext
from airbyte_tools.words import counted, iso, plain, quoted

HOURS = 24


class SyncReportArguments(Arguments):
    """Which part of the fleet, and how far back."""

    workspace: Reference | None = None
    hours: Annotated[int, Field(ge=1, le=168)] = HOURS
    limit: Annotated[int, Field(ge=1, le=50, description="problems shown")] = 10


Verdicts = Sequence[tuple[Connection, Health]]


async def _run(context: ToolContext, arguments: SyncReportArguments) -> FleetReport:
    # Airbyte's times are told to the second; a window that ends within one would be read differently twice.
    # What began and ended in the second at hand is news, too.
    until = context.now().replace(microsecond=0) + timedelta(seconds=1)
    since = until - timedelta(hours=arguments.hours)
    workspace_id = await workspace_id_of(context, arguments.workspace)
    fleet = await read_fleet(context.client, workspace_id, since, until)
    verdicts = [(c, judge(c, fleet.history_of(c), until)) for c in fleet.connections]
    return _report(fleet, verdicts, since, until, arguments.limit)


def _report(fleet: Fleet, verdicts: Verdicts, since: datetime, until: datetime, limit: int) -> FleetReport:
    problems = sorted((v for v in verdicts if v[1].condition in NEEDS_A_PERSON), key=_urgency)
    counts = counts_of([health for _, health in verdicts])
    return FleetReport(
        since=iso(since) or "",
        until=iso(until) or "",
        connections=len(fleet.connections),
        jobs=fleet.jobs_read,
        counts={condition.value: count for condition, count in counts.items() if count},
        problems=[_row(connection, health) for connection, health in problems[:limit]],
        more_problems=max(len(problems) - limit, 0),
        missing=fleet.missing,
        next_step=_next_step(problems),
    )


def _urgency(verdict: tuple[Connection, Health]) -> tuple[int, int, str]:
    connection, health = verdict
    return list(Condition).index(health.condition), -health.streak, connection.name.casefold()


def _row(connection: Connection, health: Health) -> ProblemRow:
    return ProblemRow(
        connection_id=connection.connection_id,
        name=plain(connection.name)[:80],
        problem=health.condition.value,
        detail=plain(health.detail),
        since=iso(health.since),
        job_id=health.job.job_id if health.job else None,
    )


def _next_step(problems: Verdicts) -> str:
    if not problems:
        return ""
    worst = problems[0][0]
    return f"For the reason of one call check_sync_status, such as with connection {worst.connection_id}."


def _say(answer: FleetReport, _now: datetime) -> str:
    counts = {Condition(name): count for name, count in answer.counts.items()}
    lines = [
        (
            f"{counted(answer.connections, 'connection')}, {counted(answer.jobs, 'job')}"
            f" since {answer.since}: {summed_up(counts)}."
        )
    ]
    lines += [
        f"- {quoted(p.name)} ({p.connection_id}) {p.problem.replace('_', ' ')}: {p.detail}"
        for p in answer.problems
    ]
    if not answer.problems:
        lines.append("Nothing needs a person.")
    if answer.more_problems:
        lines.append(f"And {answer.more_problems} more; call again with a higher limit.")
    return "\n".join([*lines, *(text for text in (answer.missing, answer.next_step) if text)])


SYNC_REPORT = ReadTool(
    name="sync_report",
    title="Report on all syncs",
    description=(
        "What needs a person, over all connections in one call: failing, running long, late, suspicious"
        " successes (zero or odd row counts), never run; counts for the rest. Use it first for"
        " 'what failed last night'. For one connection use check_sync_status."
    ),
    arguments=SyncReportArguments,
    answer=FleetReport,
    run=_run,
    say=_say,
)
