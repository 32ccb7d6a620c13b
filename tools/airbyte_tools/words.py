"""Times, sizes and untrusted names as people read them."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import humanize

from airbyte_client import Schedule
from airbyte_guardrails.wording import clean, quoted, sides, spelled_out

TEXT_LIMIT = 500
KEPT = 1024
"""The same jobs are told of again and again, and their words take longer than all else of a row."""
_PLAIN_NAME = re.compile(r"[\w$-]+")

__all__ = [
    "ago",
    "clean",
    "counted",
    "field_name",
    "field_path",
    "iso",
    "length",
    "listed",
    "plain",
    "quoted",
    "rows",
    "schedule_words",
    "sentence",
    "sides",
    "size",
]


def plain(text: str) -> str:
    """Text from Airbyte on one harmless line of at most 500 characters."""
    return clean(text, TEXT_LIMIT)


def field_path(path: Sequence[str]) -> str:
    """A field's path with dots between its parts; no two paths read the same."""
    return ".".join(field_name(part) for part in path)


def field_name(name: str) -> str:
    """A name as it is, or between quotes where it holds dots, spaces or what nobody can see."""
    return name if _PLAIN_NAME.fullmatch(name) and clean(name, len(name)) == name else spelled_out(name)


def iso(moment: datetime | None) -> str | None:
    """An aware time as ISO 8601 UTC to the second, or None."""
    if moment is None:
        return None
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='seconds')}Z"


def ago(moment: datetime | None, now: datetime) -> str:
    """How far a moment lies from now: "3 hours ago", "2 minutes from now", "at an unknown time"."""
    return "at an unknown time" if moment is None else _apart(int((now - moment).total_seconds()))


@lru_cache(maxsize=KEPT)
def _apart(seconds: int) -> str:
    return humanize.naturaltime(timedelta(seconds=seconds))


@lru_cache(maxsize=KEPT)
def length(duration: timedelta | None) -> str:
    """A duration in at most two units: "1 hour and 2 minutes", or "unknown duration"."""
    if duration is None:
        return "unknown duration"
    return humanize.precisedelta(duration, minimum_unit="seconds", format="%0.0f")


def rows(count: int | None) -> str:
    """A row count with separators; None is unknown, never zero."""
    return "unknown rows" if count is None else counted(count, "row")


@lru_cache(maxsize=KEPT)
def size(count: int | None) -> str:
    """Bytes in a unit that people use; None is unknown, never zero."""
    return "unknown volume" if count is None else humanize.naturalsize(count)


def sentence(words: str) -> str:
    """`words` with a capital first letter and nothing else changed."""
    return words[:1].upper() + words[1:]


def schedule_words(schedule: Schedule | None) -> str:
    """When a connection runs, in words that no expression from Airbyte can stretch."""
    return "schedule not told" if schedule is None else plain(schedule.in_words())


@lru_cache(maxsize=KEPT)
def counted(number: int, thing: str) -> str:
    """A number with its noun: "1 row", "2,000 rows"."""
    return f"{humanize.intcomma(number)} {thing}" + ("" if number == 1 else "s")


def listed(names: Sequence[str], limit: int = 10) -> str:
    """Untrusted names, each quoted, at most `limit` of them, the rest as a count."""
    shown = ", ".join(quoted(name) for name in names[:limit])
    rest = len(names) - limit
    return shown if rest <= 0 else f"{shown} and {rest} more"
