"""The end of an attempt's log, in one form for the two that Airbyte keeps logs in."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

from pydantic import AliasChoices, BeforeValidator, Field

from airbyte_client.models import AirbyteModel, Instant, no_nulls
from airbyte_client.text import clean

MAX_LOG_LINES = 1_000
MAX_LOG_LINE = 1_000
"""Characters of one line that are kept."""

_COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class LogTail(AirbyteModel):
    """The last lines of an attempt's log, oldest first.

    Attributes:
        attempt_number: From 0, as Airbyte counts inside.
        lines: Clean single lines of at most 1,000 characters; what they say is the connectors' own.
        omitted: How many lines there are before these.
    """

    attempt_number: int
    lines: tuple[str, ...]
    omitted: int


class _LogEvent(AirbyteModel):
    timestamp: Instant | None = None
    level: str | None = None
    message: str | None = None

    def as_line(self) -> str:
        return " ".join(part for part in (_second(self.timestamp), self.level, self.message) if part)


class _Log(AirbyteModel):
    """Newer versions keep structured events, older ones formatted lines."""

    log_lines: tuple[str, ...] | None = None
    events: tuple[_LogEvent, ...] | None = Field(
        default=None, validation_alias=AliasChoices("events", "logEvents")
    )


class LogAnswer(AirbyteModel):
    """What the Config API answers about an attempt, as far as its log goes."""

    logs: Annotated[_Log, BeforeValidator(lambda value: no_nulls(value) or {})] = _Log()

    def tail(self, attempt_number: int, limit: int, secrets: Iterable[str]) -> LogTail:
        """The last lines, cleaned; `secrets` are blanked out, should the log hold them."""
        kept = tuple(secrets)
        formatted, events = self.logs.log_lines or (), self.logs.events or ()
        lines = [*formatted[-limit:], *(event.as_line() for event in events[-limit:])][-limit:]
        return LogTail(
            attempt_number=attempt_number,
            lines=tuple(clean(_COLOUR.sub("", line), limit=MAX_LOG_LINE, secrets=kept) for line in lines),
            omitted=len(formatted) + len(events) - len(lines),
        )


def _second(moment: datetime | None) -> str | None:
    return None if moment is None else f"{moment:%Y-%m-%dT%H:%M:%SZ}"
