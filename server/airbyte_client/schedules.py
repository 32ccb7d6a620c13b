"""When a connection runs: one model for every form that Airbyte says it in."""

import re
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Literal, cast

from pydantic import BaseModel, ConfigDict, JsonValue

from airbyte_client.text import clean


class IntervalUnit(StrEnum):
    """The units that Airbyte counts intervals in."""

    MINUTES = "minutes"
    HOURS = "hours"
    DAYS = "days"
    WEEKS = "weeks"
    MONTHS = "months"


class _ScheduleModel(BaseModel):
    model_config = ConfigDict(frozen=True)


class ManualSchedule(_ScheduleModel):
    """Runs only when somebody asks."""

    kind: Literal["manual"] = "manual"

    def in_words(self) -> str:
        """The schedule as a person says it."""
        return "manual"

    def next_runs(self, after: datetime, count: int) -> list[datetime]:  # noqa: ARG002  one shape for all
        """Empty: nobody knows when somebody will ask."""
        return []


class IntervalSchedule(_ScheduleModel):
    """Runs a fixed time after the run before it. Airbyte's public API shows these and cannot write them."""

    kind: Literal["interval"] = "interval"
    every: int
    unit: IntervalUnit

    def in_words(self) -> str:
        """The schedule as a person says it."""
        singular = self.unit.removesuffix("s")
        return f"every {singular}" if self.every == 1 else f"every {self.every} {self.unit}"

    def next_runs(self, after: datetime, count: int) -> list[datetime]:  # noqa: ARG002  one shape for all
        """Empty: the next run counts from the last one, and a manual sync shifts it."""
        return []


class UnknownSchedule(_ScheduleModel):
    """A schedule in a form that this version does not know, kept as Airbyte said it."""

    kind: Literal["unknown"] = "unknown"
    said: str

    def in_words(self) -> str:
        """What Airbyte said."""
        return f"unknown ({self.said})"

    def next_runs(self, after: datetime, count: int) -> list[datetime]:  # noqa: ARG002  one shape for all
        """Empty: unknown."""
        return []


class CronSchedule(_ScheduleModel):
    """Runs by a Quartz cron expression of 6 or 7 fields: second, minute, hour, day, month, weekday, year.

    Attributes:
        expression: The fields without the zone. Sunday is 1, not 0.
        timezone: An IANA name. Airbyte's public API writes UTC only; others were set in its web application.
    """

    kind: Literal["cron"] = "cron"
    expression: str
    timezone: str = "UTC"

    def in_words(self) -> str:
        """The schedule as a person says it; the bare expression where no words are found for it."""
        from airbyte_client.cron_runs import describe  # noqa: PLC0415  loads two libraries that most calls do not need

        return describe(self.expression, self.timezone)

    def next_runs(self, after: datetime, count: int) -> list[datetime]:
        """The next runs after a moment.

        Args:
            after: An aware time.
            count: How many at most; fewer where the schedule ends, as one with a year does.

        Returns:
            Aware UTC times, earliest first.

        Raises:
            InvalidScheduleError: The expression or the zone is not one that can be computed.
        """
        from airbyte_client.cron_runs import next_runs  # noqa: PLC0415  loads two libraries that most calls do not need

        return next_runs(self.expression, self.timezone, after, count)


Schedule = ManualSchedule | IntervalSchedule | CronSchedule | UnknownSchedule

_INTERVAL = re.compile(
    r"every[ _](?P<every>\d{1,6})[ _](?P<unit>minute|hour|day|week|month)s?", re.IGNORECASE
)
_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+\-]*(/[A-Za-z0-9_+\-]+)*")
_CRON_FIELDS = 6
_LONGEST_CRON = 200


def parse_schedule(said: object) -> Schedule | None:
    """The schedule that an API answer holds, in every form that Airbyte says it.

    Args:
        said: The `schedule` object of a connection, None, or a schedule already read.

    Returns:
        None where Airbyte says nothing; `UnknownSchedule` for what this version cannot read. Never fails.
    """
    if said is None or isinstance(said, ManualSchedule | IntervalSchedule | CronSchedule | UnknownSchedule):
        return said
    if not isinstance(said, dict):
        return UnknownSchedule(said=clean(str(said), limit=100))
    fields = cast("dict[str, JsonValue]", said)
    kind, cron, timing = (fields.get(key) for key in ("scheduleType", "cronExpression", "basicTiming"))
    if kind == "manual":
        return ManualSchedule()
    if kind == "cron" and isinstance(cron, str) and len(cron) <= _LONGEST_CRON:
        return read_cron(cron)
    interval = _INTERVAL.fullmatch(timing.strip()) if isinstance(timing, str) else None
    if kind == "basic" and interval:
        return IntervalSchedule(
            every=int(interval["every"]), unit=IntervalUnit(f"{interval['unit'].lower()}s")
        )
    return UnknownSchedule(said=clean(str(timing or cron or kind), limit=100))


# A fleet has thousands of connections and a few dozen schedules; a schedule never changes.
@lru_cache(maxsize=1024)
def read_cron(said: str) -> CronSchedule:
    """Split what Airbyte says into fields and the zone it appends to them: `0 0 12 * * ? UTC`."""
    *fields, last = said.split() or [""]
    if len(fields) >= _CRON_FIELDS and _ZONE.fullmatch(last):
        return CronSchedule(expression=" ".join(fields), timezone=last)
    return CronSchedule(expression=" ".join([*fields, last]))
