"""When a checked Quartz expression runs: all in UTC, where every day has each time once."""

import calendar
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from airbyte_sandbox.cron import DAY, HOUR, MONTH, WEEKDAY, YEAR, Part

_LAST_YEAR = 2099
_SATURDAY, _SUNDAY = 5, 6

DayTest = Callable[[date], bool]


@lru_cache(maxsize=4096)
def next_run(expression: str, after: datetime) -> datetime | None:
    """The first run after ``after``; None if there is none until the end of 2099.

    ``expression`` must have passed :func:`airbyte_sandbox.cron.checked_cron`.
    """
    second, minute, hours, day, month, weekday, *year = expression.upper().split()
    times = [time(hour, int(minute), int(second), tzinfo=UTC) for hour in _values(HOUR, hours)]
    months = set(_values(MONTH, month))
    years = set(_values(YEAR, year[0])) if year else None
    on_day = _day_of_month(day) if weekday == "?" else _day_of_week(weekday)
    for today in _days(after.date()):
        if today.month in months and (years is None or today.year in years) and on_day(today):
            runs = (datetime.combine(today, moment) for moment in times)
            run = next((run for run in runs if run > after), None)
            if run is not None:
                return run
    return None


def _days(first: date) -> Iterator[date]:
    today = first
    while today.year <= _LAST_YEAR:
        yield today
        today += timedelta(days=1)


def _values(part: Part, field: str) -> list[int]:
    """What a field of values, ranges and steps allows, in order; a range may go over the end."""
    values: set[int] = set()
    span = part.high - part.low + 1
    for item in field.split(","):
        base, slash, step = item.partition("/")
        first, _, last = base.partition("-")
        low = part.low if first == "*" else part.number(first)
        high = part.number(last) if last else part.high if first == "*" or slash else low
        length = (high - low) % span + 1
        values |= {part.low + (low - part.low + offset) % span for offset in range(0, length, int(step or 1))}
    return sorted(values)


def _day_of_month(field: str) -> DayTest:
    if field == "L" or field.startswith("L-"):
        before = int(field[2:] or 0)
        return lambda today: today.day == _length(today) - before
    if field.endswith("W"):
        return lambda today: today.day == _nearest_weekday(today, field[:-1])
    days = set(_values(DAY, field))
    return lambda today: today.day in days


def _day_of_week(field: str) -> DayTest:
    """Quartz counts Sunday as 1; a lone L is Saturday."""
    if field == "L":
        return lambda today: today.weekday() == _SATURDAY
    if field.endswith("L"):
        wanted = WEEKDAY.number(field[:-1])
        return lambda today: _weekday(today) == wanted and today.day > _length(today) - 7
    if "#" in field:
        name, _, nth = field.partition("#")
        wanted = WEEKDAY.number(name)
        return lambda today: _weekday(today) == wanted and (today.day - 1) // 7 + 1 == int(nth)
    days = set(_values(WEEKDAY, field))
    return lambda today: _weekday(today) in days


def _nearest_weekday(month: date, wanted: str) -> int | None:
    """The day from Monday to Friday nearest to day ``wanted`` ("L": the last) without leaving the month."""
    length = _length(month)
    day = length if wanted == "L" else int(wanted)
    if day > length:
        return None
    weekday = calendar.weekday(month.year, month.month, day)
    if weekday == _SATURDAY:
        return day - 1 if day > 1 else day + 2
    if weekday == _SUNDAY:
        return day + 1 if day < length else day - 2
    return day


def _length(month: date) -> int:
    return calendar.monthrange(month.year, month.month)[1]


def _weekday(today: date) -> int:
    return today.isoweekday() % 7 + 1
