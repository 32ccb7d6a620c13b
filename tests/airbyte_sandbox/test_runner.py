"""Sources that the demo fleet does not have, run by the real runner."""

import threading
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from airbyte_sandbox.clock import SystemClock
from airbyte_sandbox.faults import FaultBook
from airbyte_sandbox.json_value import JsonObject
from airbyte_sandbox.model import (
    NEXT_STATES,
    Connection,
    ConnectionStatus,
    Destination,
    FailureType,
    Job,
    JobStatus,
    JobType,
    Schedule,
    SinkKind,
    Source,
    StreamConfig,
    SyncMode,
)
from airbyte_sandbox.runs.changes import JobChanges
from airbyte_sandbox.runs.connectors import Connectors
from airbyte_sandbox.runs.runner import JobRunner
from airbyte_sandbox.runs.work import Workbench
from airbyte_sandbox.sink.folder import SinkFolder
from airbyte_sandbox.sources import sample
from airbyte_sandbox.storage.database import Database
from airbyte_sandbox.storage.details import DetailStore
from airbyte_sandbox.storage.fleet import FleetStore
from airbyte_sandbox.storage.jobs import JobStore

BOUND = 20


class Bell(JobChanges):
    """Rings for threads instead of an event loop."""

    def __init__(self) -> None:
        super().__init__()
        self._rung = threading.Condition()

    def announce(self) -> None:
        with self._rung:
            self._rung.notify_all()

    def wait_until(self, reached: Callable[[], bool]) -> None:
        with self._rung:
            assert self._rung.wait_for(reached, BOUND)


class Workshop:
    """A runner with one connection, whose source is told what to do."""

    def __init__(self, folder: Path) -> None:
        self.database = Database(None)
        self.fleet = FleetStore(self.database)
        self.jobs = JobStore(self.database, SystemClock())
        self.sinks = SinkFolder(folder / "sinks", self.fleet)
        self.bell = Bell()
        bench = Workbench(
            self.fleet,
            self.jobs,
            DetailStore(self.database),
            self.sinks,
            Connectors({}),
            FaultBook(),
            self.bell,
            SystemClock(),
            folder / "running",
        )
        self.runner = JobRunner(bench, time_factor=0)
        self.connection = Connection(
            "c", "w", "Test", "s", "d", ConnectionStatus.ACTIVE, Schedule(), (), created_at=0
        )

    def told(self, mode: SyncMode, **settings: object) -> None:
        """Let the source do this from now on."""
        config: JsonObject = {"streams": {"orders": 250}, "state_every": 50, **settings}  # type: ignore[dict-item]  # the tests give JSON
        self.fleet.add_source(Source("s", "w", "S", "x", "sample", config, tuple(sample.catalog(config)), 0))
        cursor = ("updated_at",) if mode.incremental else ()
        stream = StreamConfig("orders", mode, cursor, ("id",))
        self.connection = Connection(
            "c", "w", "Test", "s", "d", ConnectionStatus.ACTIVE, Schedule(), (stream,), created_at=0
        )

    def sync(self) -> Job:
        """Run one sync to its end."""
        return self.ended(self.runner.sync(self.connection))

    def ended(self, job: Job) -> Job:
        self.bell.wait_until(lambda: self.now(job).status.terminal)
        return self.now(job)

    def now(self, job: Job) -> Job:
        found = self.jobs.job(job.id)
        assert found is not None
        return found

    def rows(self) -> int:
        with closing(self.sinks.open(self.connection)) as file:
            return sum(table.rows for table in file.tables())


@pytest.fixture
def workshop(tmp_path: Path) -> Generator[Workshop]:
    workshop = Workshop(tmp_path)
    yield workshop
    workshop.runner.close()
    workshop.database.close()


