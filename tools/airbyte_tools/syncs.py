"""Starting syncs."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field, JsonValue

from airbyte_client import AirbyteError, Connection, ConnectionStatus, Job, JobStatus, JobType, Operation
from airbyte_guardrails.plans import MANY_TARGETS, PlanDraft, Risk, Target
from airbyte_guardrails.states import PlanState
from airbyte_tools.answers import ChangeResult, TargetResult
from airbyte_tools.changing import ConnectionReferences, connection_target, find_connections
from airbyte_tools.errors import InvalidRequestError
from airbyte_tools.following import LONGEST_WAIT, follow
from airbyte_tools.histories import History, histories_of, last_words, running_in, usual_words, volume_words
from airbyte_tools.settling import by_new_job, newest_job_id
from airbyte_tools.stream_words import overwritten_streams, places_and_modes
from airbyte_tools.tables import covered_tables
from airbyte_tools.tool import Arguments, Done, Hints, MutatingTool, NothingToDo, ToolContext
from airbyte_tools.words import counted, length, plain, quoted


class TriggerSyncArguments(Arguments):
    """Which connections to sync now, and how long to follow their jobs."""

    connections: ConnectionReferences
    wait_seconds: Annotated[int, Field(ge=0, le=LONGEST_WAIT)] = 0


async def _plan(
    context: ToolContext, arguments: TriggerSyncArguments
) -> PlanDraft[TriggerSyncArguments] | NothingToDo:
    connections = await find_connections(context, arguments.connections)
    _require_active(connections)
    histories = await histories_of(context, connections)
    running = [job for history in histories if (job := running_in(history))]
    if running:
        return _already_running(connections, running)
    return _draft(connections, histories)


def _require_active(connections: list[Connection]) -> None:
    idle = [c for c in connections if c.status is not ConnectionStatus.ACTIVE]
    if idle:
        told = "; ".join(f"{quoted(c.name)} is {c.status.value}" for c in idle)
        raise InvalidRequestError(
            f"Airbyte only syncs active connections: {told}. Nothing was started.",
            "Ask the person whether to resume it first (set_connection_status), or leave it out.",
        )


def _already_running(connections: list[Connection], running: list[Job]) -> NothingToDo:
    names = {c.connection_id: c.name for c in connections}
    told = "; ".join(f"{quoted(names[j.connection_id])}: job {j.job_id} is {j.status.value}" for j in running)
    rest = len(connections) - len(running)
    others = f" The other {counted(rest, 'connection')} can be triggered without it." if rest else ""
    return NothingToDo(
        message=f"A job is already running for {told}. Nothing new was started.{others}",
        next_step=f"Call wait_for_job with job_id {running[0].job_id} to follow it.",
    )


def _draft(connections: list[Connection], histories: Sequence[History]) -> PlanDraft[TriggerSyncArguments]:
    overwritten = [
        f"what {quoted(c.name)} wrote before, in {streams}"
        for c in connections
        if (streams := overwritten_streams(c))
    ]
    risk = Risk.HIGH if overwritten or len(connections) > MANY_TARGETS else Risk.MEDIUM
    return PlanDraft(
        # How long the caller waits afterwards is no part of what a person approves.
        arguments=TriggerSyncArguments(connections=tuple(c.connection_id for c in connections)),
        summary=f"Start a sync of {counted(len(connections), 'connection')} now",
        targets=tuple(
            connection_target(c, notes=(usual_words(history), last_words(history)))
            for c, history in zip(connections, histories, strict=True)
        ),
        effects=("Airbyte reads the source and writes to the destination.",),
        irreversible=tuple(overwritten),
        risk=risk,
        covered={c.connection_id: _covered(c) for c in connections},
    )


def _covered(connection: Connection) -> dict[str, JsonValue]:
    streams = places_and_modes(connection.streams)
    return {
        "status": connection.status.value,
        "streams": streams,
        "tables": covered_tables(connection),
        "running": False,
    }


async def _apply(context: ToolContext, _arguments: TriggerSyncArguments, target: Target) -> Done:
    job = await context.client.trigger_job(target.id, JobType.SYNC)
    return Done(message=f"sync started as job {job.job_id}", job_id=job.job_id)


async def _afterwards(
    context: ToolContext, arguments: TriggerSyncArguments, result: ChangeResult
) -> ChangeResult:
    """How the jobs that were started fared, once they ended or the caller's patience did."""
    started = [row.job_id for row in result.results if row.job_id and row.status == PlanState.EXECUTED]
    if not arguments.wait_seconds or not started:
        return result
    try:
        jobs = {job.job_id: job for job in await follow(context, started, arguments.wait_seconds)}
    except AirbyteError:
        # The syncs are started; that they cannot be watched from here must not read like a failure.
        return result
    rows = [_with_fate(row, jobs.get(row.job_id or 0)) for row in result.results]
    # Where another target failed, or nobody knows, what to do about that comes first.
    all_began = result.status == PlanState.EXECUTED
    next_step = _next_step(list(jobs.values())) if all_began else result.next_step
    return result.model_copy(update={"results": rows, "next_step": next_step})


def _with_fate(row: TargetResult, job: Job | None) -> TargetResult:
    if job is None:
        return row
    fate = f"{plain(job.status.value)}, {volume_words(job)}, {length(job.duration)}"
    return row.model_copy(update={"message": f"{row.message}: {fate}"})


def _next_step(jobs: Sequence[Job]) -> str:
    for job in jobs:
        if not job.status.is_terminal:
            return f"Call wait_for_job with job_id {job.job_id} to keep following it."
    for job in jobs:
        if job.status is not JobStatus.SUCCEEDED:
            return f"Call get_job with job_id {job.job_id} to see why it did not succeed."
    return ""


TRIGGER_SYNC = MutatingTool(
    name="trigger_sync",
    title="Start a sync",
    description=(
        "Starts a sync of one or several connections, after a person has approved it, and with wait_seconds"
        " follows it. A sync that is already running is reported as that job."
    ),
    arguments=TriggerSyncArguments,
    answer=ChangeResult,
    hints=Hints(read_only=False, destructive=True, idempotent=False),
    effects=frozenset({Operation.TRIGGER_SYNC}),
    plan=_plan,
    only=lambda arguments, target: arguments.model_copy(update={"connections": (target.id,)}),
    apply=_apply,
    settle=by_new_job(JobType.SYNC),
    baseline=newest_job_id,
    afterwards=_afterwards,
)
