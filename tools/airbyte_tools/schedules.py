"""Changing when connections run."""

from typing import Annotated

from pydantic import Field

from airbyte_client import (
    AirbyteError,
    Connection,
    IntervalSchedule,
    ManualSchedule,
    Operation,
    Schedule,
    every,
    writable_cron,
)
from airbyte_guardrails.plans import MANY_TARGETS, Change, PlanDraft, Risk, Target
from airbyte_tools.answers import ChangeResult
from airbyte_tools.errors import InvalidRequestError, ToolFailureError
from airbyte_tools.syncs import ConnectionReferences, find_connections
from airbyte_tools.tool import Arguments, Done, Hints, MutatingTool, NothingToDo, ToolContext
from airbyte_tools.words import counted, iso, quoted, schedule_words

NEXT_RUNS_SHOWN = 3


class UpdateScheduleArguments(Arguments):
    """Which connections, and exactly one of cron, every_hours and manual."""

    connections: ConnectionReferences
    cron: Annotated[str, Field(max_length=200, description="Quartz, e.g. 0 0 6 * * ?")] | None = None
    every_hours: Annotated[int, Field(ge=1, le=720)] | None = None
    manual: bool = False
    timezone: Annotated[str, Field(max_length=64, description="IANA zone of cron")] | None = None


async def _plan(
    context: ToolContext, arguments: UpdateScheduleArguments
) -> PlanDraft[UpdateScheduleArguments] | NothingToDo:
    wanted = _wanted(arguments, context.timezone)
    connections = await find_connections(context, arguments.connections)
    moving = [c for c in connections if c.schedule != wanted]
    if not moving:
        return NothingToDo(
            message=f"The schedule already is: {schedule_words(wanted)}. Nothing was changed.", next_step=""
        )
    return _draft(context, arguments, moving, wanted)


def _wanted(arguments: UpdateScheduleArguments, timezone: str) -> Schedule:
    given = [arguments.cron is not None, arguments.every_hours is not None, arguments.manual]
    if given.count(True) != 1:
        raise InvalidRequestError(
            "A schedule is exactly one of cron, every_hours and manual=true.",
            "Call update_schedule again with one of them.",
        )
    if arguments.timezone is not None and arguments.cron is None:
        raise InvalidRequestError(
            "A timezone belongs to cron; every_hours and manual have none.",
            "Leave timezone out, or give cron.",
        )
    if arguments.cron is not None:
        return writable_cron(arguments.cron, arguments.timezone or timezone)
    return ManualSchedule() if arguments.every_hours is None else every(arguments.every_hours)


def _draft(
    context: ToolContext, arguments: UpdateScheduleArguments, moving: list[Connection], wanted: Schedule
) -> PlanDraft[UpdateScheduleArguments]:
    lost = [c for c in moving if isinstance(c.schedule, IntervalSchedule)]
    ids = tuple(c.connection_id for c in moving)
    return PlanDraft(
        arguments=arguments.model_copy(
            update={
                "connections": ids,
                "timezone": arguments.cron and (arguments.timezone or context.timezone),
            }
        ),
        summary=f"Change the schedule of {counted(len(moving), 'connection')}",
        targets=tuple(_target(c, wanted) for c in moving),
        effects=(_next_runs(context, wanted),),
        irreversible=tuple(
            f"the interval schedule of {quoted(c.name)}: Airbyte's API cannot set it again" for c in lost
        ),
        risk=Risk.HIGH if len(moving) > MANY_TARGETS else Risk.MEDIUM if lost else Risk.LOW,
        covered={
            c.connection_id: {
                "old": c.schedule and c.schedule.model_dump(mode="json"),
                "new": wanted.model_dump(mode="json"),
            }
            for c in moving
        },
    )


def _target(connection: Connection, wanted: Schedule) -> Target:
    return Target(
        kind="connection",
        id=connection.connection_id,
        name=connection.name,
        workspace_id=connection.workspace_id,
        changes=(
            Change(
                field="schedule", before=schedule_words(connection.schedule), after=schedule_words(wanted)
            ),
        ),
    )


def _next_runs(context: ToolContext, wanted: Schedule) -> str:
    if isinstance(wanted, ManualSchedule):
        return "Afterwards it runs only when somebody starts it."
    runs = wanted.next_runs(context.now(), NEXT_RUNS_SHOWN)
    if not runs:
        raise InvalidRequestError(
            f"This schedule would never run: {schedule_words(wanted)}.", "Call again with one that does."
        )
    return f"Next runs: {', '.join(text for run in runs if (text := iso(run)))}."


async def _apply(context: ToolContext, arguments: UpdateScheduleArguments, target: Target) -> Done:
    wanted = _wanted(arguments, context.timezone)
    await context.client.update_connection(target.id, schedule=wanted)
    try:
        now = (await context.client.get_connection(target.id)).schedule
    except AirbyteError as error:
        return Done(message=f"Airbyte accepted it; it could not be read back: {error.message}")
    if now != wanted:
        raise ToolFailureError(
            f"Airbyte accepted the schedule, but it now reads: {schedule_words(now)}.",
            "Look at the connection in Airbyte before you change it again.",
        )
    return Done(message=f"the schedule now is: {schedule_words(now)}")


UPDATE_SCHEDULE = MutatingTool(
    name="update_schedule",
    title="Change a schedule",
    description=(
        "Sets when one or several connections run, after a person has approved it: a Quartz cron of"
        " 6 or 7 fields, every N hours, or manual. Airbyte's API runs cron in UTC."
    ),
    arguments=UpdateScheduleArguments,
    answer=ChangeResult,
    hints=Hints(read_only=False, destructive=True, idempotent=True),
    effects=frozenset({Operation.UPDATE_CONNECTION}),
    plan=_plan,
    only=lambda arguments, target: arguments.model_copy(update={"connections": (target.id,)}),
    apply=_apply,
)
