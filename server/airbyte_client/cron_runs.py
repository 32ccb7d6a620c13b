"""When a Quartz expression runs, and how it reads in words. The arithmetic and the words are libraries'."""

import calendar
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from cron_descriptor import ExpressionDescriptor, Options
from croniter import CroniterBadDateError, croniter

from airbyte_client.errors import InvalidScheduleError
from airbyte_client.quartz import (
    DayRule,
    LastDay,
    LastWeekday,
    MonthDays,
    NearestWeekday,
    NthWeekday,
    Quartz,
    WeekDays,
    parse_quartz,
)
from airbyte_client.text import clean
from airbyte_client.zones import read_zone

_MAX_YEARS_BETWEEN_RUNS = 30
_LONGEST_OVERLAP = timedelta(hours=3)


def next_runs(expression: str, timezone: str, after: datetime, count: int) -> list[datetime]:
    """See `CronSchedule.next_runs`."""
    quartz, zone = parse_quartz(expression), read_zone(timezone)
    if after.tzinfo is None:
        raise InvalidScheduleError(
            "The time to count from has no time zone.", next_step="Give an aware datetime."
        )
    return list(islice(_runs(quartz, zone, after), count))


def describe(expression: str, timezone: str) -> str:
    """See `CronSchedule.in_words`."""
    try:
        quartz = parse_quartz(expression)
        options = Options(day_of_week_start_index_zero=False, use_24hour_time_format=True, verbose=False)
        words = ExpressionDescriptor(quartz.expression, options).get_description()
    except Exception:  # noqa: BLE001  the library raises plain exceptions; words are worth no failure
        words = f"cron {clean(expression, limit=120)}"
    return f"{words} ({clean(timezone, limit=60)})"


def _runs(quartz: Quartz, zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
    """All runs after a moment, in UTC.

    Quartz thinks in wall-clock time: a time that the clock skips does not run that day, and one that the
    clock shows twice runs at its second, standard time. Seen by asking Quartz 2.3.2.
    """
    start = after.astimezone(zone).replace(tzinfo=None) - _LONGEST_OVERLAP
    for wall_time in _wall_times(quartz, start):
        run = wall_time.replace(tzinfo=zone, fold=1).astimezone(UTC)
        exists = run.astimezone(zone).replace(tzinfo=None) == wall_time
        if exists and run > after:
            yield run


def _wall_times(quartz: Quartz, start: datetime) -> Iterator[datetime]:
    day, weekday = _library_days(quartz.days)
    fields = [
        _listed(quartz.seconds),
        _listed(quartz.minutes),
        _listed(quartz.hours),
        day,
        _listed(quartz.months),
        weekday,
        "*" if quartz.years is None else _listed(quartz.years),
    ]
    steps = croniter(
        " ".join(fields),
        start,
        ret_type=datetime,
        second_at_beginning=True,
        max_years_between_matches=_MAX_YEARS_BETWEEN_RUNS,
    )
    while True:
        try:
            wall_time: datetime = steps.get_next()
        except CroniterBadDateError:
            return
        if _is_on_day(quartz.days, wall_time):
            yield wall_time


def _library_days(rule: DayRule) -> tuple[str, str]:
    """A day rule as croniter's two day fields, with Unix weekdays.

    Where croniter has no form of its own (`LW`, `L-3`) or another idea than Quartz (`31W` in February), it
    gets the days that come into question, and `_is_on_day` chooses.
    """
    match rule:
        case MonthDays(days):
            return _listed(days), "*"
        case WeekDays(days):
            return "*", _listed(tuple(day - 1 for day in days))
        case NthWeekday(day, nth):
            return "*", f"{day - 1}#{nth}"
        case LastWeekday(day):
            return "*", f"L{day - 1}"
        case NearestWeekday(day):
            return _days_around(day, day), "*"
        case LastDay(offset):
            return _days_around(28 - offset, 31 - offset), "*"


def _days_around(first: int, last: int) -> str:
    """A weekday is never more than two days away."""
    return _listed(tuple(range(max(1, first - 2), min(31, max(1, last) + 2) + 1)))


def _is_on_day(rule: DayRule, day: date) -> bool:
    length = calendar.monthrange(day.year, day.month)[1]
    match rule:
        case NearestWeekday(wanted):
            return day.day == _nearest_weekday(day, wanted, length)
        case LastDay(offset, weekday=True):
            return day.day == _nearest_weekday(day, length - offset, length)
        case LastDay(offset):
            return day.day == length - offset
        case _:
            return True


def _nearest_weekday(month: date, wanted: int, length: int) -> int | None:
    """The weekday of this month nearest to the wanted day; None where the month lacks that day."""
    if not 1 <= wanted <= length:
        return None
    day_of_week = calendar.weekday(month.year, month.month, wanted)
    if day_of_week == calendar.SATURDAY:
        return wanted - 1 if wanted > 1 else wanted + 2
    if day_of_week == calendar.SUNDAY:
        return wanted + 1 if wanted < length else wanted - 2
    return wanted


def _listed(values: tuple[int, ...]) -> str:
    return ",".join(map(str, values))
