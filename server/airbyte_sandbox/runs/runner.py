"""Starts, cancels and finishes jobs: each runs in a thread of its own, one for each connection."""

import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import count

from airbyte_sandbox.model import (
    Connection,
    Failure,
    FailureOrigin,
    FailureType,
    Job,
    JobStatus,
    JobType,
)
from airbyte_sandbox.runs.retries import FailureTally
from airbyte_sandbox.runs.run import Run
from airbyte_sandbox.runs.work import Outcome, Workbench

_JOBS_AT_ONCE = 8

_CANCELLED = Failure(
    FailureOrigin.PLATFORM, FailureType.CANCELLED, "The job was cancelled while this attempt ran."
)
_STOPPED = Failure(
    FailureOrigin.PLATFORM, FailureType.SYSTEM, "The sandbox was stopped while this job had not ended."
)


class AlreadyRunningError(Exception):
    """The connection has a job that has not ended."""


class JobRunner:
    """Runs the jobs of the whole fleet, at most eight at once; the others wait as pending.

    The workbench's folder is emptied first. ``time_factor`` scales the pauses between attempts.
    """

    def __init__(self, bench: Workbench, time_factor: float) -> None:
        self._bench = bench
        self._jobs = bench.jobs
        self._changes = bench.changes
        self._time_factor = time_factor
        # A sandbox that was killed may have left inputs of its sources there, which hold secrets.
        shutil.rmtree(bench.folder, ignore_errors=True)
        bench.folder.mkdir(mode=0o700, parents=True)
        self._lock = threading.Lock()
        self._runs: dict[str, Run] = {}
        self._closed = False
        self._pool = ThreadPoolExecutor(_JOBS_AT_ONCE, thread_name_prefix="airbyte-sandbox-job")

    def recover(self) -> None:
        """Fail every job that an earlier sandbox left behind: its source is gone."""
        for job in self._jobs.all_active():
            attempts = self._jobs.attempts(job.id)
            number = attempts[-1].number if attempts else 0
            self._jobs.end_attempt(job.id, number, [_STOPPED], JobStatus.FAILED)
            connection = self._bench.fleet.connection(job.connection_id)
            if connection is not None:
                self._bench.sinks.tidy(connection)

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

    def stop_all(self) -> None:
        """Stop all jobs; those that ran end as failed."""
        with self._lock:
            runs = list(self._runs.values())
        for run in runs:
            self._stop(run, _STOPPED)

    def close(self) -> None:
        """Stop all jobs, and start none any more."""
        with self._lock:
            self._closed = True
        self.stop_all()
        self._pool.shutdown()

    def _start(self, connection: Connection, kind: JobType) -> Job | None:
        with self._lock:
            if self._closed:
                raise RuntimeError("the sandbox is stopping")
            job = self._jobs.enqueue(connection.id, kind)
            if job is None:
                return None
            run = Run(job, connection)
            self._runs[connection.id] = run
            run.future = self._pool.submit(self._work, run)
        self._changes.announce()
        return job

    def _stop(self, run: Run, reason: Failure) -> None:
        run.stop(reason)
        if run.future is not None and run.future.cancel():
            self._jobs.advance(run.job.id, run.stopped_status)
            self._finish(run)
        run.done.wait()

    def _finish(self, run: Run) -> None:
        with self._lock:
            if self._runs.get(run.connection.id) is run:
                del self._runs[run.connection.id]
        run.done.set()
        self._changes.announce()

    def _work(self, run: Run) -> None:
        tally = FailureTally(self._time_factor)
        try:
            for number in count():
                if run.stopped_by is not None:
                    self._jobs.advance(run.job.id, run.stopped_status)
                    break
                self._jobs.begin_attempt(run.job.id, number)
                self._changes.announce()
                outcome = self._bench.perform(run, number)
                status = _status_after(run, outcome, tally)
                self._jobs.end_attempt(run.job.id, number, outcome.failures, status)
                self._changes.announce()
                if status.terminal:
                    break
                run.stop_asked.wait(tally.pause)
        finally:
            self._finish(run)


def _status_after(run: Run, outcome: Outcome, tally: FailureTally) -> JobStatus:
    """What an attempt's outcome makes of its job."""
    if not outcome.failures:
        return JobStatus.SUCCEEDED
    if run.stopped_by is not None:
        return run.stopped_status
    tally.add(progress=outcome.progress)
    return JobStatus.FAILED if outcome.final or tally.exhausted else JobStatus.INCOMPLETE
