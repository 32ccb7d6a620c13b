"""Clearing what a connection has written."""

from pydantic import JsonValue

from airbyte_client import AirbyteError, Connection, ConnectionStatus, Job, JobType, Operation
from airbyte_guardrails.plans import PlanDraft, Risk, Target
from airbyte_tools.answers import ChangeResult
from airbyte_tools.changing import connection_target, find_connections
from airbyte_tools.errors import InvalidRequestError
from airbyte_tools.finding import Reference
from airbyte_tools.histories import History, histories_of, last_words, running_in, usual_words
from airbyte_tools.settling import by_new_job, newest_job_id
from airbyte_tools.stream_words import places_and_modes
from airbyte_tools.tables import covered_tables, table_words
from airbyte_tools.tool import Arguments, Done, Hints, MutatingTool, ToolContext
from airbyte_tools.words import counted, listed, plain, quoted

_CLEARABLE = (ConnectionStatus.ACTIVE, ConnectionStatus.INACTIVE)


class ClearConnectionArguments(Arguments):
    """Which connection."""

    connection: Reference


async def _plan(
    context: ToolContext, arguments: ClearConnectionArguments
) -> PlanDraft[ClearConnectionArguments]:
    (connection,) = await find_connections(context, [arguments.connection])
    if connection.status not in _CLEARABLE:
        raise InvalidRequestError(
            f"{quoted(connection.name)} is {plain(connection.status.value)}: Airbyte runs no job of it,"
            " so nothing was cleared.",
            "Ask whoever runs Airbyte why it is so.",
        )
    (history,) = await histories_of(context, [connection])
    return await _draft(context, connection, history)


async def _draft(
    context: ToolContext, connection: Connection, history: History
) -> PlanDraft[ClearConnectionArguments]:
    running = running_in(history)
    return PlanDraft(
        arguments=ClearConnectionArguments(connection=connection.connection_id),
        summary="Delete what 1 connection has written to its destination",
        targets=(connection_target(connection, notes=_notes(connection, history)),),
        effects=("The next sync reads everything from the source again.",),
        irreversible=(
            f"all rows in {await _destination_words(context, connection)} of {_stream_words(connection)}",
            *_stopped(running),
        ),
        warnings=(
            "How many rows lie there in all, Airbyte does not tell; the last sync's volume is a part of it.",
        ),
        risk=Risk.HIGH,
        covered={connection.connection_id: _covered(connection, running)},
    )


def _notes(connection: Connection, history: History) -> tuple[str, ...]:
    return table_words(connection), usual_words(history), last_words(history)


async def _destination_words(context: ToolContext, connection: Connection) -> str:
    try:
        found = await context.client.get_destination(connection.destination_id)
    except AirbyteError:
        # Its name is for reading; that it cannot be read must not hide what else is to be said.
        return f"destination {connection.destination_id}"
    return f"destination {quoted(found.name)} ({plain(found.destination_type or 'unknown type')})"


def _stream_words(connection: Connection) -> str:
    names = [f"{connection.prefix or ''}{stream.name}" for stream in connection.streams]
    return f"{counted(len(names), 'stream')}: {listed(names)}" if names else "all its streams"


def _stopped(running: Job | None) -> list[str]:
    return [f"the work of job {running.job_id}, which is under way and is cancelled first"] if running else []


def _covered(connection: Connection, running: Job | None) -> dict[str, JsonValue]:
    return {
        "name": connection.name,
        "status": connection.status.value,
        "streams": places_and_modes(connection.streams),
        "destination": connection.destination_id,
        "tables": covered_tables(connection),
        "running": running is not None,
    }


async def _apply(context: ToolContext, _arguments: ClearConnectionArguments, target: Target) -> Done:
    # Airbyte does the same for clear and for reset, but older ones know only the latter.
    job = await context.client.trigger_job(target.id, JobType.RESET)
    return Done(message=f"clearing started as job {job.job_id}", job_id=job.job_id)


CLEAR_CONNECTION = MutatingTool(
    name="clear_connection",
    title="Clear a connection's data",
    description=(
        "Deletes everything that a connection has written to its destination (Airbyte's reset or clear) and"
        " stops a sync that runs, after a person has approved it. Cannot be undone."
    ),
    arguments=ClearConnectionArguments,
    answer=ChangeResult,
    hints=Hints(read_only=False, destructive=True, idempotent=False),
    effects=frozenset({Operation.CLEAR_CONNECTION}),
    plan=_plan,
    only=lambda arguments, _target: arguments,
    apply=_apply,
    settle=by_new_job(JobType.RESET, JobType.CLEAR),
    baseline=newest_job_id,
)
