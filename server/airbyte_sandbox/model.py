"""The things an Airbyte has, as the sandbox keeps them. Times are milliseconds since 1970."""

from dataclasses import dataclass, field
from enum import StrEnum

from airbyte_sandbox.json_value import JsonObject


class JobStatus(StrEnum):
    """State of a job."""

    PENDING = "pending"
    RUNNING = "running"
    INCOMPLETE = "incomplete"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def terminal(self) -> bool:
        """Whether the job has ended."""
        return not NEXT_STATES[self]


# Airbyte's own table, without `queued`, which the sandbox never uses.
NEXT_STATES: dict[JobStatus, frozenset[JobStatus]] = {
    JobStatus.PENDING: frozenset(
        {JobStatus.RUNNING, JobStatus.INCOMPLETE, JobStatus.FAILED, JobStatus.CANCELLED}
    ),
    JobStatus.RUNNING: frozenset(
        {JobStatus.INCOMPLETE, JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELLED}
    ),
    JobStatus.INCOMPLETE: frozenset({JobStatus.RUNNING, JobStatus.FAILED, JobStatus.CANCELLED}),
    JobStatus.SUCCEEDED: frozenset(),
    JobStatus.FAILED: frozenset(),
    JobStatus.CANCELLED: frozenset(),
}


class JobType(StrEnum):
    """Kind of a job; `clear` is only ever asked for, the job it makes is a `reset`."""

    SYNC = "sync"
    RESET = "reset"


class AttemptStatus(StrEnum):
    """State of one attempt of a job."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class ConnectionStatus(StrEnum):
    """Whether a connection syncs; `deprecated` means deleted."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    DEPRECATED = "deprecated"
    LOCKED = "locked"


class SyncMode(StrEnum):
    """How a stream is read and written: the modes that the sandbox's sink can do."""

    FULL_REFRESH_OVERWRITE = "full_refresh_overwrite"
    FULL_REFRESH_APPEND = "full_refresh_append"
    INCREMENTAL_APPEND = "incremental_append"
    INCREMENTAL_DEDUPED_HISTORY = "incremental_deduped_history"

    @property
    def incremental(self) -> bool:
        """Whether a sync goes on where the last one ended."""
        return self in {SyncMode.INCREMENTAL_APPEND, SyncMode.INCREMENTAL_DEDUPED_HISTORY}

    @property
    def destination_mode(self) -> str:
        """The writing half of the mode, by its name in the Airbyte protocol."""
        if self is SyncMode.FULL_REFRESH_OVERWRITE:
            return "overwrite"
        return "append_dedup" if self is SyncMode.INCREMENTAL_DEDUPED_HISTORY else "append"


@dataclass(frozen=True)
class Workspace:
    """A group of sources, destinations and connections."""

    id: str
    name: str


@dataclass(frozen=True)
class StreamSchema:
    """One stream a source offers; its name alone tells it from the others, in whatever namespace they are."""

    name: str
    properties: JsonObject
    incremental: bool = False
    default_cursor: tuple[str, ...] = ()
    primary_key: tuple[str, ...] = ()
    namespace: str | None = None


@dataclass(frozen=True)
class Source:
    """Where rows come from; ``connector`` names the executable that reads them."""

    id: str
    workspace_id: str
    name: str
    source_type: str
    connector: str
    configuration: JsonObject
    catalog: tuple[StreamSchema, ...]
    created_at: int


class SinkKind(StrEnum):
    """Where the sandbox really puts rows."""

    SQLITE = "sqlite"
    JSONL = "jsonl"
    DUCKDB = "duckdb"


@dataclass(frozen=True)
class Destination:
    """Where rows go; a type that is not the name of a sink is part of the story, and its sink is SQLite."""

    id: str
    workspace_id: str
    name: str
    destination_type: str
    configuration: JsonObject
    created_at: int

    @property
    def kind(self) -> SinkKind:
        """What its rows go into."""
        own = self.destination_type in set(SinkKind)
        return SinkKind(self.destination_type) if own else SinkKind.SQLITE


