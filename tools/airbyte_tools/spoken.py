"""Schedules as people say them: "every 6 hours", "weekdays at 7:30 Berlin", or a Quartz expression.

A small grammar, read from left to right: how often or on which days, at which
times, in which zone. What is left over in the end is an error that names it,
because half a schedule understood is a wrong schedule.
"""

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from zoneinfo import available_timezones

from airbyte_client import CronSchedule, ManualSchedule, every
from airbyte_tools.errors import InvalidRequestError
from airbyte_tools.words import quoted

EXAMPLES = '"every 6 hours", "daily at 6:00", "weekdays at 7:30 Europe/Berlin", "mondays at 9", "0 0 6 * * ?"'

_DAYS = {
    name: day.upper()
    for day, names in {
        "mon": ("monday", "mon"),
        "tue": ("tuesday", "tues", "tue"),
        "wed": ("wednesday", "wed"),
        "thu": ("thursday", "thurs", "thu"),
        "fri": ("friday", "fri"),
        "sat": ("saturday", "sat"),
        "sun": ("sunday", "sun"),
    }.items()
    for name in names
}
_DAY = "|".join(f"{name}s?" for name in _DAYS)
_SETS = {"weekday": "MON-FRI", "working day": "MON-FRI", "workday": "MON-FRI", "weekend": "SAT,SUN"}