def test_a_transient_failure_is_tried_again_from_the_last_state(workshop: Workshop) -> None:
    workshop.told(SyncMode.INCREMENTAL_APPEND, fail={"kind": "transient", "after_rows": 120})
    job = workshop.sync()
    assert job.status is JobStatus.FAILED
    attempts = workshop.jobs.attempts(job.id)
    # 100 of 120 rows are behind a state each time; the third one ends with the data, and fails all the same;
    # then five in a row have nothing to commit, which is where Airbyte gives up.
    assert [attempt.progress.records_committed for attempt in attempts] == [100, 100, 50, 0, 0, 0, 0, 0]
    assert all(attempt.failures[0].type is FailureType.TRANSIENT for attempt in attempts)
    assert workshop.rows() == job.rows == 250
    workshop.told(SyncMode.INCREMENTAL_APPEND)
    assert workshop.sync().rows == 0
    assert workshop.rows() == 250


@pytest.mark.parametrize("mode", [SyncMode.FULL_REFRESH_OVERWRITE, SyncMode.FULL_REFRESH_APPEND])
def test_a_full_refresh_that_fails_shows_nothing_of_itself(workshop: Workshop, mode: SyncMode) -> None:
    workshop.told(mode)
    workshop.sync()
    workshop.told(mode, fail={"kind": "config_error", "after_rows": 100, "message": "key expired"})
    job = workshop.sync()
    assert (job.status, job.rows) == (JobStatus.FAILED, 0)
    assert len(workshop.jobs.attempts(job.id)) == 1
    assert workshop.rows() == 250


@pytest.mark.parametrize("kind", list(SinkKind))
@pytest.mark.parametrize("mode", list(SyncMode))
def test_more_rows_than_are_kept_in_memory_land_exactly_once(
    workshop: Workshop, mode: SyncMode, kind: SinkKind
) -> None:
    workshop.fleet.add_destination(Destination("d", "w", "D", kind, {}, 0))
    workshop.told(mode, streams={"orders": 25_000}, state_every=24_000)
    job = workshop.sync()
    assert job.status is JobStatus.SUCCEEDED
    assert workshop.rows() == job.rows == 25_000


def test_a_ninth_job_waits_as_pending_and_can_be_cancelled_unstarted(workshop: Workshop) -> None:
    workshop.told(SyncMode.INCREMENTAL_APPEND, rows_per_second=20)
    connections = [
        replace(workshop.connection, id=f"c{number}", destination_id=f"d{number}") for number in range(9)
    ]
    jobs = [workshop.runner.sync(connection) for connection in connections]
    workshop.bell.wait_until(lambda: sum(workshop.now(job).status is JobStatus.RUNNING for job in jobs) == 8)
    (waiting,) = [job for job in jobs if workshop.now(job).status is JobStatus.PENDING]
    assert workshop.runner.sync(connections[jobs.index(waiting)]).id == waiting.id
    workshop.runner.cancel(waiting.connection_id)
    assert workshop.now(waiting).status is JobStatus.CANCELLED
    assert workshop.jobs.attempts(waiting.id) == []


def test_closing_ends_running_jobs_as_failed(workshop: Workshop) -> None:
    workshop.told(SyncMode.INCREMENTAL_APPEND, rows_per_second=20)
    job = workshop.runner.sync(workshop.connection)
    workshop.bell.wait_until(lambda: workshop.now(job).status is JobStatus.RUNNING)
    workshop.runner.close()
    assert workshop.now(job).status is JobStatus.FAILED


@pytest.mark.parametrize("start", list(JobStatus))
@pytest.mark.parametrize("to", list(JobStatus))
def test_only_the_allowed_steps_of_a_job_happen(workshop: Workshop, start: JobStatus, to: JobStatus) -> None:
    workshop.jobs.add_finished(Job(0, "c", JobType.SYNC, start, 0, 0), [])
    assert workshop.jobs.advance(1, to) is (to in NEXT_STATES[start])
    found = workshop.jobs.job(1)
    assert found is not None
    assert found.status is (to if to in NEXT_STATES[start] else start)
