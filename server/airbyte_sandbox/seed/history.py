"""What the fleet did before the sandbox started: jobs of the past days, told relative to now.

These rows are a story; no sink ever held them. Whatever runs after the start is real.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from airbyte_sandbox.clock import milliseconds
from airbyte_sandbox.json_value import as_object, as_text
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
from airbyte_sandbox.seed.fleet import SeedConnection, connection_named
from airbyte_sandbox.storage.jobs import JobStore

_BYTES_PER_ROW = 190
_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class _Past:
    """One finished job; ``failure`` None means that it went well."""

    connection: SeedConnection
    start: datetime
    seconds: int
    rows: int
    failure: Failure | None = None

    def job(self) -> Job:
        start = milliseconds(self.start)
        status = JobStatus.FAILED if self.failure else JobStatus.SUCCEEDED
        return Job(0, self.connection.id, JobType.SYNC, status, start, start + self.seconds * 1000)

    def attempt(self) -> Attempt:
        start = milliseconds(self.start)
        size = self.rows * _BYTES_PER_ROW
        return Attempt(
            0,
            0,
            AttemptStatus.FAILED if self.failure else AttemptStatus.SUCCEEDED,
            start,
            start + self.seconds * 1000,
            Progress(self.rows, size, self.rows, size, states=1),
            (self.failure,) if self.failure else (),
        )


def add_history(jobs: JobStore, now: datetime) -> None:
    """Put the past in, oldest job first, so that ids rise with time."""
    for past in sorted(_history(now), key=lambda past: past.start):
        jobs.add_finished(past.job(), [past.attempt()])


def _history(now: datetime) -> Iterator[_Past]:
    yield from _daily("Orders to warehouse", now, hour=2, minute=0, days=7, rows=1980, seconds=214)
    yield from _daily("Product usage to warehouse", now, hour=4, minute=15, days=7, rows=610, seconds=95)
    yield from _daily("Ad spend to warehouse", now, hour=6, minute=0, days=5, rows=180, seconds=41)
    yield from _crm(now)
    billing = connection_named("Billing to warehouse")
    for days in (14, 13, 12):
        yield _Past(billing, _last(now, 5, 0) - days * _DAY, 62, 40)
    events = connection_named("Web events to lake")
    last_good = (now - 9 * _HOUR).replace(minute=5, second=0, microsecond=0)
    for hours in range(12):
        yield _Past(events, last_good - hours * _HOUR, 37 + hours % 5, 250 + 7 * hours)
    tickets = connection_named("Support tickets to warehouse")
    for days in range(4):
        yield _Past(tickets, now - timedelta(hours=20, minutes=12, seconds=7) - days * _DAY, 58, 25)
    catalogue = connection_named("Product catalogue to lake")
    yield _Past(catalogue, now - 3 * _DAY - 2 * _HOUR, 19, 240)


def _daily(
    name: str, now: datetime, *, hour: int, minute: int, days: int, rows: int, seconds: int
) -> Iterator[_Past]:
    connection = connection_named(name)
    for day in range(days):
        start = _last(now, hour, minute) - day * _DAY
        yield _Past(connection, start, seconds + 11 * (day % 3), rows + 13 * (day % 4))


def _crm(now: datetime) -> Iterator[_Past]:
    """Good until four days ago, then three failures in a row for one reason."""
    crm = connection_named("CRM contacts to warehouse")
    message = as_text(as_object(crm.settings["fail"])["message"])
    failure = Failure(FailureOrigin.SOURCE, FailureType.CONFIG, message)
    for day in range(7):
        start = _last(now, 3, 30) - day * _DAY
        failed = day < 3  # noqa: PLR2004 - the three of the docstring
        yield _Past(crm, start, 9 if failed else 77, 0 if failed else 920, failure if failed else None)


def _last(now: datetime, hour: int, minute: int) -> datetime:
    """The last time before ``now`` that it was this hour and minute, UTC, with time left to have ended."""
    today = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return today if today + _HOUR / 4 < now else today - _DAY
