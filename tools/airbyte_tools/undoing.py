"""Taking back an earlier change, as a new plan of its own.

A setting that a change moved is moved back, from exactly the value that the
change left: if somebody moved it since, nothing is done and the difference is
told. What started, cancelled or deleted something cannot be taken back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import JsonValue

from airbyte_client import Connection, InvalidScheduleError, Operation
from airbyte_guardrails.plans import ChangeRecord, Plan, PlanDraft, Target
from airbyte_guardrails.states import PlanState
from airbyte_tools.answers import ChangeResult
from airbyte_tools.changing import ConnectionReferences, Move, Setting, find_connections
from airbyte_tools.errors import InvalidRequestError
from airbyte_tools.plans import PlanId
from airbyte_tools.schedules import SCHEDULE, UPDATE_SCHEDULE
from airbyte_tools.settling import by_setting
from airbyte_tools.statuses import SET_CONNECTION_STATUS, STATUS
from airbyte_tools.streams import STREAMS, UPDATE_STREAMS
from airbyte_tools.tool import (
    Arguments,
    Done,
    Hints,
    MutatingTool,
    NothingToDo,
    Settled,
    ToolContext,
    Unanswered,
)
from airbyte_tools.words import counted, iso, quoted

SETTINGS: Mapping[str, Setting[Any]] = {
    UPDATE_SCHEDULE.name: SCHEDULE,
    SET_CONNECTION_STATUS.name: STATUS,
    UPDATE_STREAMS.name: STREAMS,
}
"""What each action that can be taken back sets."""

_NO_WAY_BACK = {
    "trigger_sync": (
        "a sync that was started stays in the history, and its rows in the destination",
        "While it runs, cancel_job stops it.",
    ),
    "clear_connection": (
        "rows that were deleted from the destination cannot be brought back",
        "trigger_sync reads from the source again what is still there.",
    ),
    "cancel_job": ("a cancelled job cannot be continued", "trigger_sync starts a new one."),
}
ACTIONS = (*SETTINGS, *_NO_WAY_BACK, "undo_change")
"""Every action that changes something."""


class UndoChangeArguments(Arguments):
    """Which change, and of several connections perhaps only some."""

    plan_id: PlanId
    connections: ConnectionReferences | None = None


@dataclass(frozen=True)
class _Way:
    """How one connection's setting goes back: `left` is where the change put it, `before` where it was."""

    connection: Connection
    left: JsonValue
    before: JsonValue


async def _plan(
    context: ToolContext, arguments: UndoChangeArguments
) -> PlanDraft[UndoChangeArguments] | NothingToDo:
    record = await context.plans.change(arguments.plan_id)
    action, setting = _setting_of(record.plan)
    ways = await _ways(context, record.plan, arguments.connections)
    open_ways = [way for way in ways if not _is_back(setting, way)]
    if not open_ways:
        return NothingToDo(message="It is as before that change already. Nothing was changed.", next_step="")
    _require_unmoved(setting, open_ways)
    moves = [Move(connection=w.connection, after=_restored(setting, w)) for w in open_ways]
    resolved = UndoChangeArguments(
        plan_id=record.plan.id, connections=tuple(way.connection.connection_id for way in open_ways)
    )
    draft = await setting.draft(context, resolved, _summary(record, moves), moves)
    return draft.model_copy(update={"acts_as": action})


def _setting_of(plan: Plan) -> tuple[str, Setting[Any]]:
    # Taking back is a change, too, and acts as what it took back.
    action = plan.acts_as or plan.action
    if setting := SETTINGS.get(action):
        return action, setting
    why, next_step = _NO_WAY_BACK.get(action, ("this server does not know the way back", ""))
    raise InvalidRequestError(f"{action} cannot be undone: {why}. Nothing was changed.", next_step)


async def _ways(context: ToolContext, plan: Plan, references: Sequence[str] | None) -> list[_Way]:
    if plan.state is PlanState.EXECUTING:
        raise InvalidRequestError(
            f"Plan {plan.id} is being carried out right now.", "Call list_changes to see how it ended."
        )
    # A request that failed may have been taken all the same: what Airbyte shows tells, further on.
    sent = [outcome.target_id for outcome in plan.outcomes if outcome.sent]
    if not sent:
        raise InvalidRequestError(
            f"Nothing of plan {plan.id} was sent to Airbyte, so there is nothing to undo.",
            "Call list_changes to see what was changed.",
        )
    connections = await find_connections(context, sent if references is None else references)
    strangers = [c for c in connections if c.connection_id not in sent]
    if strangers:
        told = ", ".join(quoted(c.name) for c in strangers)
        raise InvalidRequestError(
            f"Plan {plan.id} did not change {told}.", "Leave connections out to undo all that it changed."
        )
    return [
        _Way(c, _covered(plan, c.connection_id, "new"), _covered(plan, c.connection_id, "old"))
        for c in connections
    ]


def _covered(plan: Plan, target_id: str, moment: str) -> JsonValue:
    values = plan.covered.get(target_id)
    return values.get(moment) if isinstance(values, dict) else None


def _is_back(setting: Setting[Any], way: _Way) -> bool:
    """Whether it is as before, and not as the change left it: what Airbyte fills in may look like both."""
    was, left = (setting.moved_on(way.connection, value) for value in (way.before, way.left))
    return bool(left) and not was


def _require_unmoved(setting: Setting[Any], ways: Sequence[_Way]) -> None:
    moved = [
        f"{quoted(way.connection.name)}: {'; '.join(difference)}"
        for way in ways
        if (difference := setting.moved_on(way.connection, way.left))
    ]
    if moved:
        raise InvalidRequestError(
            f"It was changed again since: {'. '.join(moved)}. Nothing was undone.",
            "Ask the person what it should be now, and set that; or name only the other connections.",
        )


def _restored(setting: Setting[Any], way: _Way) -> object:
    try:
        return setting.restored(way.before)
    except (InvalidScheduleError, InvalidRequestError) as error:
        raise InvalidRequestError(
            f"{quoted(way.connection.name)} cannot be set back: {error.message} Nothing was undone.",
            error.next_step,
        ) from error


def _summary(record: ChangeRecord, moves: Sequence[Move[Any]]) -> str:
    return f"Undo {record.plan.action} of {iso(record.at)} on {counted(len(moves), 'connection')}"


async def _apply(context: ToolContext, arguments: UndoChangeArguments, target: Target) -> Done:
    record = await context.plans.change(arguments.plan_id)
    _, setting = _setting_of(record.plan)
    before = _covered(record.plan, target.id, "old")
    return await setting.set(context, target.id, setting.restored(before))


async def _settle(context: ToolContext, request: Unanswered[UndoChangeArguments]) -> Settled:
    record = await context.plans.change(request.arguments.plan_id)
    return await by_setting(_setting_of(record.plan)[1])(context, request)


UNDO_CHANGE = MutatingTool(
    name="undo_change",
    title="Undo a change",
    description=(
        "Takes back a schedule, status or stream change of this server (plan_id from list_changes), after a"
        " person has approved it; refused if it was changed again since."
    ),
    arguments=UndoChangeArguments,
    answer=ChangeResult,
    hints=Hints(read_only=False, destructive=True, idempotent=True),
    effects=frozenset({Operation.UPDATE_CONNECTION}),
    plan=_plan,
    only=lambda arguments, target: arguments.model_copy(update={"connections": (target.id,)}),
    apply=_apply,
    settle=_settle,
)
