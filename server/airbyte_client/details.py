"""A job's attempts and why they failed, as Airbyte's Config API tells them."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from airbyte_client.enums import TolerantStrEnum
from airbyte_client.models import AirbyteModel, Instant, no_nulls
from airbyte_client.text import clean

MAX_FAILURE_TEXT = 2_000


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

    failures: Annotated[tuple[Failure, ...], BeforeValidator(no_nulls)] = ()
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
    stream_stats: Annotated[tuple[StreamStats, ...], BeforeValidator(no_nulls)] = ()
    failure_summary: FailureSummary | None = None


class AttemptAnswer(AirbyteModel):
    """The Config API's wrapper around an attempt."""

    attempt: Attempt


class ConfigJob(AirbyteModel):
    """A job as the Config API says it; `config_id` is its connection's."""

    config_id: str | None = None


class JobDetailsAnswer(AirbyteModel):
    """What the Config API answers about a job."""

    job: ConfigJob | None = None
    attempts: Annotated[tuple[AttemptAnswer, ...], BeforeValidator(no_nulls)] = ()
