"""Why a job failed: what Airbyte's Config API knows and its public API does not."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from airbyte_client.enums import TolerantStrEnum
from airbyte_client.models import AirbyteModel, Instant
from airbyte_client.text import clean

MAX_FAILURE_TEXT = 2_000

HOW_TO_GET = (
    "Open the job in Airbyte's web application: the connection's Timeline shows the reason and the log."
)


class FailureOrigin(TolerantStrEnum):
    """Where a failure arose."""

    SOURCE = "source"
    DESTINATION = "destination"
    REPLICATION = "replication"
    PERSISTENCE = "persistence"
    AIRBYTE_PLATFORM = "airbyte_platform"
    NORMALIZATION = "normalization"
    DBT = "dbt"
    UNKNOWN = "unknown"


class FailureType(TolerantStrEnum):
    """What kind of failure it is. Airbyte does not retry a `config_error`: a person has to mend it."""

    CONFIG_ERROR = "config_error"
    SYSTEM_ERROR = "system_error"
    MANUAL_CANCELLATION = "manual_cancellation"
    REFRESH_SCHEMA = "refresh_schema"
    HEARTBEAT_TIMEOUT = "heartbeat_timeout"
    DESTINATION_TIMEOUT = "destination_timeout"
    TRANSIENT_ERROR = "transient_error"


class AttemptStatus(TolerantStrEnum):
    """Where an attempt stands."""

    RUNNING = "running"
    FAILED = "failed"
    SUCCEEDED = "succeeded"


def _cleaned(value: object) -> object:
    return clean(value, limit=MAX_FAILURE_TEXT) if isinstance(value, str) else value


def _no_nulls(value: object) -> object:
    return () if value is None else value


FailureText = Annotated[str, BeforeValidator(_cleaned)]
"""One clean line of at most 2,000 characters: connectors put whatever they like here."""


class StreamDescriptor(AirbyteModel):
    """The stream that a failure or a count belongs to."""

    name: str
    namespace: str | None = None


class Failure(AirbyteModel):
    """One reason why an attempt failed.

    Attributes:
        message: Meant for people; None where the connector gave none.
        internal_message: Meant for the connector's authors.
    """

    origin: FailureOrigin | None = Field(default=None, alias="failureOrigin")
    type: FailureType | None = Field(default=None, alias="failureType")
    message: FailureText | None = Field(default=None, alias="externalMessage")
    internal_message: FailureText | None = None
    retryable: bool | None = None
    stream: StreamDescriptor | None = Field(default=None, alias="streamDescriptor")


class SyncStats(AirbyteModel):
    """Rows and bytes; None where unknown.

    What is `emitted` has left the source, what is `committed` is safe in the destination.
    """

    records_emitted: int | None = None
    records_committed: int | None = None
    bytes_emitted: int | None = None
    bytes_committed: int | None = None


class StreamStats(AirbyteModel):
    """The counts of one stream in one attempt."""

    stream_name: str
    stream_namespace: str | None = None
    stats: SyncStats = SyncStats()


class FailureSummary(AirbyteModel):
    """Why an attempt failed, and whether it achieved something all the same."""

    failures: Annotated[tuple[Failure, ...], BeforeValidator(_no_nulls)] = ()
    partial_success: bool | None = None


class Attempt(AirbyteModel):
    """One try at a job; Airbyte makes up to 20 by itself.

    Attributes:
        number: From 0, as Airbyte counts inside.
    """

    number: int = Field(alias="id")
    status: AttemptStatus | None = None
    started_at: Instant | None = Field(default=None, alias="createdAt")
    ended_at: Instant | None = None
    total_stats: SyncStats | None = None
    stream_stats: Annotated[tuple[StreamStats, ...], BeforeValidator(_no_nulls)] = ()
    failure_summary: FailureSummary | None = None


class AttemptAnswer(AirbyteModel):
    """The Config API's wrapper around an attempt."""

    attempt: Attempt


class JobDetailsAnswer(AirbyteModel):
    """What the Config API answers about a job."""

    attempts: Annotated[tuple[AttemptAnswer, ...], BeforeValidator(_no_nulls)] = ()


class JobDetails(AirbyteModel):
    """What is known about a job beyond the public API.

    Attributes:
        available: Whether this Airbyte told anything; if not, all else is empty.
        why_not: In words, where it did not.
        how_to_get: Where a person finds it then.
        attempts: Oldest first.
    """

    job_id: int
    available: bool
    why_not: str | None = None
    how_to_get: str | None = None
    attempts: tuple[Attempt, ...] = ()

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Why the last failed attempt failed; empty where none did or nothing is known."""
        summaries = (attempt.failure_summary for attempt in reversed(self.attempts))
        return next((summary.failures for summary in summaries if summary and summary.failures), ())

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
