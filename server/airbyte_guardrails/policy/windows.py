"""When a rule's answer can be had: days and hours on the clock of a place, and how often in a period."""

import re
from collections.abc import Iterable
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, StrictInt, model_validator

from airbyte_guardrails.policy.values import Table, chosen, listed, nearest

MINUTES_A_DAY = 24 * 60
LONGEST_PERIOD = timedelta(days=31)
_UNITS = {"s": "second", "m": "minute", "h": "hour", "d": "day"}
_LENGTHS = {"day": 86_400, "hour": 3_600, "minute": 60, "second": 1}


class Day(StrEnum):
    """A day of the week, in its order."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


DAYS = tuple(Day)


def _days(value: object) -> object:
    """Single days and ranges, such as `mon-fri`, as days in their order."""
    named = [day for word in listed(value) for day in _range(word)]
    return tuple(sorted(set(named), key=DAYS.index))


def _range(word: object) -> Iterable[Day]:
    first, dash, last = str(word).partition("-")
    start = DAYS.index(chosen(Day, first))
    length = (DAYS.index(chosen(Day, last)) - start) % len(DAYS) if dash else 0
    return (DAYS[(start + step) % len(DAYS)] for step in range(length + 1))


def _minute(value: object) -> object:
    """`HH:MM`, or TOML's own time, as minutes since midnight; 24:00 is the end of the day."""
    text = value.strftime("%H:%M") if isinstance(value, time) else value
    if not isinstance(text, str) or not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d|24:00", text):
        raise ValueError(f"{text!r} is no time of day; write it as 08:00")
    return int(text[:2]) * 60 + int(text[3:])


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(
            f"{name!r} is no IANA time zone. Did you mean {nearest(name, available_timezones())!r}?"
        ) from None
    return name


def _period(value: object) -> object:
    if not isinstance(value, str) or not (found := re.fullmatch(r"([1-9]\d{0,4})([smhd])", value)):
        raise ValueError(f"{value!r} is no period; write it as 30m, 1h or 7d")
    period = timedelta(**{_UNITS[found[2]] + "s": int(found[1])})
    if period > LONGEST_PERIOD:
        raise ValueError(f"{value!r} is too long; 31d is the longest period")
    return period


class Window(Table):
    """Days and hours on the wall clock of a zone.

    `end` is the first minute outside. A window whose end lies before its
    start goes on past midnight, and belongs to the day on which it begins.
    When clocks are put back, an hour that comes twice counts twice; when they
    are put forward, the hour that is skipped never comes.
    """

    days: Annotated[tuple[Day, ...], BeforeValidator(_days)] = DAYS
    start: Annotated[int, BeforeValidator(_minute), Field(lt=MINUTES_A_DAY)] = Field(0, alias="from")
    end: Annotated[int, BeforeValidator(_minute)] = Field(MINUTES_A_DAY, alias="to")
    zone: Annotated[str, AfterValidator(_zone)]

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if self.start == self.end:
            raise ValueError("from and to are the same time, which could mean never or always")
        return self

    def is_open(self, moment: datetime) -> bool:
        """Whether `moment`, any aware time, lies in the window."""
        local = moment.astimezone(ZoneInfo(self.zone))
        minute = local.hour * 60 + local.minute
        today = DAYS[local.weekday()] in self.days
        if self.start < self.end:
            return today and self.start <= minute < self.end
        yesterday = DAYS[local.weekday() - 1] in self.days
        return (today and minute >= self.start) or (yesterday and minute < self.end)

    def words(self) -> str:
        """The window as people say it."""
        return f"{_days_in_words(self.days)} from {_clock(self.start)} to {_clock(self.end)} ({self.zone})"


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _days_in_words(days: tuple[Day, ...]) -> str:
    places = [DAYS.index(day) for day in days]
    if len(days) == len(DAYS):
        return "every day"
    if len(days) > 2 and places == list(range(places[0], places[0] + len(days))):  # noqa: PLR2004 - a range is of three or more
        return f"{days[0]}-{days[-1]}"
    return ", ".join(days)


class Per(StrEnum):
    """What a rate is counted for, each on its own."""

    CONNECTION = "connection"
    WORKSPACE = "workspace"
    INSTANCE = "instance"
    PRINCIPAL = "principal"


class Rate(Table):
    """At most so many changes in a period, counted for each connection, workspace, instance or principal."""

    at_most: StrictInt = Field(ge=1, le=100_000)
    period: Annotated[timedelta, BeforeValidator(_period)] = Field(alias="in")
    per: Annotated[Per, BeforeValidator(lambda value: chosen(Per, value))] = Per.CONNECTION

    def words(self) -> str:
        """The rate as people say it."""
        return f"at most {self.at_most} each {_length(self.period)} per {self.per}"


def _length(period: timedelta) -> str:
    seconds = int(period.total_seconds())
    unit, size = next((unit, size) for unit, size in _LENGTHS.items() if seconds % size == 0)
    count = seconds // size
    return unit if count == 1 else f"{count} {unit}s"
