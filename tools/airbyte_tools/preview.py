"""Trying a schedule before it is asked for: can Airbyte run it, and when?"""

from datetime import datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field

from airbyte_client import CronSchedule, InvalidScheduleError, ManualSchedule, writable_cron
from airbyte_tools.answers import SchedulePreview
from airbyte_tools.spoken import Wish, understood
from airbyte_tools.tool import Arguments, ReadTool, ToolContext
from airbyte_tools.words import iso, schedule_words

A_YEAR = timedelta(days=366)
LOCAL = "%a %Y-%m-%d %H:%M"


class PreviewScheduleArguments(Arguments):
    """What is wished for, in words or as cron."""

    schedule: Annotated[
        str, Field(min_length=1, max_length=200, description="e.g. weekdays at 7:30 Berlin; or Quartz cron")
    ]
    timezone: Annotated[str, Field(max_length=64, description="IANA zone")] | None = None
    count: Annotated[int, Field(ge=1, le=10)] = 5


async def _run(context: ToolContext, arguments: PreviewScheduleArguments) -> SchedulePreview:
    zone = arguments.timezone or context.timezone
    wish = understood(arguments.schedule, zone)
    if isinstance(wish.schedule, ManualSchedule):
        return SchedulePreview(
            possible=True,
            schedule="manual",
            cron=None,
            runs=[],
            local_runs=[],
            note="It runs only when somebody starts it.",
            next_step="To set it call update_schedule with manual=true.",
        )
    return _preview(wish, wish.schedule, context.now(), arguments.count, zone)


def _preview(wish: Wish, wished: CronSchedule, now: datetime, count: int, zone: str) -> SchedulePreview:
    note, next_step, written = "", "", None
    try:
        written = writable_cron(wished.expression, wished.timezone)
        next_step = f"To set it call update_schedule with {_argument(wish, written)}."
    except InvalidScheduleError as refusal:
        note, next_step = refusal.message, refusal.next_step
    runs = _runs(written or wished, now, count)
    shown_in = ZoneInfo(wished.timezone if wished.timezone != "UTC" else zone)
    return SchedulePreview(
        possible=written is not None,
        schedule=schedule_words(wished),
        cron=written.expression if written else None,
        runs=[text for run in runs if (text := iso(run))],
        local_runs=[f"{run.astimezone(shown_in):{LOCAL}} {shown_in.key}" for run in runs],
        note=" ".join(text for text in (note, _drift(wished, now)) if text),
        next_step=next_step,
    )


def _argument(wish: Wish, written: CronSchedule) -> str:
    if wish.hours is not None:
        return f"every_hours={wish.hours}"
    return f'cron="{written.expression}" and timezone="UTC"'


def _runs(schedule: CronSchedule, now: datetime, count: int) -> list[datetime]:
    try:
        return schedule.next_runs(now, count)
    except InvalidScheduleError:
        return []


def _drift(wished: CronSchedule, now: datetime) -> str:
    """What a fixed UTC time means on the clock of a zone that changes its offset; empty where none does."""
    first = next(iter(_runs(wished, now, 1)), None)
    if first is None or wished.timezone == "UTC":
        return ""
    zone = ZoneInfo(wished.timezone)
    here, change = first.astimezone(zone), first
    while change.astimezone(zone).utcoffset() == here.utcoffset():
        change += timedelta(days=1)
        if change - first > A_YEAR:
            return ""
    return (
        f"At the fixed time of {first:%H:%M} UTC it runs at {here:%H:%M} in {zone.key} until the clocks"
        f" change about {change:%Y-%m-%d}, and then at {change.astimezone(zone):%H:%M}."
    )


def _say(answer: SchedulePreview, _now: datetime) -> str:
    can = "Airbyte can run this" if answer.possible else "Airbyte's API cannot set this as it was said"
    lines = [f"{can}: {answer.schedule}."]
    if answer.note:
        lines.append(answer.note)
    lines += [f"- {local} = {utc}" for local, utc in zip(answer.local_runs, answer.runs, strict=True)]
    return "\n".join([*lines, answer.next_step])


PREVIEW_SCHEDULE = ReadTool(
    name="preview_schedule",
    title="Try a schedule",
    description=(
        "Checks a schedule in people's words or as cron: can Airbyte run it, its next runs in UTC and in the"
        " person's zone, and what daylight saving does to it. Changes nothing; use it before update_schedule."
    ),
    arguments=PreviewScheduleArguments,
    answer=SchedulePreview,
    run=_run,
    say=_say,
)
