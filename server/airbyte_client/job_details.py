"""What is known about a job beyond the public API: why it failed, its streams, the end of its log."""

from collections.abc import Iterable

from airbyte_client.details import Attempt, AttemptAnswer, Failure, SyncStats
from airbyte_client.job_logs import LogTail
from airbyte_client.models import AirbyteModel
from airbyte_client.streams import StreamOutcome, StreamRun, outcomes

HOW_TO_GET = (
    "Open the job in Airbyte's web application: the connection's Timeline shows the reason and the log."
)


class JobDetails(AirbyteModel):
    """What is known about a job beyond the public API.

    Attributes:
        available: Whether this Airbyte told anything; if not, all else is empty.
        why_not: In words, where it did not.
        how_to_get: Where a person finds it then.
        attempts: Oldest first.
        stream_runs: The states that Airbyte gives the streams of the last attempt; empty unless asked for.
        streams_why_not: In words, where they were asked for and not to be had.
        log: The end of the last attempt's log; None where none was asked for, or none was to be had.
        log_why_not: In words, where one was asked for and not to be had.
    """

    job_id: int
    available: bool
    why_not: str | None = None
    how_to_get: str | None = None
    attempts: tuple[Attempt, ...] = ()
    stream_runs: tuple[StreamRun, ...] = ()
    streams_why_not: str | None = None
    log: LogTail | None = None
    log_why_not: str | None = None

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Why the last failed attempt failed; empty where none did or nothing is known."""
        summaries = (attempt.failure_summary for attempt in reversed(self.attempts))
        return next((summary.failures for summary in summaries if summary and summary.failures), ())

    @property
    def streams(self) -> tuple[StreamOutcome, ...]:
        """How each stream fared in the last attempt, as far as Airbyte counts it or names it somewhere."""
        return tuple(outcomes(self.attempts[-1], self.stream_runs)) if self.attempts else ()

    @property
    def rows_so_far(self) -> int | None:
        """Rows that the source has emitted in the last attempt; None where unknown."""
        stats = self._last_stats()
        return None if stats is None else stats.records_emitted

    @property
    def bytes_so_far(self) -> int | None:
        """Bytes likewise."""
        stats = self._last_stats()
        return None if stats is None else stats.bytes_emitted

    def _last_stats(self) -> SyncStats | None:
        return self.attempts[-1].total_stats if self.attempts else None


def told(job_id: int, answers: Iterable[AttemptAnswer]) -> JobDetails:
    """What Airbyte answered about a job."""
    return JobDetails(job_id=job_id, available=True, attempts=tuple(answer.attempt for answer in answers))


def untold(job_id: int, why_not: str) -> JobDetails:
    """That it answered nothing of use, and another way to the answer."""
    return JobDetails(job_id=job_id, available=False, why_not=why_not, how_to_get=HOW_TO_GET)
