"""Changing when connections run."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from pydantic import Field, JsonValue, TypeAdapter

from airbyte_client import (
    Connection,
    CronSchedule,
    IntervalSchedule,
    InvalidScheduleError,
    ManualSchedule,
    Operation,
    Schedule,
    every,
    nearest_cron,
    writable_cron,
)
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
from airbyte_tools.settling import by_setting
from airbyte_tools.stream_words import overwriting_warning
from airbyte_tools.tool import Arguments, Done, Hints, MutatingTool, NothingToDo, ToolContext
from airbyte_tools.words import counted, iso, quoted, schedule_words

NEXT_RUNS_SHOWN = 3

_SCHEDULES: TypeAdapter[Schedule | None] = TypeAdapter(Schedule | None)


class UpdateScheduleArguments(Arguments):
    """Which connections, and exactly one of cron, every_hours and manual."""

    connections: ConnectionReferences
    cron: Annotated[str, Field(max_length=200, description="Quartz, e.g. 0 0 6 * * ?")] | None = None
    every_hours: Annotated[int, Field(ge=1, le=720)] | None = None
    manual: bool = False
    timezone: Annotated[str, Field(max_length=64, description="IANA zone of cron")] | None = None


class ScheduleSetting(Setting[Schedule | None]):
    """When a connection runs; None where Airbyte does not tell."""

    def of(self, connection: Connection) -> Schedule | None:
        """When it runs now."""
        return connection.schedule

    def stored(self, value: Schedule | None) -> JsonValue:
        """The schedule as JSON."""
        stored: JsonValue = value.model_dump(mode="json") if value else None
        return stored

    def restored(self, stored: JsonValue) -> Schedule:
        """An earlier schedule, in the form that Airbyte's API writes."""
        match schedule := _SCHEDULES.validate_python(stored):
            case CronSchedule(expression=expression, timezone=timezone) if timezone not in ("UTC", "Etc/UTC"):
                return writable_cron(expression, timezone)
            case ManualSchedule() | CronSchedule():
                return schedule
            case IntervalSchedule():
                raise _not_writable(
                    schedule, f'cron "{nearest_cron(schedule).expression}" and timezone UTC: the nearest'
                )
            case _:
                raise _not_writable(schedule, "the schedule that the person wants")

    def moved_on(self, connection: Connection, left: JsonValue) -> list[str]:
        """One sentence if it runs at other times by now."""
        now = connection.schedule
        if self.stored(now) == left:
            return []
        was = schedule_words(_SCHEDULES.validate_python(left))
        return [f"the schedule was left as {was}, and now is {schedule_words(now)}"]

    async def picture(self, context: ToolContext, moves: Sequence[Move[Schedule | None]]) -> Picture:
        """The schedule before and after, the next runs, and the intervals that are lost."""
        lost = [m.connection for m in moves if isinstance(m.connection.schedule, IntervalSchedule)]
        timed = [m.connection for m in moves if not isinstance(m.after, ManualSchedule)]
        warnings = [words for connection in timed for words in overwriting_warning(connection)]
        return Picture(
            targets=[
                connection_target(
                    move.connection,
                    changes=[_change(move.connection.schedule, move.after)],
                    notes=[_runs_words(move.after, context.now())],
                )
                for move in moves
            ],
            irreversible=[
                f"the interval schedule of {quoted(c.name)}: Airbyte's API cannot set it again" for c in lost
            ],
            warnings=warnings,
            risk=Risk.MEDIUM if lost or warnings else Risk.LOW,
        )

    async def write(self, context: ToolContext, connection_id: str, value: Schedule | None) -> None:
        """Send the schedule."""
        await context.client.update_connection(connection_id, schedule=value)

    def checked(self, now: Connection, wanted: Schedule | None) -> str:
        """The schedule that the connection has now."""
        if now.schedule != wanted:
            raise ToolFailureError(
                f"Airbyte accepted the schedule, but it then read: {schedule_words(now.schedule)}.",
                "Look at the connection in Airbyte before you change it again.",
            )
        return f"the schedule now is: {schedule_words(now.schedule)}"


SCHEDULE = ScheduleSetting()


def _change(now: Schedule | None, wanted: Schedule | None) -> Change:
    before, after = schedule_words(now), schedule_words(wanted)
    if before == after and now and wanted:
        # Two ways of writing the same times, or words that were cut.
        before, after = (f"{before}, {s.model_dump_json()}" for s in (now, wanted))
    return Change(field="schedule", before=before, after=after)


def _not_writable(schedule: Schedule | None, instead: str) -> InvalidRequestError:
    return InvalidRequestError(
        f"The schedule before was: {schedule_words(schedule)}. Airbyte's API cannot set that.",
        f"Ask the person, then call update_schedule with {instead}.",
    )


def coming_runs(schedule: Schedule | None, now: datetime) -> list[str]:
    """The next runs as ISO times; empty where the schedule does not tell them."""
    try:
        runs = schedule.next_runs(now, NEXT_RUNS_SHOWN) if schedule else []
    except InvalidScheduleError:
        # Airbyte's web application takes expressions that cannot be computed here.
        return []
    return [text for run in runs if (text := iso(run))]


def _runs_words(schedule: Schedule | None, now: datetime) -> str:
    if isinstance(schedule, ManualSchedule):
        return "Afterwards it runs only when somebody starts it."
    return f"Next runs: {', '.join(coming_runs(schedule, now)) or 'not told by its schedule'}."


async def _plan(
    context: ToolContext, arguments: UpdateScheduleArguments
) -> PlanDraft[UpdateScheduleArguments] | NothingToDo:
    wanted = _wanted(arguments, context)
    connections = await find_connections(context, arguments.connections)
    moves = [Move[Schedule | None](connection=c, after=wanted) for c in connections if c.schedule != wanted]
    if not moves:
        return NothingToDo(
            message=f"The schedule already is: {schedule_words(wanted)}. Nothing was changed.", next_step=""
        )
    resolved = arguments.model_copy(
        update={
            "connections": tuple(move.connection.connection_id for move in moves),
            "timezone": arguments.cron and (arguments.timezone or context.timezone),
        }
    )
    summary = f"Change the schedule of {counted(len(moves), 'connection')}"
    return await SCHEDULE.draft(context, resolved, summary, moves)


def _wanted(arguments: UpdateScheduleArguments, context: ToolContext) -> Schedule:
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
        return _running(writable_cron(arguments.cron, arguments.timezone or context.timezone), context.now())
    return ManualSchedule() if arguments.every_hours is None else every(arguments.every_hours)


def _running(schedule: CronSchedule, now: datetime) -> CronSchedule:
    if not schedule.next_runs(now, 1):
        raise InvalidRequestError(
            f"This schedule would never run: {schedule_words(schedule)}.", "Call again with one that does."
        )
    return schedule


async def _apply(context: ToolContext, arguments: UpdateScheduleArguments, target: Target) -> Done:
    return await SCHEDULE.set(context, target.id, _wanted(arguments, context))


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
    settle=by_setting(SCHEDULE),
)
