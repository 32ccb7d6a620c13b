"""Starts the syncs of connections with a schedule when their time has come.

A run that comes due while a job of its connection runs waits for the end of that job; times that passed
meanwhile, or while the clock jumped, count as one. An interval is counted from the start of the last job,
however that was started, and a connection that never ran is due at once, as in Airbyte.
"""

import re
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from airbyte_sandbox.clock import Clock
from airbyte_sandbox.cron_runs import next_run
from airbyte_sandbox.model import ConnectionStatus, Schedule, ScheduleType
from airbyte_sandbox.runs.runner import AlreadyRunningError, JobRunner
from airbyte_sandbox.storage.fleet import FleetStore
from airbyte_sandbox.storage.jobs import JobStore

# Months are counted as 30 days; Airbyte's clients write hours.
_UNIT_MINUTES = {"MINUTE": 1, "HOUR": 60, "DAY": 1440, "WEEK": 10_080, "MONTH": 43_200}
_INTERVAL = re.compile(r"Every (\d{1,6}) (MINUTE|HOUR|DAY|WEEK|MONTH)S?")
_LONGEST_WAIT = 3600.0


@dataclass(frozen=True)
class _Due:
    """When a schedule fires next; None means never."""

    schedule: Schedule
    at: datetime | None


class Scheduler:
    """A thread that wakes when the next run is due, the clock jumped, or something changed."""

    def __init__(self, fleet: FleetStore, jobs: JobStore, runner: JobRunner, clock: Clock) -> None:
        self._fleet = fleet
        self._jobs = jobs
        self._runner = runner
        self._clock = clock
        self._woken = threading.Event()
        self._changed_at: datetime | None = None
        self._closed = False
        self._seen_version = -1
        self._due: dict[str, _Due] = {}
        self._late: set[str] = set()
        self._earliest: datetime | None = None
        self._thread = threading.Thread(target=self._work, name="airbyte-sandbox-schedules", daemon=True)

    def start(self) -> None:
        """Begin. What was due before counts as past."""
        self._read_schedules(self._clock.now())
        self._thread.start()

    def note_change(self) -> None:
        """A schedule may be new, and counts from now: the clock may jump before the thread gets to it."""
        if self._changed_at is None:
            self._changed_at = self._clock.now()
        self._woken.set()

    def wake(self) -> None:
        """Look again whether something is due; callable from every thread."""
        self._woken.set()

    def close(self) -> None:
        """Fire nothing any more."""
        self._closed = True
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join()

    def _work(self) -> None:
        while not self._closed:
            self._woken.clear()
            now = self._clock.now()
            changed_at, self._changed_at = self._changed_at, None
            self._read_schedules(changed_at or now)
            self._fire(now)
            left = (self._earliest - now).total_seconds() if self._earliest is not None else _LONGEST_WAIT
            self._woken.wait(min(max(left, 0.0), _LONGEST_WAIT))

    def _read_schedules(self, now: datetime) -> None:
        """Keep the due times of schedules that are as they were; count the others from ``now``."""
        version = self._fleet.version
        if version == self._seen_version:
            return
        before = self._due
        self._due = {}
        for identifier, schedule in self._fleet.schedules():
            known = before.get(identifier)
            if known is not None and known.schedule == schedule:
                self._due[identifier] = known
            else:
                self._due[identifier] = _Due(schedule, self._first(identifier, schedule, now))
        self._late &= set(self._due)
        self._seen_version = version
        self._find_earliest()

    def _fire(self, now: datetime) -> None:
        if self._earliest is not None and self._earliest <= now:
            for identifier, due in self._due.items():
                if due.at is not None and due.at <= now:
                    self._late.add(identifier)
        for identifier in sorted(self._late):
            if self._fired(identifier, now):
                self._late.discard(identifier)
        self._find_earliest()

    def _fired(self, identifier: str, now: datetime) -> bool:
        """Start the sync, unless the last one was too short ago; False if a job is in the way."""
        schedule = self._due[identifier].schedule
        started = self._first(identifier, schedule, now) if schedule.type is ScheduleType.BASIC else now
        if started is not None and started <= now:
            connection = self._fleet.connection(identifier)
            if connection is None or connection.status is not ConnectionStatus.ACTIVE:
                return True
            try:
                self._runner.sync(connection)
            except AlreadyRunningError:
                self._due[identifier] = _Due(schedule, None)
                return False
        self._due[identifier] = _Due(schedule, self._first(identifier, schedule, now))
        return True

    def _first(self, identifier: str, schedule: Schedule, now: datetime) -> datetime | None:
        if schedule.type is ScheduleType.CRON:
            return next_run(schedule.expression, now)
        step = interval(schedule.expression)
        if step is None:
            return None
        last = self._jobs.last_start(identifier)
        return now if last is None else datetime.fromtimestamp(last / 1000, UTC) + step

    def _find_earliest(self) -> None:
        self._earliest = min((due.at for due in self._due.values() if due.at is not None), default=None)


def interval(words: str) -> timedelta | None:
    """The length of a basic schedule such as "Every 24 HOURS"; None if it cannot be told."""
    found = _INTERVAL.fullmatch(words)
    return timedelta(minutes=int(found[1]) * _UNIT_MINUTES[found[2]]) if found else None
