"""What Airbyte answers with: frozen models that read both of its dialects.

Times are aware UTC, whatever form they came in. Counts that Airbyte does not give are None, never zero.
Fields that this version does not know are ignored, except in stream configurations, which keep everything.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Self, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    PlainValidator,
    RootModel,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)
from pydantic.alias_generators import to_camel

from airbyte_client.enums import ConnectionStatus, JobStatus, JobType, SyncMode
from airbyte_client.schedules import Schedule, parse_schedule


def _as_utc(moment: datetime) -> datetime:
    """A time without a zone is UTC: Airbyte writes no others."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _unknown_if_unreadable(value: object, read: ValidatorFunctionWrapHandler) -> timedelta | None:
    """A duration can be told from the job's times; an odd one is no reason to lose the job."""
    try:
        return cast("timedelta | None", read(value))
    except ValueError:
        return None


Instant = Annotated[datetime, AfterValidator(_as_utc)]
"""ISO 8601 with or without zone and seconds, or an epoch in seconds or milliseconds, told by its size."""

Duration = Annotated[timedelta | None, WrapValidator(_unknown_if_unreadable)]


LONG_AGO = datetime.min.replace(tzinfo=UTC)
"""Where something without a time belongs in an order by time."""


class AirbyteModel(BaseModel):
    """Snake-case attributes here, camel case at Airbyte; both are accepted."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)


class Workspace(AirbyteModel):
    """A workspace."""

    workspace_id: str
    name: str


class Source(AirbyteModel):
    """A configured source. Airbyte masks the secrets in `configuration`; the repr leaves it out anyway."""

    source_id: str
    name: str
    source_type: str | None = None
    workspace_id: str | None = None
    definition_id: str | None = None
    configuration: dict[str, JsonValue] = Field(default_factory=dict, repr=False)
    created_at: Instant | None = None


class Destination(AirbyteModel):
    """A configured destination, as `Source`."""

    destination_id: str
    name: str
    destination_type: str | None = None
    workspace_id: str | None = None
    definition_id: str | None = None
    configuration: dict[str, JsonValue] = Field(default_factory=dict, repr=False)
    created_at: Instant | None = None


class StreamConfiguration(RootModel[dict[str, JsonValue]]):
    """One stream of a connection: exactly the JSON object that Airbyte sent, read through typed attributes.

    Airbyte replaces all streams of a connection at once, so each one that is sent back must hold everything
    it came with.
    """

    model_config = ConfigDict(frozen=True)

    @property
    def name(self) -> str:
        """The stream's name."""
        return _text(self.root.get("name")) or ""

    @property
    def namespace(self) -> str | None:
        """Where the source keeps the stream, such as a schema; None where it has no such thing."""
        return _text(self.root.get("namespace"))

    @property
    def sync_mode(self) -> SyncMode | None:
        """How it is synced; None where Airbyte does not say."""
        mode = _text(self.root.get("syncMode"))
        return None if mode is None else SyncMode(mode)

    @property
    def cursor_field(self) -> tuple[str, ...]:
        """Path of the field that tells new rows from old; empty where none is set."""
        return _path(self.root.get("cursorField"))

    @property
    def primary_key(self) -> tuple[tuple[str, ...], ...]:
        """The key's fields, each as a path; empty where none is set."""
        key = self.root.get("primaryKey")
        return tuple(_path(field) for field in key) if isinstance(key, list) else ()

    @property
    def selected_fields(self) -> tuple[tuple[str, ...], ...]:
        """Paths of the fields that are synced; empty means all of them."""
        fields = self.root.get("selectedFields")
        if not isinstance(fields, list):
            return ()
        return tuple(_path(field.get("fieldPath")) for field in fields if isinstance(field, dict))

    def with_changes(
        self,
        *,
        sync_mode: SyncMode | None = None,
        cursor_field: Sequence[str] | None = None,
        primary_key: Sequence[Sequence[str]] | None = None,
    ) -> Self:
        """The same stream with these settings; whatever is None stays as it was sent."""
        changes: dict[str, JsonValue] = {}
        if sync_mode is not None:
            changes["syncMode"] = sync_mode.value
        if cursor_field is not None:
            changes["cursorField"] = list(cursor_field)
        if primary_key is not None:
            changes["primaryKey"] = [list(field) for field in primary_key]
        return type(self)({**self.root, **changes})


def _text(value: JsonValue) -> str | None:
    return value if isinstance(value, str) else None


def _path(value: JsonValue) -> tuple[str, ...]:
    return tuple(part for part in value if isinstance(part, str)) if isinstance(value, list) else ()


class Tag(AirbyteModel):
    """A label that people put on connections."""

    tag_id: str
    name: str
    color: str | None = None
    workspace_id: str | None = None


def no_nulls(value: object) -> object:
    """An empty list, where Airbyte says null for one."""
    return () if value is None else value


class StreamConfigurations(AirbyteModel):
    """The wrapper that Airbyte puts around a connection's streams."""

    # Null is told from the type: a validator before it would cost a second pass over every stream.
    streams: tuple[StreamConfiguration, ...] | None = None


class Connection(AirbyteModel):
    """A connection from a source to a destination."""

    connection_id: str
    name: str
    source_id: str
    destination_id: str
    workspace_id: str | None = None
    status: ConnectionStatus
    schedule: Annotated[Schedule | None, PlainValidator(parse_schedule)] = None
    configurations: StreamConfigurations | None = Field(default=None, repr=False)
    tags: Annotated[tuple[Tag, ...], BeforeValidator(no_nulls)] = ()
    prefix: str | None = None
    namespace_definition: str | None = None
    namespace_format: str | None = None
    created_at: Instant | None = None

    @property
    def streams(self) -> tuple[StreamConfiguration, ...]:
        """The streams that it syncs, in Airbyte's order."""
        return (self.configurations.streams or ()) if self.configurations else ()


class Job(AirbyteModel):
    """One run of a connection.

    Attributes:
        started_at: When the job was created: Airbyte's `startTime` is that, not the first attempt's start.
        updated_at: When it last changed; Airbyte gives it only for a job that has ended.
        duration: From creation to the last change, the wait in the queue included.
        rows_synced: Rows that the destination has committed; None where Airbyte does not say.
        bytes_synced: Bytes likewise.
    """

    job_id: int
    status: JobStatus
    job_type: JobType
    connection_id: str
    started_at: Instant | None = Field(default=None, alias="startTime")
    updated_at: Instant | None = Field(default=None, alias="lastUpdatedAt")
    duration: Duration = None
    rows_synced: int | None = None
    bytes_synced: int | None = None

    @model_validator(mode="before")
    @classmethod
    def _started_when_created(cls, value: object) -> object:
        """The reference document's dialect has `createdAt`, and for a new job nothing else."""
        if not isinstance(value, dict):
            return value
        job = cast("dict[str, object]", value)
        created = job.get("createdAt")
        return {**job, "startTime": created} if created is not None and job.get("startTime") is None else job
