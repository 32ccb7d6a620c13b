"""A job on its way, and the means to stop it."""

import threading
from concurrent.futures import Future

from airbyte_sandbox.model import Connection, Failure, FailureType, Job, JobStatus
from airbyte_sandbox.runs.source_process import SourceProcess


class Run:
    """One job that is queued or runs. ``stopped_by`` is None as long as it may go on."""

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
        """The process id of the source that is read now."""
        process = self._process
        return process.pid if process is not None else None

    @property
    def stopped_status(self) -> JobStatus:
        """What the stop makes of the job."""
        cancelled = self.stopped_by is not None and self.stopped_by.type is FailureType.CANCELLED
        return JobStatus.CANCELLED if cancelled else JobStatus.FAILED

    def watch(self, process: SourceProcess | None) -> None:
        """Note the process that a stop must kill."""
        with self._lock:
            self._process = process
            if process is not None and self.stopped_by is not None:
                process.kill()

    def stop(self, reason: Failure) -> None:
        """Let it end as soon as it can; the first reason stays."""
        with self._lock:
            self.stopped_by = self.stopped_by or reason
            if self._process is not None:
                self._process.kill()
        self.stop_asked.set()
