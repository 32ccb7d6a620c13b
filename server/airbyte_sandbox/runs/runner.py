"""Starts, cancels and finishes jobs: each runs in a thread of its own, one for each connection."""

import shutil
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from airbyte_sandbox.model import (
    Connection,
    Failure,
    FailureOrigin,
    FailureType,
    Job,
    JobStatus,
    JobType,
    Progress,
)
from airbyte_sandbox.runs.attempt import AttemptContext, SyncAttempt
from airbyte_sandbox.runs.changes import JobChanges
from airbyte_sandbox.runs.source_process import SourceProcess
from airbyte_sandbox.sink.folder import SinkFolder
from airbyte_sandbox.storage.fleet import FleetStore
from airbyte_sandbox.storage.jobs import JobStore

_JOBS_AT_ONCE = 8
_MOST_ATTEMPTS = 3
# Airbyte waits 10, 30, 90 seconds; here the same steps take a fiftieth of that.
_FIRST_BACKOFF_SECONDS = 0.2
_BACKOFF_FACTOR = 3

_CANCELLED = Failure(
    FailureOrigin.PLATFORM, FailureType.CANCELLED, "The job was cancelled while this attempt ran."
)
_STOPPED = Failure(
    FailureOrigin.PLATFORM, FailureType.SYSTEM, "The sandbox was stopped while this job had not ended."
)


class AlreadyRunningError(Exception):
    """The connection has a job that has not ended."""


class _Run:
    """A job on its way, and the means to stop it. ``stopped_by`` is None as long as it may go on."""

    def __init__(self, job: Job, connection: Connection) -> None:
        self.job = job
        self.connection = connection
        self.stopped_by: Failure | None = None
        self.stop_asked = threading.Event()
        self.done = threading.Event()
        self.future: Future[None] | None = None
        self._lock = threading.Lock()
        self._process: SourceProcess | None = None

    @property
    def pid(self) -> int | None:
        process = self._process
        return process.pid if process is not None else None

    def watch(self, process: SourceProcess | None) -> None:
        with self._lock:
            self._process = process
            if process is not None and self.stopped_by is not None:
                process.kill()

    def stop(self, reason: Failure) -> None:
        with self._lock:
            self.stopped_by = self.stopped_by or reason
            if self._process is not None:
                self._process.kill()
        self.stop_asked.set()


@dataclass(frozen=True)
class _Ended:
    """How an attempt went and what that makes of its job."""

    failures: list[Failure]
    status: JobStatus


