"""A cron expression of one zone as the same runs in UTC, where that is exactly possible."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from airbyte_client.errors import InvalidScheduleError
from airbyte_client.quartz import HOUR, MONTH, WEEKDAY, WEEKDAYS, MonthDays, Quartz, WeekDays

_HORIZON = timedelta(days=5 * 366)
_STEP = timedelta(days=7)
_HOUR, _DAY = 60, 24 * 60


def fold_into_utc(quartz: Quartz, zone: ZoneInfo) -> str:
    """The expression in UTC.

    Raises:
        InvalidScheduleError: The zone's offset changes within the next five years, or the shifted runs have
            no expression of their own.
    """
    now = datetime.now(UTC)
    offset, change = _offset(now, zone), _next_change(now, zone)
    if change is None:
        return _shifted(quartz, offset, zone)
    raise InvalidScheduleError(
        f"Airbyte writes UTC only, and {zone.key} changes its offset to UTC: the runs would drift by it.",
        next_step=f"In UTC and with the offset of today, to be changed on {change:%Y-%m-%d}: "
        f"{_shifted(quartz, offset, zone)}.",
    )


def _next_change(now: datetime, zone: ZoneInfo) -> datetime | None:
    """The first weekly sample with another offset; None if the offset stays for five years."""
    offset, moment = _offset(now, zone), now
    while moment < now + _HORIZON:
        moment += _STEP
        if _offset(moment, zone) != offset:
            return moment
    return None


def _offset(moment: datetime, zone: ZoneInfo) -> int:
    """Minutes east of UTC."""
    offset = moment.astimezone(zone).utcoffset() or timedelta()
    return round(offset.total_seconds() / 60)


def _shifted(quartz: Quartz, offset: int, zone: ZoneInfo) -> str:
    if offset == 0:
        return quartz.expression
    times = {hour * _HOUR + minute - offset for hour in quartz.hours for minute in quartz.minutes}
    hours = tuple(sorted({time % _DAY // _HOUR for time in times}))
    minutes = tuple(sorted({time % _HOUR for time in times}))
    day_shifts = {time // _DAY for time in times}
    if len(hours) * len(minutes) != len(times):
        raise _impossible(zone)
    day, weekday = _shifted_days(quartz, day_shifts, zone)
    hour_field = "*" if len(hours) == HOUR.high + 1 else _listed(hours)
    second, _, _, _, month, _, *year = quartz.fields
    return " ".join([second, _listed(minutes), hour_field, day, month, weekday, *year])


def _shifted_days(quartz: Quartz, shifts: set[int], zone: ZoneInfo) -> tuple[str, str]:
    """The two day fields, when all runs move by the same number of days, or by none."""
    _, _, _, day, _, weekday, *_ = quartz.fields
    is_always = len(quartz.months) == MONTH.high and quartz.years is None
    if shifts == {0} or (
        is_always and isinstance(quartz.days, MonthDays | WeekDays) and quartz.days.is_every_day
    ):
        return day, weekday
    if is_always and isinstance(quartz.days, WeekDays) and len(shifts) == 1:
        (shift,) = shifts
        moved = sorted((value - 1 + shift) % WEEKDAY.high for value in quartz.days.days)
        return "?", ",".join(WEEKDAYS[value] for value in moved)
    raise _impossible(zone)


def _listed(values: tuple[int, ...]) -> str:
    return ",".join(map(str, values))


def _impossible(zone: ZoneInfo) -> InvalidScheduleError:
    return InvalidScheduleError(
        f"Airbyte writes UTC only, and no single expression names these runs of {zone.key} in UTC.",
        next_step="Choose hours whose UTC day is the same, or give the expression in UTC.",
    )
