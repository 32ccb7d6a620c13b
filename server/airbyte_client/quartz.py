"""Quartz cron expressions, read strictly: 6 or 7 fields, Sunday is 1, one of the two day fields is `?`.

second  minute  hour  day-of-month  month  day-of-week  [year]
"""

import re
from dataclasses import dataclass

from airbyte_client.errors import InvalidScheduleError
from airbyte_client.text import clean

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")

_LAST_DAY = re.compile(r"L(?:-(?P<offset>\d{1,2}))?(?P<weekday>W)?")
_NEAREST = re.compile(r"(?P<day>\d{1,2})W")
_NTH = re.compile(r"(?P<day>[1-7]|[A-Z]{3})#(?P<nth>[1-5])")
_LAST_WEEKDAY = re.compile(r"(?P<day>[1-7]|[A-Z]{3})L")
_PART = re.compile(r"(?P<first>\*|\w{1,4})?(?:-(?P<last>\w{1,4}))?(?:/(?P<step>\d{1,4}))?")
_MAX_LENGTH = 200
_MAX_OFFSET = 30
_WITH_YEAR = 7


@dataclass(frozen=True, slots=True)
class _Field:
    """What one field may hold."""

    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()
    wraps: bool = True

    def number(self, text: str) -> int:
        value = self.low + self.names.index(text) if text in self.names else _digits(text)
        if value is None or not self.low <= value <= self.high:
            raise _refusal(
                f"the {self.name} {clean(text, limit=20)!r} is not between {self.low} and {self.high}"
            )
        return value

    def values(self, text: str) -> tuple[int, ...]:
        """All values that a list of numbers, ranges and steps stands for."""
        return tuple(sorted({value for part in text.split(",") for value in self._part(part)}))

    def _part(self, text: str) -> list[int]:
        match = _PART.fullmatch(text)
        first, last, step = match.groups() if match else (None, None, None)
        if not match or not (first or step) or (last and first in (None, "*")):
            raise _refusal(f"the {self.name} {clean(text, limit=20)!r} is not understood")
        width = int(step or 1)
        if not 1 <= width <= self.high:
            raise _refusal(f"the {self.name} cannot go in steps of {width}")
        if first in (None, "*"):
            return list(range(self.low, self.high + 1, width))
        start = self.number(first)
        end = self.number(last) if last else (self.high if step else start)
        if end < start and not self.wraps:
            raise _refusal(f"the {self.name} runs backwards")
        size = self.high - self.low + 1
        stretch = (end - start) % size if end < start else end - start
        return [self.low + (start - self.low + i) % size for i in range(0, stretch + 1, width)]


SECOND = _Field("second", 0, 59)
MINUTE = _Field("minute", 0, 59)
HOUR = _Field("hour", 0, 23)
DAY = _Field("day of the month", 1, 31)
MONTH = _Field("month", 1, 12, _MONTHS)
WEEKDAY = _Field("day of the week", 1, 7, WEEKDAYS)
YEAR = _Field("year", 1970, 2099, wraps=False)


@dataclass(frozen=True, slots=True)
class MonthDays:
    """These days of the month."""

    days: tuple[int, ...]

    @property
    def is_every_day(self) -> bool:
        """Whether no day is left out."""
        return len(self.days) == DAY.high


@dataclass(frozen=True, slots=True)
class LastDay:
    """The last day of the month, or a day counted from it, or the weekday nearest to that."""

    offset: int
    weekday: bool


@dataclass(frozen=True, slots=True)
class NearestWeekday:
    """The weekday (Monday to Friday) nearest to this day, in the same month."""

    day: int


@dataclass(frozen=True, slots=True)
class WeekDays:
    """These days of the week; Sunday is 1."""

    days: tuple[int, ...]

    @property
    def is_every_day(self) -> bool:
        """Whether no day is left out."""
        return len(self.days) == WEEKDAY.high


@dataclass(frozen=True, slots=True)
class NthWeekday:
    """The nth of this day of the week in the month; Sunday is 1."""

    day: int
    nth: int


@dataclass(frozen=True, slots=True)
class LastWeekday:
    """The last of this day of the week in the month; Sunday is 1."""

    day: int


DayRule = MonthDays | LastDay | NearestWeekday | WeekDays | NthWeekday | LastWeekday


@dataclass(frozen=True, slots=True)
class Quartz:
    """An expression, field by field, as the values it stands for; `years` is None for all."""

    fields: tuple[str, ...]
    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: DayRule
    months: tuple[int, ...]
    years: tuple[int, ...] | None

    @property
    def expression(self) -> str:
        """The fields, separated by one space each."""
        return " ".join(self.fields)


def parse_quartz(expression: str) -> Quartz:
    """Read an expression.

    Raises:
        InvalidScheduleError: It is not one that Quartz accepts.
    """
    if len(expression) > _MAX_LENGTH:
        raise _refusal(f"it is longer than {_MAX_LENGTH} characters")
    fields = tuple(expression.upper().split())
    if len(fields) not in (_WITH_YEAR - 1, _WITH_YEAR):
        raise _refusal(f"it has {len(fields)} fields instead of 6 or 7")
    second, minute, hour, day, month, weekday = fields[:6]
    return Quartz(
        fields=fields,
        seconds=SECOND.values(second),
        minutes=MINUTE.values(minute),
        hours=HOUR.values(hour),
        days=_day_rule(day, weekday),
        months=MONTH.values(month),
        years=YEAR.values(fields[6]) if len(fields) == _WITH_YEAR and fields[6] != "*" else None,
    )


def _day_rule(day: str, weekday: str) -> DayRule:
    if (day == "?") == (weekday == "?"):
        raise _refusal("exactly one of day-of-month and day-of-week must be '?'")
    return _month_day_rule(day) if weekday == "?" else _weekday_rule(weekday)


def _month_day_rule(text: str) -> DayRule:
    if match := _LAST_DAY.fullmatch(text):
        offset = int(match["offset"] or 0)
        if offset > _MAX_OFFSET:
            raise _refusal(f"{text} lies before the month")
        return LastDay(offset, weekday=match["weekday"] is not None)
    if match := _NEAREST.fullmatch(text):
        return NearestWeekday(DAY.number(match["day"]))
    return MonthDays(DAY.values(text))


def _weekday_rule(text: str) -> DayRule:
    if match := _NTH.fullmatch(text):
        return NthWeekday(WEEKDAY.number(match["day"]), int(match["nth"]))
    if match := _LAST_WEEKDAY.fullmatch(text):
        return LastWeekday(WEEKDAY.number(match["day"]))
    # A lone L is the week's last day.
    return WeekDays((WEEKDAY.high,) if text == "L" else WEEKDAY.values(text))


def _digits(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() else None


def _refusal(reason: str) -> InvalidScheduleError:
    return InvalidScheduleError(
        f"This is not a Quartz cron expression: {reason}.",
        next_step="Write second, minute, hour, day, month, weekday, for example 0 0 9 ? * MON-FRI.",
    )
