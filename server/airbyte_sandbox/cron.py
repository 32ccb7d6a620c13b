"""Quartz cron expressions, as strictly as Airbyte takes them when it is told a schedule."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_HELP = (
    "Please check the cron expression format at"
    " https://www.quartz-scheduler.org/documentation/quartz-2.3.0/tutorials/crontrigger.html"
)
_DAY_SPECIAL = re.compile(r"L|LW|L-\d{1,2}|\d{1,2}W")
_WEEKDAY_SPECIAL = re.compile(r"L|[1-7]L|[1-7]#[1-5]|(?:SUN|MON|TUE|WED|THU|FRI|SAT)(?:L|#[1-5])")


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 4  # noqa: PLR2004 - a year has four digits


@dataclass(frozen=True)
class Part:
    """One field of an expression: its name and what it may hold."""

    name: str
    low: int
    high: int
    words: Mapping[str, int] = dataclass_field(default_factory=dict[str, int])

    def allows(self, item: str) -> bool:
        """Whether ``item`` is ``*``, a value or a range, each perhaps with ``/step``."""
        base, slash, step = item.partition("/")
        if slash and not (_is_number(step) and 1 <= int(step) <= self.high):
            return False
        if base == "*":
            return True
        ends = [self._value(end) for end in base.split("-")]
        return len(ends) in {1, 2} and all(end is not None and self.low <= end <= self.high for end in ends)

    def number(self, text: str) -> int:
        """The number that an allowed ``text`` stands for."""
        return int(text) if _is_number(text) else self.words[text]

    def _value(self, text: str) -> int | None:
        return int(text) if _is_number(text) else self.words.get(text)


SECOND = Part("second", 0, 59)
MINUTE = Part("minute", 0, 59)
HOUR = Part("hour", 0, 23)
DAY = Part("day of month", 1, 31)
MONTH = Part("month", 1, 12, dict(zip(_MONTHS, range(1, 13), strict=True)))
WEEKDAY = Part("day of week", 1, 7, dict(zip(_DAYS, range(1, 8), strict=True)))
YEAR = Part("year", 1970, 2099)


class CronError(ValueError):
    """The expression is refused; ``kind`` is set for what the second layer of checks refuses."""

    def __init__(self, message: str, kind: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.kind = kind


def checked_cron(text: str) -> str:
    """The expression as Airbyte keeps it: a trailing "UTC" is taken off, one space between fields.

    Raises:
        CronError: it is not valid, has another time zone, or would run more than once an hour.
    """
    fields = text.split()
    if fields and fields[-1].upper() == "UTC":
        fields.pop()
    expression = " ".join(fields)
    if len(fields) not in {6, 7}:
        raise _invalid(expression, f"the expression contains {len(fields)} parts but we expect one of [6, 7]")
    seconds, minutes, hours, day, month, weekday = (field.upper() for field in fields[:6])
    if not _is_number(seconds) or minutes == "*":
        raise CronError(
            f"The cron expression {expression} is not valid or is less than the one hour minimum."
            " The seconds and minutes values cannot be `*`."
        )
    _check(expression, SECOND, seconds)
    _check(expression, MINUTE, minutes)
    _check(expression, HOUR, hours)
    _check(expression, MONTH, month)
    _check_days(expression, day, weekday)
    if len(fields) > 6:  # noqa: PLR2004 - the seventh field is the year
        _check(expression, YEAR, fields[6])
    if not _is_number(minutes):
        raise CronError("A schedule may not run more than once an hour.", "under-one-hour-not-allowed")
    return expression


def _check_days(expression: str, day: str, weekday: str) -> None:
    if (day == "?") == (weekday == "?"):
        raise _invalid(expression, "exactly one of day-of-month and day-of-week must be ?")
    if day != "?" and not _DAY_SPECIAL.fullmatch(day):
        _check(expression, DAY, day)
    if weekday != "?" and not _WEEKDAY_SPECIAL.fullmatch(weekday):
        _check(expression, WEEKDAY, weekday)


def _check(expression: str, part: Part, field: str) -> None:
    if not all(part.allows(item) for item in field.split(",")):
        raise _invalid(expression, f"{field} is no {part.name}")


def _invalid(expression: str, why: str) -> CronError:
    return CronError(f"The cron expression {expression} is not valid. Error: {why}. {_HELP}")
