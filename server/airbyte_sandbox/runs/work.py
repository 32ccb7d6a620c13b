"""Does the work of one attempt, a sync or a reset, and says how it went."""

import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from airbyte_sandbox.clock import Clock
from airbyte_sandbox.faults import FaultBook
from airbyte_sandbox.model import Failure, FailureOrigin, FailureType, JobType, Progress
from airbyte_sandbox.runs.changes import JobChanges
from airbyte_sandbox.runs.connectors import Connectors
from airbyte_sandbox.runs.journal import Journal
from airbyte_sandbox.runs.meddling import Meddler
from airbyte_sandbox.runs.run import Run
from airbyte_sandbox.sink.folder import SinkFolder
from airbyte_sandbox.sink.sink import SinkUnavailableError
from airbyte_sandbox.storage.details import DetailStore
from airbyte_sandbox.storage.fleet import FleetStore
from airbyte_sandbox.storage.jobs import JobStore


@dataclass(frozen=True)
class Outcome:
    """How an attempt went: no ``failures`` means well; ``progress`` whether it committed anything."""

    failures: tuple[Failure, ...] = ()
    progress: bool = False

    @property
    def final(self) -> bool:
        """Whether another attempt would be no use: a configuration does not mend itself."""
        return any(failure.type is FailureType.CONFIG for failure in self.failures)


@dataclass(frozen=True)
class Workbench:
    """What work needs: the stores, the sinks, the connectors, and the faults that were asked for.

    ``folder`` is for the input files of the sources.
    """

    fleet: FleetStore
    jobs: JobStore
    details: DetailStore
    sinks: SinkFolder
    connectors: Connectors
    faults: FaultBook
    changes: JobChanges
    clock: Clock
    folder: Path

    def perform(self, run: Run, number: int) -> Outcome:
        """Do attempt ``number``. Whatever goes wrong inside, there is an outcome with a reason."""
        journal = Journal(self.details, self.clock, run.job.id, number)
        journal.log(f"Attempt {number} of job {run.job.id} ({run.job.type}) began.")
        try:
            if run.job.type is JobType.SYNC:
                outcome = self._sync(run, number, journal)
            else:
                outcome = self._reset(run, number)
        except SinkUnavailableError as error:
            kind = FailureType.CONFIG if error.final else FailureType.SYSTEM
            outcome = Outcome((Failure(FailureOrigin.DESTINATION, kind, str(error)),))
        except Exception as error:  # noqa: BLE001 - a job that never ends would be worse than any bug
            failure = Failure(
                FailureOrigin.PLATFORM, FailureType.SYSTEM, "The sandbox could not run this job.", repr(error)
            )
            outcome = Outcome((failure,))
        if outcome.failures and run.stopped_by is not None:
            outcome = Outcome((run.stopped_by,), outcome.progress)
        for failure in outcome.failures:
            journal.log(f"{failure.message} {failure.detail}".rstrip(), level="error", source=failure.origin)
        journal.log(f"Attempt {number} {'failed' if outcome.failures else 'succeeded'}.")
        journal.end(well=not outcome.failures, cancelled=run.stopped_by is not None)
        return outcome

    def _sync(self, run: Run, number: int, journal: Journal) -> Outcome:
        from airbyte_sandbox.runs.attempt import AttemptContext, SyncAttempt  # noqa: PLC0415 - the start needs no msgspec

        source = self.fleet.source(run.connection.source_id)
        if source is None:
            raise LookupError(f"source {run.connection.source_id} is gone")
        fault = self.faults.for_attempt(run.connection.id)

        def report(progress: Progress) -> None:
            self.jobs.record_progress(run.job.id, number, progress)
            self.changes.announce()

        with (
            tempfile.TemporaryDirectory(dir=self.folder) as folder,
            closing(self.sinks.open(run.connection)) as sink,
        ):
            context = AttemptContext(
                run.job.id,
                run.connection,
                source,
                self.connectors.command(source.connector),
                Path(folder),
                journal,
                run.watch,
                report,
                Meddler(fault, run.stop_asked) if fault is not None else None,
            )
            attempt = SyncAttempt(context, sink)
            try:
                attempt.run()
            finally:
                run.watch(None)
        return Outcome(tuple(attempt.failures), attempt.committed_records > 0)

    def _reset(self, run: Run, number: int) -> Outcome:
        with closing(self.sinks.open(run.connection)) as sink:
            sink.clear()
        self.jobs.record_progress(run.job.id, number, Progress())
        return Outcome()
