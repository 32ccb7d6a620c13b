"""The jobs of the past that a description tells of.

They are a story: no destination ever held their rows. Whatever runs after the start is real.
"""

import re
from datetime import datetime, timedelta

from airbyte_sandbox.clock import milliseconds
from airbyte_sandbox.json_value import JsonValue
from airbyte_sandbox.model import (
    Attempt,
    AttemptStatus,
    Failure,
    FailureOrigin,
    FailureType,
    Job,
    JobStatus,
    JobType,
    Progress,
)
from airbyte_sandbox.seed.reading import Described, SeedError

_FIELDS = (
    "hoursAgo", "minute", "at", "daysAgo", "type", "status", "seconds", "rows",
    "message", "failureType", "failureOrigin",
)  # fmt: skip
_BYTES_PER_ROW = 190
_MOST_DAYS = 4000
_MOST_SECONDS = 10 * 86_400
_MOST_ROWS = 10**12
_DAY = timedelta(days=1)
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


def past_job(value: JsonValue, connection_id: str, now: datetime) -> tuple[Job, Attempt]:
    """A job of the past and its one attempt.

    Raises:
        SeedError: it cannot be understood.
    """
    item = Described(value, "a job", _FIELDS)
    status = item.member("status", JobStatus, JobStatus.SUCCEEDED)
    if not status.terminal:
        raise SeedError("a job of the past is succeeded, failed or cancelled")
    length = timedelta(seconds=item.whole("seconds", 60, 0, _MOST_SECONDS))
    begun = _begun(item, now, length)
    if begun > now:
        raise SeedError("a job of the past cannot begin in the future")
    start, end = milliseconds(begun), min(milliseconds(begun + length), milliseconds(now))
    rows = item.whole("rows", 0, 0, _MOST_ROWS)
    size = rows * _BYTES_PER_ROW
    failure = _failure(item, status)
    job = Job(0, connection_id, item.member("type", JobType, JobType.SYNC), status, start, end)
    attempt = Attempt(
        0,
        0,
        AttemptStatus.FAILED if failure else AttemptStatus.SUCCEEDED,
        start,
        end,
        Progress(rows, size, rows, size, states=1),
        (failure,) if failure else (),
    )
    return job, attempt


def _begun(item: Described, now: datetime, length: timedelta) -> datetime:
    """When it began: so many hours ago, or so many days before the last time of day at which it could end."""
    if item.has("hoursAgo") == item.has("at"):
        raise SeedError('a job of the past needs either "hoursAgo" or "at"')
    if item.has("hoursAgo"):
        if item.has("daysAgo"):
            raise SeedError('"daysAgo" of a job goes with "at", not with "hoursAgo"')
        begun = now - timedelta(hours=item.number("hoursAgo", 0, 0, _MOST_DAYS * 24))
        if not item.has("minute"):
            return begun
        return begun.replace(minute=item.whole("minute", 0, 0, 59), second=0, microsecond=0)
    if item.has("minute"):
        raise SeedError('"minute" of a job goes with "hoursAgo", not with "at"')
    time = _TIME.fullmatch(item.text("at"))
    if time is None:
        raise SeedError('"at" of a job must be a time of day in UTC, such as "02:30"')
    today = now.replace(hour=int(time[1]), minute=int(time[2]), second=0, microsecond=0)
    last = today if today + length <= now else today - _DAY
    return last - item.whole("daysAgo", 0, 0, _MOST_DAYS) * _DAY


def _failure(item: Described, status: JobStatus) -> Failure | None:
    if status is JobStatus.SUCCEEDED:
        for name in ("message", "failureType", "failureOrigin"):
            if item.has(name):
                raise SeedError(f'"{name}" of a job goes with "status": "failed" or "cancelled"')
        return None
    cancelled = status is JobStatus.CANCELLED
    origin = FailureOrigin.PLATFORM if cancelled else FailureOrigin.SOURCE
    kind = FailureType.CANCELLED if cancelled else FailureType.SYSTEM
    return Failure(
        item.member("failureOrigin", FailureOrigin, origin),
        item.member("failureType", FailureType, kind),
        item.text("message", "The job was cancelled." if cancelled else "The source failed."),
    )