class ScheduleType(StrEnum):
    """Kind of a schedule; `basic` can be read and never written, as on the real API."""

    MANUAL = "manual"
    CRON = "cron"
    BASIC = "basic"


@dataclass(frozen=True)
class Schedule:
    """When a connection syncs; ``expression`` is Quartz without zone, or words like "Every 24 HOURS"."""

    type: ScheduleType = ScheduleType.MANUAL
    expression: str = ""


@dataclass(frozen=True)
class StreamConfig:
    """How a connection syncs one stream; no ``selected_fields`` means all of them."""

    name: str
    sync_mode: SyncMode
    cursor_field: tuple[str, ...] = ()
    primary_key: tuple[str, ...] = ()
    selected_fields: tuple[str, ...] = ()
    namespace: str | None = None


@dataclass(frozen=True)
class Tag:
    """A label of connections; ``color`` is a hexadecimal RGB value."""

    id: str
    workspace_id: str
    name: str
    color: str


@dataclass(frozen=True)
class Connection:
    """A source, a destination, and what goes between them."""

    id: str
    workspace_id: str
    name: str
    source_id: str
    destination_id: str
    status: ConnectionStatus
    schedule: Schedule
    streams: tuple[StreamConfig, ...]
    created_at: int
    prefix: str = ""
    namespace_definition: str = "destination"
    namespace_format: str | None = None
    schema_updates: str = "ignore"
    tags: tuple[Tag, ...] = ()


@dataclass(frozen=True)
class Job:
    """One run of a connection; ``rows`` and ``bytes`` are committed ones, None before any attempt.

    ``started_at`` is when its first attempt began.
    """

    id: int
    connection_id: str
    type: JobType
    status: JobStatus
    created_at: int
    updated_at: int
    rows: int | None = None
    bytes: int | None = None
    started_at: int | None = None


class FailureOrigin(StrEnum):
    """Which part failed."""

    SOURCE = "source"
    DESTINATION = "destination"
    PLATFORM = "airbyte_platform"


class FailureType(StrEnum):
    """What kind of failure it was; only a `config_error` is never tried again."""

    CONFIG = "config_error"
    SYSTEM = "system_error"
    TRANSIENT = "transient_error"
    CANCELLED = "manual_cancellation"


@dataclass(frozen=True)
class Failure:
    """Why an attempt failed: ``message`` for people, ``detail`` for those who look closer."""

    origin: FailureOrigin
    type: FailureType
    message: str
    detail: str = ""
    stream: str | None = None


@dataclass(frozen=True)
class Progress:
    """Counts of one attempt; ``estimated_records`` is what the source foretold, if it did."""

    records_emitted: int = 0
    bytes_emitted: int = 0
    records_committed: int = 0
    bytes_committed: int = 0
    states: int = 0
    estimated_records: int | None = None


@dataclass(frozen=True)
class Attempt:
    """One try of a job; ``number`` starts at 0."""

    job_id: int
    number: int
    status: AttemptStatus
    created_at: int
    updated_at: int
    progress: Progress = field(default_factory=Progress)
    failures: tuple[Failure, ...] = ()


class StreamRunState(StrEnum):
    """How far a stream is in one attempt, by the Config API's names."""

    RUNNING = "running"
    COMPLETE = "complete"
    INCOMPLETE = "incomplete"
    RATE_LIMITED = "rate_limited"


@dataclass(frozen=True)
class StreamStatus:
    """The state of one stream in one attempt; ``cancelled`` says why an incomplete one ended."""

    job_id: int
    attempt: int
    stream: str
    state: StreamRunState
    at: int
    cancelled: bool = False


@dataclass(frozen=True)
class LogLine:
    """One line of an attempt's log; ``source`` says whose word it is."""

    at: int
    level: str
    source: str
    message: str
