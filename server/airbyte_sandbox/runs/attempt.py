"""One attempt of a sync: a source is read, its rows go to the sink, the counts to the job."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from airbyte_sandbox.clock import monotonic
from airbyte_sandbox.model import Connection, Failure, FailureOrigin, FailureType, Progress, Source
from airbyte_sandbox.runs.messages import Estimate, Ignored, Record, State, parse_message
from airbyte_sandbox.runs.source_process import LineTooLongError, SourceProcess
from airbyte_sandbox.sink.load import Load
from airbyte_sandbox.sink.sqlite_file import SqliteFile

_REPORT_SECONDS = 0.1
# Text that is no valid Unicode is found out only when SQLite gets it.
_SINK_ERRORS = (sqlite3.Error, UnicodeError)


@dataclass(frozen=True)
class AttemptContext:
    """What an attempt works on, and whom it tells.

    ``started`` gets the process as soon as there is one; ``report`` the counts, now and then.
    """

    job_id: int
    connection: Connection
    source: Source
    folder: Path
    started: Callable[[SourceProcess], None]
    report: Callable[[Progress], None]


class SyncAttempt:
    """Runs one attempt; ``failures`` is empty if it went well."""

    def __init__(self, context: AttemptContext, file: SqliteFile) -> None:
        self._context = context
        self._file = file
        self._load = Load(file, context.job_id, context.connection, context.source.catalog)
        self._emitted = 0
        self._emitted_bytes = 0
        self._states = 0
        self._estimates: dict[str, int] = {}
        self._reported = monotonic()
        self.failures: list[Failure] = []

    def run(self) -> None:
        """Read the source to its end, and commit what may be committed."""
        context = self._context
        states = list(self._file.states().values())
        process = SourceProcess(context.source, context.connection, states, context.folder)
        at_end = False
        try:
            context.started(process)
            self._read(process)
            at_end = not self.failures
        except _SINK_ERRORS as error:
            self._blame_destination(error)
        finally:
            if not at_end:
                process.kill()
            exit_code = process.finish()
        if exit_code and not self.failures:
            self.failures.append(_exit_failure(exit_code, process.last_words()))
        self._settle()

    def _read(self, process: SourceProcess) -> None:
        try:
            for line in process.lines():
                self._take(line)
        except LineTooLongError:
            self.failures.append(
                Failure(
                    FailureOrigin.SOURCE, FailureType.SYSTEM, "The source wrote a line of more than 32 MiB."
                )
            )

    def _take(self, line: bytes) -> None:
        match parse_message(line):
            case Record(stream, data, emitted_at, size) if self._load.has(stream):
                self._load.add(stream, data, emitted_at, size)
                self._emitted += 1
                self._emitted_bytes += size
                if monotonic() - self._reported >= _REPORT_SECONDS:
                    self._report()
            case State(stream, message):
                self._states += 1
                self._load.checkpoint(stream, message)
            case Estimate(stream, records):
                self._estimates[stream] = records
                self._report()
            case Failure() as failure:
                self.failures.append(failure)
            case Record() | Ignored():
                pass

    def _settle(self) -> None:
        try:
            if self.failures:
                self._load.abandon()
            else:
                self._load.finish()
        except _SINK_ERRORS as error:
            self._blame_destination(error)
        self._report()

    def _blame_destination(self, error: Exception) -> None:
        """Say once that rows could not be stored; trying again to store them fails again."""
        if all(failure.origin is not FailureOrigin.DESTINATION for failure in self.failures):
            message = "The destination could not store the rows."
            self.failures.append(
                Failure(FailureOrigin.DESTINATION, FailureType.SYSTEM, message, f"SQLite: {error}")
            )

    def _report(self) -> None:
        self._reported = monotonic()
        committed = self._load.committed
        self._context.report(
            Progress(
                records_emitted=self._emitted,
                bytes_emitted=self._emitted_bytes,
                records_committed=committed.records,
                bytes_committed=committed.bytes,
                states=self._states,
                estimated_records=sum(self._estimates.values()) if self._estimates else None,
            )
        )


def _exit_failure(code: int, last_words: str) -> Failure:
    how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
    return Failure(
        FailureOrigin.SOURCE, FailureType.SYSTEM, f"The source {how} without saying why.", last_words
    )