_CRON = re.compile(r"^\s*[\d*/,?\-]+(\s+[\w*/,?#\-]+){4,6}(\s+\S+)?\s*$")
_EVERY_HOURS = re.compile(r"^(?:every (?:(?P<n>\d{1,3}) )?hours?|hourly)\b")
_EVERY_MINUTES = re.compile(r"^every (?:(?P<n>\d{1,3}) )?min(?:ute)?s?\b")
_DAILY = re.compile(r"^(?:every day|daily|each day|nightly|every night|every morning)\b")
_DAY_SET = re.compile(r"^(?:on |every |each )?(?P<set>weekday|working day|workday|weekend)s?\b")
_DAY_RANGE = re.compile(rf"^(?:on |every |from )?(?P<a>{_DAY}) ?(?:-|to|through|until) ?(?P<b>{_DAY})\b")
_DAY_LIST = re.compile(
    rf"^(?:on |every |each |weekly on )?(?P<days>(?:{_DAY})(?:(?:, ?(?:and )?| and | & )(?:{_DAY}))*)\b"
)
_MONTHLY = re.compile(
    r"^(?:(?:on )?the )?(?P<n>\d{1,2})(?:st|nd|rd|th)(?: (?:day )?of (?:the|every|each) month)?\b"
)
_LAST_DAY = re.compile(r"^(?:on )?(?:the )?last day(?: of (?:the|every|each) month)?\b")
_TIME = re.compile(
    r"^(?:at |, ?|and |& )*"
    r"(?:(?P<word>noon|midnight)|(?P<h>\d{1,2})(?:[:.h](?P<m>\d{2}))? ?(?P<half>am|pm)?)"
    r"(?: ?o'?clock| ?h(?:ours?)?)?(?=\s|,|$)"
)
_ZONE = re.compile(r"^(?:in |at )?(?:the )?(?P<zone>[a-z][\w/+\- ]*?)(?: time(?: ?zone)?)?$")


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What was said: a schedule whose times are meant in its own zone.

    `hours` is set where it was said as an interval, which Airbyte's API can only have in UTC.
    """

    schedule: CronSchedule | ManualSchedule
    hours: int | None = None


def understood(said: str, timezone: str) -> Wish:
    """The schedule that somebody means.

    Args:
        said: Their words, or a cron expression.
        timezone: The zone in which they speak of times, unless the words name another.

    Raises:
        InvalidRequestError: The words are not understood, or say only half of it.
        InvalidScheduleError: An interval that cron cannot say evenly.
    """
    text = " ".join(said.replace("\u2019", "'").split()).strip(" .")
    if text.lower() in ("manual", "manually", "by hand", "never", "off"):
        return Wish(schedule=ManualSchedule())
    if _CRON.match(text):
        return Wish(schedule=CronSchedule(expression=text, timezone=timezone))
    lowered = text.lower()
    if found := _EVERY_HOURS.match(lowered):
        return _interval(int(found["n"] or 1), lowered[found.end() :])
    if found := _EVERY_MINUTES.match(lowered):
        field = "*" if found["n"] is None else f"0/{found['n']}"
        return Wish(schedule=CronSchedule(expression=f"0 {field} * * * ?", timezone="UTC"))
    days, rest = _read_days(lowered)
    times, rest = _read_times(rest)
    return _at_times(said, days, times, _read_zone(rest, timezone))


def _interval(hours: int, rest: str) -> Wish:
    if rest.strip():
        raise InvalidRequestError(
            f"After an interval, {quoted(rest.strip())} is not understood.",
            "Give an interval alone, or times of day: every_hours counts from midnight UTC.",
        )
    return Wish(schedule=every(hours), hours=hours)


def _read_days(text: str) -> tuple[str, str]:
    """The day fields of a Quartz expression, `day-of-month month weekday`, and what follows them."""
    for form, fields in _DAY_FORMS:
        if found := form.match(text):
            return fields(found), text[found.end() :].strip()
    return EVERY_DAY, text


def _day(name: str) -> str:
    return _DAYS.get(name) or _DAYS[name.removesuffix("s")]


def _days(names: str) -> str:
    return ",".join(_day(name) for name in re.split(r", ?(?:and )?| and | & ", names))


EVERY_DAY = "* * ?"
_DAY_FORMS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    (_DAILY, lambda _: EVERY_DAY),
    (_DAY_SET, lambda found: f"? * {_SETS[found['set']]}"),
    (_DAY_RANGE, lambda found: f"? * {_day(found['a'])}-{_day(found['b'])}"),
    (_DAY_LIST, lambda found: f"? * {_days(found['days'])}"),
    (_LAST_DAY, lambda _: "L * ?"),
    (_MONTHLY, lambda found: f"{int(found['n'])} * ?"),
)


def _read_times(text: str) -> tuple[list[tuple[int, int]], str]:
    """Times of day as (hour, minute), and what follows them."""
    times: list[tuple[int, int]] = []
    while found := _TIME.match(text):
        times.append(_clock(found))
        text = text[found.end() :].strip()
    return times, text


def _clock(found: re.Match[str]) -> tuple[int, int]:
    if found["word"]:
        return (12, 0) if found["word"] == "noon" else (0, 0)
    hour, minute = int(found["h"]), int(found["m"] or 0)
    if found["half"]:
        hour = hour % 12 + (12 if found["half"] == "pm" else 0)
    return hour, minute


def _at_times(said: str, days: str, times: list[tuple[int, int]], zone: str) -> Wish:
    minutes = {minute for _, minute in times}
    if not times or any(hour > 23 or minute > 59 for hour, minute in times):  # noqa: PLR2004 - a clock
        raise InvalidRequestError(
            f"{quoted(said)} says no time of day that can be understood.", f"Say it like {EXAMPLES}."
        )
    if len(minutes) > 1:
        raise InvalidRequestError(
            "One cron expression cannot hold times with different minutes.",
            "Choose times with the same minutes, such as 7:30 and 19:30.",
        )
    hours = ",".join(str(hour) for hour in sorted({hour for hour, _ in times}))
    return Wish(schedule=CronSchedule(expression=f"0 {minutes.pop()} {hours} {days}", timezone=zone))


def _read_zone(text: str, default: str) -> str:
    if not text:
        return default
    found = _ZONE.match(text.strip(" ,()"))
    zone = _zones().get(found["zone"].replace(" ", "_")) if found else None
    if zone is None:
        near = difflib.get_close_matches(text.strip(" ,()").replace(" ", "_"), _zones(), n=1)
        hint = f" Did you mean {_zones()[near[0]]}?" if near else ""
        raise InvalidRequestError(f"{quoted(text)} is not understood.{hint}", f"Say it like {EXAMPLES}.")
    return zone


@cache
def _zones() -> dict[str, str]:
    """IANA zones by their names and by their cities, in lower case; a full name beats a city."""
    names = sorted(available_timezones())
    cities = {name.rsplit("/", 1)[-1].lower(): name for name in names if "/" in name}
    return cities | {name.lower(): name for name in names}
