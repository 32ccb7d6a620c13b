"""Schedules that Airbyte's public API accepts, and refusals that name the accepted form of the same wish.

The API writes manual, and Quartz cron in UTC, no more often than hourly unless the instance is entitled.
"""

import re

from airbyte_client.errors import InvalidScheduleError
from airbyte_client.folding import fold_into_utc
from airbyte_client.quartz import WEEKDAYS, Quartz, parse_quartz
from airbyte_client.schedules import CronSchedule, IntervalSchedule, IntervalUnit, read_cron
from airbyte_client.zones import read_zone

_UNIX_FIELDS, _YEAR_FIELDS = 5, 7
_HOURS_OF_A_WEEK = 168
_EXACT_HOURS = (1, 2, 3, 4, 6, 8, 12, 24, _HOURS_OF_A_WEEK)
_HOURS_OF = {
    IntervalUnit.MINUTES: 1 / 60,
    IntervalUnit.HOURS: 1,
    IntervalUnit.DAYS: 24,
    IntervalUnit.WEEKS: _HOURS_OF_A_WEEK,
}


def writable_cron(expression: str, timezone: str = "UTC", *, allow_sub_hourly: bool = False) -> CronSchedule:
    """A schedule that Airbyte will accept, from what somebody wrote.

    Args:
        expression: Quartz cron of 6 or 7 fields, with or without a zone at its end.
        timezone: IANA name of the zone that the fields are meant in. Airbyte writes UTC only: the offset of a
            zone without daylight-saving time is folded into the fields.
        allow_sub_hourly: Whether the instance is entitled to run more often than hourly.

    Returns:
        The schedule in UTC.

    Raises:
        InvalidScheduleError: Airbyte would refuse it, or it would drift; `next_step` names the accepted form.
    """
    said = read_cron(expression)
    _refuse_unix(said.expression)
    quartz = parse_quartz(said.expression)
    _refuse_loose_seconds(quartz)
    _refuse_sub_hourly(quartz, allowed=allow_sub_hourly)
    zone = read_zone(said.timezone if timezone == "UTC" else timezone)
    return CronSchedule(expression=fold_into_utc(quartz, zone))


def every(hours: int) -> CronSchedule:
    """Every so many hours from midnight UTC, where cron can say it exactly: divisors of 24, or a week.

    Raises:
        InvalidScheduleError: Cron would stumble at midnight or a month's end; names the nearest.
    """
    if hours == _HOURS_OF_A_WEEK:
        return CronSchedule(expression="0 0 0 ? * MON")
    if hours not in _EXACT_HOURS:
        smaller = max((exact for exact in _EXACT_HOURS if exact < hours), default=_EXACT_HOURS[0])
        larger = min((exact for exact in _EXACT_HOURS if exact > hours), default=_EXACT_HOURS[-1])
        nearest = f"{smaller}" if smaller == larger else f"{smaller} or {larger}"
        raise InvalidScheduleError(
            f"Cron cannot say every {hours} hours evenly.",
            next_step=f"The nearest that it can: every {nearest} hours.",
        )
    field = {1: "*", 24: "0"}.get(hours, f"0/{hours}")
    return CronSchedule(expression=f"0 0 {field} * * ?")


def nearest_cron(interval: IntervalSchedule) -> CronSchedule:
    """The schedule nearest to an interval, which Airbyte's API shows and cannot write."""
    if interval.unit is IntervalUnit.MONTHS:
        return CronSchedule(expression="0 0 0 1 * ?")
    hours = interval.every * _HOURS_OF[interval.unit]
    return every(min(_EXACT_HOURS, key=lambda exact: abs(exact - hours)))


def _refuse_unix(expression: str) -> None:
    fields = expression.split()
    if len(fields) != _UNIX_FIELDS:
        return
    quartz = _from_unix(fields)
    accepted = (
        f"Write {quartz}" if quartz else "Put the seconds (0) first, and ? into one of the two day fields"
    )
    raise InvalidScheduleError(
        "This is a Unix cron expression of 5 fields; Airbyte takes Quartz of 6 or 7.",
        next_step=f"{accepted}.",
    )


def _from_unix(fields: list[str]) -> str | None:
    """The same wish in Quartz; None where it has no such form."""
    minute, hour, day, month, weekday = fields
    if day != "*" and weekday != "*":
        return None
    if weekday == "*":
        days, weekdays = day, "?"
    else:
        # A step over weekdays counts from another first day in Quartz; digits of steps are not days.
        if "/" in weekday:
            return None
        days, weekdays = "?", re.sub(r"\d+", lambda number: WEEKDAYS[int(number[0]) % 7], weekday)
    try:
        return parse_quartz(f"0 {minute} {hour} {days} {month} {weekdays}").expression
    except InvalidScheduleError:
        return None


def _refuse_loose_seconds(quartz: Quartz) -> None:
    """Airbyte wants a plain number there, and in a 7-field expression a plain number of minutes too."""
    second, minute, *rest = quartz.fields
    plain_minute = minute.isdigit() or len(quartz.fields) < _YEAR_FIELDS
    if second.isdigit() and plain_minute:
        return
    accepted = " ".join(["0", minute if plain_minute else str(quartz.minutes[0]), *rest])
    raise InvalidScheduleError(
        "Airbyte takes only a plain number of seconds, and of minutes where a year is given.",
        next_step=f"Write {accepted}.",
    )


def _refuse_sub_hourly(quartz: Quartz, *, allowed: bool) -> None:
    if allowed or len(quartz.minutes) == 1:
        return
    second, _, *rest = quartz.fields
    raise InvalidScheduleError(
        "This runs more often than hourly, which Airbyte refuses unless the instance is entitled to it.",
        next_step=f"Write {' '.join([second, str(quartz.minutes[0]), *rest])}.",
    )
