"""Pausing and resuming connections."""

from collections.abc import Sequence
from typing import Literal

from pydantic import JsonValue

from airbyte_client import Connection, ConnectionStatus, ManualSchedule, Operation
from airbyte_guardrails.plans import Change, PlanDraft, Risk, Target
from airbyte_tools.answers import ChangeResult
from airbyte_tools.changing import (
    ConnectionReferences,
    Move,
    Picture,
    Setting,
    connection_target,
    find_connections,
)
from airbyte_tools.errors import InvalidRequestError, ToolFailureError
from airbyte_tools.histories import History, histories_of, last_words, running_in, usual_words
from airbyte_tools.schedules import coming_runs
from airbyte_tools.settling import by_setting
from airbyte_tools.stream_words import overwriting_warning
from airbyte_tools.tool import Arguments, Done, Hints, MutatingTool, NothingToDo, ToolContext
from airbyte_tools.words import counted, plain, quoted, schedule_words

_SETTABLE = (ConnectionStatus.ACTIVE, ConnectionStatus.INACTIVE)


class SetConnectionStatusArguments(Arguments):
    """Which connections, and whether they are to run."""

    connections: ConnectionReferences
    status: Literal["active", "inactive"]


class StatusSetting(Setting[ConnectionStatus]):
    """Whether a connection runs: active or inactive."""

    def of(self, connection: Connection) -> ConnectionStatus:
        """Its status now."""
        return connection.status

    def stored(self, value: ConnectionStatus) -> JsonValue:
        """The status as a word."""
        return value.value

    def restored(self, stored: JsonValue) -> ConnectionStatus:
        """An earlier status; only active and inactive ones are ever changed."""
        return ConnectionStatus(str(stored))

    def moved_on(self, connection: Connection, left: JsonValue) -> list[str]:
        """One sentence if it has another status by now."""
        if connection.status.value == left:
            return []
        return [f"the status was left as {left}, and now is {plain(connection.status.value)}"]

    async def picture(self, context: ToolContext, moves: Sequence[Move[ConnectionStatus]]) -> Picture:
        """The status before and after, the runs that will or will not happen, and a job that runs now."""
        histories = await histories_of(context, [move.connection for move in moves])
        resumed = [move.connection for move in moves if move.after is ConnectionStatus.ACTIVE]
        warnings = [words for connection in resumed for words in overwriting_warning(connection)]
        return Picture(
            targets=[
                connection_target(
                    move.connection,
                    changes=[
                        Change(field="status", before=move.connection.status.value, after=move.after.value)
                    ],
                    notes=[
                        _next_run(context, move),
                        usual_words(history),
                        last_words(history),
                        *_interrupted(move, history),
                    ],
                )
                for move, history in zip(moves, histories, strict=True)
            ],
            warnings=warnings,
            risk=Risk.MEDIUM if warnings else Risk.LOW,
        )

    async def write(self, context: ToolContext, connection_id: str, value: ConnectionStatus) -> None:
        """Send the status."""
        await context.client.update_connection(connection_id, status=value)

    def checked(self, now: Connection, wanted: ConnectionStatus) -> str:
        """The status that the connection has now."""
        if now.status != wanted:
            raise ToolFailureError(
                f"Airbyte accepted the status, but it then read: {plain(now.status.value)}.",
                "Look at the connection in Airbyte before you change it again.",
            )
        return f"it now is {now.status.value}"


STATUS = StatusSetting()


def _next_run(context: ToolContext, move: Move[ConnectionStatus]) -> str:
    schedule = move.connection.schedule
    if isinstance(schedule, ManualSchedule):
        return "It has no schedule: it runs only when somebody starts it."
    when = next(iter(coming_runs(schedule, context.now())), f"by its schedule, {schedule_words(schedule)}")
    if move.after is ConnectionStatus.ACTIVE:
        return f"Its next run: {when}."
    return f"Its next run, {when}, and all after it will not happen."


def _interrupted(move: Move[ConnectionStatus], history: History) -> list[str]:
    job = running_in(history)
    if job is None or move.after is ConnectionStatus.ACTIVE:
        return []
    return [f"Job {job.job_id} is under way: pausing does not stop it, cancel_job would."]


async def _plan(
    context: ToolContext, arguments: SetConnectionStatusArguments
) -> PlanDraft[SetConnectionStatusArguments] | NothingToDo:
    wanted = ConnectionStatus(arguments.status)
    connections = await find_connections(context, arguments.connections)
    _require_settable(connections)
    moves = [Move(connection=c, after=wanted) for c in connections if c.status is not wanted]
    if not moves:
        return NothingToDo(message=f"The status already is {wanted}. Nothing was changed.", next_step="")
    resolved = arguments.model_copy(update={"connections": tuple(m.connection.connection_id for m in moves)})
    verb = "Resume" if wanted is ConnectionStatus.ACTIVE else "Pause"
    return await STATUS.draft(context, resolved, f"{verb} {counted(len(moves), 'connection')}", moves)


def _require_settable(connections: Sequence[Connection]) -> None:
    fixed = [c for c in connections if c.status not in _SETTABLE]
    if fixed:
        told = "; ".join(f"{quoted(c.name)} is {plain(c.status.value)}" for c in fixed)
        raise InvalidRequestError(
            f"Only active and inactive connections can be paused or resumed: {told}. Nothing was changed.",
            "Leave it out, or ask whoever runs Airbyte why it is so.",
        )


async def _apply(context: ToolContext, arguments: SetConnectionStatusArguments, target: Target) -> Done:
    return await STATUS.set(context, target.id, ConnectionStatus(arguments.status))


SET_CONNECTION_STATUS = MutatingTool(
    name="set_connection_status",
    title="Pause or resume",
    description=(
        "Pauses (inactive) or resumes (active) one or several connections, after a person has approved it."
        " A job under way goes on: cancel_job stops it."
    ),
    arguments=SetConnectionStatusArguments,
    answer=ChangeResult,
    hints=Hints(read_only=False, destructive=True, idempotent=True),
    effects=frozenset({Operation.UPDATE_CONNECTION}),
    plan=_plan,
    only=lambda arguments, target: arguments.model_copy(update={"connections": (target.id,)}),
    apply=_apply,
    settle=by_setting(STATUS),
)
