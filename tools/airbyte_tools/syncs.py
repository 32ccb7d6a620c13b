"""Starting syncs."""

import asyncio
from typing import Annotated

from pydantic import Field, JsonValue

from airbyte_client import Connection, ConnectionStatus, Job, JobType, Operation
from airbyte_guardrails.plans import MANY_TARGETS, MAX_TARGETS, PlanDraft, Risk, Target
from airbyte_tools.answers import ChangeResult
from airbyte_tools.errors import InvalidRequestError
from airbyte_tools.finding import Reference, find_connection
from airbyte_tools.tool import Arguments, Done, Hints, MutatingTool, NothingToDo, ToolContext
from airbyte_tools.words import counted, length, listed, quoted, rows, size

RECENT_JOBS = 10

ConnectionReferences = Annotated[
    tuple[Reference, ...],
    Field(min_length=1, max_length=MAX_TARGETS, description="exact names, ids or URLs"),
]


class TriggerSyncArguments(Arguments):
    """Which connections to sync now."""

    connections: ConnectionReferences


async def find_connections(context: ToolContext, references: tuple[str, ...]) -> list[Connection]:
    """The connections that the references mean, each once, freshly read, in the given order.

    Raises:
        FindingError: One of them does not lead to exactly one connection.
    """
    found = [await find_connection(context, reference, exactly=True) for reference in references]
    ids = list(dict.fromkeys(c.connection_id for c in found))
    return await asyncio.gather(*(context.client.get_connection(i) for i in ids))


async def _plan(
    context: ToolContext, arguments: TriggerSyncArguments
) -> PlanDraft[TriggerSyncArguments] | NothingToDo:
    connections = await find_connections(context, arguments.connections)
    _require_active(connections)
    histories = await asyncio.gather(
        *(context.client.list_jobs(c.connection_id, limit=RECENT_JOBS) for c in connections)
    )
    running = [job for history in histories for job in history[:1] if not job.status.is_terminal]
    if running:
        return _already_running(connections, running)
    return _draft(connections, histories)


def _require_active(connections: list[Connection]) -> None:
    idle = [c for c in connections if c.status is not ConnectionStatus.ACTIVE]
    if idle:
        told = "; ".join(f"{quoted(c.name)} is {c.status.value}" for c in idle)
        raise InvalidRequestError(
            f"Airbyte only syncs active connections: {told}. Nothing was started.",
            "Ask the person whether to resume it in Airbyte first, or leave it out.",
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


def _draft(connections: list[Connection], histories: list[list[Job]]) -> PlanDraft[TriggerSyncArguments]:
    overwritten = [
        f"what {quoted(c.name)} wrote before, in {_overwritten(c)}"
        for c in connections
        if any(_overwrites(s.sync_mode) for s in c.streams)
    ]
    risk = Risk.HIGH if overwritten or len(connections) > MANY_TARGETS else Risk.MEDIUM
    return PlanDraft(
        arguments=TriggerSyncArguments(connections=tuple(c.connection_id for c in connections)),
        summary=f"Start a sync of {counted(len(connections), 'connection')} now",
        targets=tuple(_target(c, history) for c, history in zip(connections, histories, strict=True)),
        effects=("Airbyte reads the source and writes to the destination.",),
        irreversible=tuple(overwritten),
        risk=risk,
        covered={c.connection_id: _covered(c) for c in connections},
    )


def _overwritten(connection: Connection) -> str:
    names = [s.name for s in connection.streams if _overwrites(s.sync_mode)]
    return f"{counted(len(names), 'stream')}: {listed(names)}"


def _overwrites(sync_mode: str | None) -> bool:
    return sync_mode is not None and "overwrite" in sync_mode


def _covered(connection: Connection) -> dict[str, JsonValue]:
    streams: list[JsonValue] = [
        [s.namespace, s.name, s.sync_mode.value if s.sync_mode else None] for s in connection.streams
    ]
    return {"status": connection.status.value, "streams": streams, "running": False}


def _target(connection: Connection, history: list[Job]) -> Target:
    return Target(
        kind="connection",
        id=connection.connection_id,
        name=connection.name,
        workspace_id=connection.workspace_id,
        notes=(_usual(history), _last(history)),
    )


def _usual(history: list[Job]) -> str:
    done = next((j for j in history if j.job_type is JobType.SYNC and j.status.value == "succeeded"), None)
    if done is None:
        return "None of its recent syncs succeeded."
    volume = f"{rows(done.rows_synced)}, {size(done.bytes_synced)}"
    return f"Last successful sync: {volume}, took {length(done.duration)}."


def _last(history: list[Job]) -> str:
    if not history:
        return "It has never run."
    return f"Last job: {history[0].job_id}, {history[0].status.value}."


async def _apply(context: ToolContext, _arguments: TriggerSyncArguments, target: Target) -> Done:
    job = await context.client.trigger_job(target.id, JobType.SYNC)
    return Done(message=f"sync started as job {job.job_id}", job_id=job.job_id)


TRIGGER_SYNC = MutatingTool(
    name="trigger_sync",
    title="Start a sync",
    description=(
        "Starts a sync of one or several connections, after a person has approved it."
        " A sync that is already running is reported as that job. Follow the job with wait_for_job."
    ),
    arguments=TriggerSyncArguments,
    answer=ChangeResult,
    hints=Hints(read_only=False, destructive=True, idempotent=False),
    effects=frozenset({Operation.TRIGGER_SYNC}),
    plan=_plan,
    only=lambda arguments, target: arguments.model_copy(update={"connections": (target.id,)}),
    apply=_apply,
)
