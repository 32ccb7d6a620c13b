"""One attempt of a sync: a source is read, its rows go to the sink, the counts to the job."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from airbyte_sandbox.clock import monotonic
from airbyte_sandbox.json_value import JsonObject
from airbyte_sandbox.model import (
    Connection,
    Failure,
    FailureOrigin,
    FailureType,
    Progress,
    Source,
    StreamRunState,
)
from airbyte_sandbox.record import Run, record_of, runs
from airbyte_sandbox.runs.journal import SOURCE, Journal
from airbyte_sandbox.runs.meddling import Meddler, SourceBrokeError
from airbyte_sandbox.runs.messages import (
    Estimate,
    Ignored,
    Log,
    State,
    StreamProgress,
    parse_line,
    parse_message,
)
from airbyte_sandbox.runs.source_process import LineTooLongError, SourceProcess
from airbyte_sandbox.sink.load import Load
from airbyte_sandbox.sink.sink import Sink

_REPORT_SECONDS = 0.1
# Text that is no valid Unicode is found out only when the sink gets it.
_SINK_ERRORS = (sqlite3.Error, UnicodeError, OSError)


@dataclass(frozen=True)
class AttemptContext:
    """What an attempt works on, and whom it tells.

    ``started`` gets the process as soon as there is one; ``report`` the counts, now and then.
    """

    job_id: int
    connection: Connection
    source: Source
    command: tuple[str, ...]
    folder: Path
    journal: Journal
    started: Callable[[SourceProcess], None]
    report: Callable[[Progress], None]
    meddler: Meddler | None = None


class SyncAttempt:
    """Runs one attempt; ``failures`` is empty if it went well, ``committed_records`` counts what stays."""

    def __init__(self, context: AttemptContext, sink: Sink) -> None:
        self._context = context
        self._journal = context.journal
        self._meddler = context.meddler
        self._sink = sink
        self._load = Load(sink, context.job_id, context.connection, context.source.catalog)
        self._emitted = 0
        self._emitted_bytes = 0
        self._states = 0
        self._estimates: dict[str, int] = {}
        self._reported = monotonic()
        self.failures: list[Failure] = []

    @property
    def committed_records(self) -> int:
        """How many records are in the sink for good."""
        return self._load.committed.records

    def run(self) -> None:
        """Read the source to its end, and commit what may be committed."""
        context = self._context
        instead = context.meddler.instead() if context.meddler is not None else None
        if instead is not None:
            self.failures += instead
            self._report()
            return
        states = list(self._sink.states().values())
        process = SourceProcess(context.command, context.source, context.connection, states, context.folder)
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
            for lines in process.batches():
                self._take(lines)
                if monotonic() - self._reported >= _REPORT_SECONDS:
                    self._report()
        except LineTooLongError:
            self.failures.append(
                Failure(
                    FailureOrigin.SOURCE, FailureType.SYSTEM, "The source wrote a line of more than 32 MiB."
                )
            )
        except SourceBrokeError as error:
            self.failures.append(error.failure)

    def _take(self, lines: list[bytes]) -> None:
        # A fault must be asked before each row.
        for part in [lines] if self._meddler is None else [[line] for line in lines]:
            for found in runs(part):
                if isinstance(found, Run):
                    self._take_run(found)
                else:
                    self._take_line(found)

    def _take_run(self, run: Run) -> None:
        if self._meddler is not None:
            self._meddle(self._meddler)
        if not self._load.has(run.stream):
            return
        if self._load.add(run):
            self._journal.stream(run.stream, StreamRunState.RUNNING)
        self._emitted += len(run.records)
        self._emitted_bytes += run.size

    def _take_line(self, line: bytes) -> None:
        """Take what is no proper record; Airbyte treats what is no message either as a line for the log."""
        text = line.decode("utf-8", "replace")
        body = parse_line(text)
        if body is None:
            self._journal.log(text, source=SOURCE)
            return
        record = record_of(body)
        if record is not None:
            self._take_run(Run(record.stream, [record], len(line)))
        else:
            self._act_on(body)

    def _meddle(self, meddler: Meddler) -> None:
        meddler.before_row(self._emitted)
        if monotonic() - self._reported >= _REPORT_SECONDS:
            self._report()

    def _act_on(self, body: JsonObject) -> None:
        match parse_message(body):
            case State(stream, message):
                self._states += 1
                self._load.checkpoint(stream, message)
            case Estimate(stream, records):
                self._estimates[stream] = records
                self._report()
            case Log(level, text):
                self._journal.log(text, level=level, source=SOURCE)
            case StreamProgress(stream, state) if self._load.has(stream):
                self._journal.stream(stream, state)
            case Failure() as failure:
                self.failures.append(failure)
            case StreamProgress() | Ignored():
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
                Failure(FailureOrigin.DESTINATION, FailureType.SYSTEM, message, f"Sink: {error}")
            )

    def _report(self) -> None:
        self._reported = monotonic()
        self._journal.flush()
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