class JobRunner:
    """Runs the jobs of the whole fleet, at most eight at once; the others wait as pending.

    ``workplace`` is a folder of its own, emptied first, for the input files of the sources.
    """

    def __init__(
        self, fleet: FleetStore, jobs: JobStore, sinks: SinkFolder, changes: JobChanges, workplace: Path
    ) -> None:
        self._fleet = fleet
        self._jobs = jobs
        self._sinks = sinks
        self._changes = changes
        self._workplace = workplace
        # A sandbox that was killed may have left inputs of its sources there, which hold secrets.
        shutil.rmtree(workplace, ignore_errors=True)
        workplace.mkdir(mode=0o700, parents=True)
        self._lock = threading.Lock()
        self._runs: dict[str, _Run] = {}
        self._closed = False
        self._pool = ThreadPoolExecutor(_JOBS_AT_ONCE, thread_name_prefix="airbyte-sandbox-job")

    def recover(self) -> None:
        """Fail every job that an earlier sandbox left behind: its source is gone."""
        for job in self._jobs.all_active():
            attempts = self._jobs.attempts(job.id)
            number = attempts[-1].number if attempts else 0
            self._jobs.end_attempt(job.id, number, [_STOPPED], JobStatus.FAILED)

    def sync(self, connection: Connection) -> Job:
        """Start a sync; a sync that has not begun its first attempt is given back instead.

        Raises:
            AlreadyRunningError: a job of this connection runs.
        """
        while (job := self._start(connection, JobType.SYNC)) is None:
            active = self._jobs.active(connection.id)
            if active is not None and active.status is JobStatus.PENDING and active.type is JobType.SYNC:
                return active
            if active is not None:
                raise AlreadyRunningError
        return job

    def reset(self, connection: Connection) -> Job:
        """Cancel what runs, then empty the connection's tables, as a job of its own."""
        while (job := self._start(connection, JobType.RESET)) is None:
            self.cancel(connection.id)
        return job

    def cancel(self, connection_id: str) -> None:
        """Stop whatever runs for this connection and wait until it has ended; nothing runs: nothing done.

        Airbyte's cancel signals the connection's workflow, so it never asks which job is meant.
        """
        with self._lock:
            run = self._runs.get(connection_id)
        if run is not None:
            self._stop(run, _CANCELLED)

    def pid(self, job_id: int) -> int | None:
        """Process id of the source that this job reads now."""
        with self._lock:
            return next((run.pid for run in self._runs.values() if run.job.id == job_id), None)

    def close(self) -> None:
        """Stop all jobs; those that ran end as failed."""
        with self._lock:
            self._closed = True
            runs = list(self._runs.values())
        for run in runs:
            self._stop(run, _STOPPED)
        self._pool.shutdown()

    def _start(self, connection: Connection, kind: JobType) -> Job | None:
        with self._lock:
            if self._closed:
                raise RuntimeError("the sandbox is stopping")
            job = self._jobs.enqueue(connection.id, kind)
            if job is None:
                return None
            run = _Run(job, connection)
            self._runs[connection.id] = run
            run.future = self._pool.submit(self._work, run)
        self._changes.announce()
        return job

    def _stop(self, run: _Run, reason: Failure) -> None:
        run.stop(reason)
        if run.future is not None and run.future.cancel():
            self._jobs.advance(run.job.id, _stopped_status(reason))
            self._finish(run)
        run.done.wait()

    def _finish(self, run: _Run) -> None:
        with self._lock:
            if self._runs.get(run.connection.id) is run:
                del self._runs[run.connection.id]
        run.done.set()
        self._changes.announce()

    def _work(self, run: _Run) -> None:
        perform: Callable[[_Run, int], _Ended] = (
            self._sync_attempt if run.job.type is JobType.SYNC else self._reset_attempt
        )
        try:
            for number in range(_MOST_ATTEMPTS):
                if run.stopped_by is not None:
                    self._jobs.advance(run.job.id, _stopped_status(run.stopped_by))
                    break
                self._jobs.begin_attempt(run.job.id, number)
                self._changes.announce()
                ended = self._ended_safely(perform, run, number)
                self._jobs.end_attempt(run.job.id, number, ended.failures, ended.status)
                self._changes.announce()
                if ended.status.terminal:
                    break
                run.stop_asked.wait(_FIRST_BACKOFF_SECONDS * _BACKOFF_FACTOR**number)
        finally:
            self._finish(run)

    def _ended_safely(self, perform: Callable[[_Run, int], _Ended], run: _Run, number: int) -> _Ended:
        """Whatever goes wrong inside, the job ends with a reason."""
        try:
            return perform(run, number)
        except Exception as error:  # noqa: BLE001 - a job that never ends would be worse than any bug
            failure = Failure(
                FailureOrigin.PLATFORM, FailureType.SYSTEM, "The sandbox could not run this job.", repr(error)
            )
            return _Ended([failure], JobStatus.FAILED)

    def _sync_attempt(self, run: _Run, number: int) -> _Ended:
        source = self._fleet.source(run.connection.source_id)
        if source is None:
            raise LookupError(f"source {run.connection.source_id} is gone")

        def report(progress: Progress) -> None:
            self._jobs.record_progress(run.job.id, number, progress)
            self._changes.announce()

        with (
            tempfile.TemporaryDirectory(dir=self._workplace) as folder,
            closing(self._sinks.open(run.connection)) as file,
        ):
            context = AttemptContext(run.job.id, run.connection, source, Path(folder), run.watch, report)
            attempt = SyncAttempt(context, file)
            try:
                attempt.run()
            finally:
                run.watch(None)
        return _judge(run, attempt.failures, last=number + 1 == _MOST_ATTEMPTS)

    def _reset_attempt(self, run: _Run, number: int) -> _Ended:
        with closing(self._sinks.open(run.connection)) as file:
            file.clear()
        self._jobs.record_progress(run.job.id, number, Progress())
        return _Ended([], JobStatus.SUCCEEDED)


def _judge(run: _Run, failures: list[Failure], *, last: bool) -> _Ended:
    if run.stopped_by is not None and failures:
        return _Ended([run.stopped_by], _stopped_status(run.stopped_by))
    if not failures:
        return _Ended([], JobStatus.SUCCEEDED)
    final = last or any(failure.type is FailureType.CONFIG for failure in failures)
    return _Ended(failures, JobStatus.FAILED if final else JobStatus.INCOMPLETE)


def _stopped_status(reason: Failure) -> JobStatus:
    return JobStatus.CANCELLED if reason.type is FailureType.CANCELLED else JobStatus.FAILED
