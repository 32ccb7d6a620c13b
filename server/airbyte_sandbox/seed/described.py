"""A fleet that the user describes as JSON.

    {"connections": [{
        "name": "Orders to warehouse",
        "workspace": "Default Workspace",
        "source": {"name": "Shop", "type": "postgres", "connector": "sample",
                   "configuration": {"streams": {"orders": 500}}},
        "destination": {"name": "Warehouse", "type": "postgres"},
        "streams": {"orders": "incremental_append"},
        "schedule": {"cron": "0 0 2 * * ?"},
        "status": "active",
        "tags": ["finance"],
        "jobs": [{"hoursAgo": 5, "seconds": 60, "rows": 500},
                 {"hoursAgo": 2, "status": "failed", "message": "The password was refused."}]}]}

Only ``name``, ``source`` and ``streams`` must be there. A ``schedule`` is ``{"cron": "..."}`` or
``{"everyHours": 24}``; without one the connection is started by hand. ``connector`` is ``sample``, ``file``
or one registered at the start. A destination of type ``jsonl`` is a folder of JSONL files, any other a
SQLite file. Ids come from the names, so that the same file gives the same ids.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from airbyte_sandbox.clock import milliseconds
from airbyte_sandbox.cron import CronError, checked_cron
from airbyte_sandbox.json_value import JsonObject, JsonValue, as_int, as_list, as_object, as_text, as_texts
from airbyte_sandbox.model import (
    Attempt,
    AttemptStatus,
    Connection,
    ConnectionStatus,
    Destination,
    Failure,
    FailureOrigin,
    FailureType,
    Job,
    JobStatus,
    JobType,
    Progress,
    Schedule,
    ScheduleType,
    Source,
    StreamConfig,
    StreamSchema,
    SyncMode,
    Tag,
    Workspace,
)
from airbyte_sandbox.runs.connectors import Connectors
from airbyte_sandbox.runs.discovery import DiscoveryError, discovered
from airbyte_sandbox.seed.fleet import DEFAULT_WORKSPACE, fixed_id
from airbyte_sandbox.storage.fleet import FleetStore
from airbyte_sandbox.storage.jobs import JobStore

_AGE = timedelta(days=60)
_BYTES_PER_ROW = 190
_GOOD = JobStatus.SUCCEEDED

_Member = TypeVar("_Member", ConnectionStatus, JobStatus, SyncMode)
Planted = Callable[[FleetStore, JobStore], None]


class SeedError(Exception):
    """A description cannot be understood; the text says where and why."""


@dataclass(frozen=True)
class _Branch:
    """One connection with all that hangs on it."""

    workspace: Workspace
    source: Source
    destination: Destination
    connection: Connection
    past: tuple[tuple[Job, Attempt], ...]


def plant_described(described: JsonObject, connectors: Connectors, now: datetime) -> Planted:
    """Check a description; the answer puts it into the stores.

    Raises:
        SeedError: it cannot be understood.
    """
    items = as_list(described.get("connections"))
    if not items:
        raise SeedError('a seed needs "connections": a list with at least one connection')
    branches = [_branch(as_object(item), connectors, now) for item in items]
    identifiers = {branch.connection.id for branch in branches}
    if len(identifiers) < len(branches):
        raise SeedError("two connections of one workspace have the same name")

    def plant(fleet: FleetStore, jobs: JobStore) -> None:
        for branch in branches:
            fleet.add_workspace(branch.workspace)
            fleet.add_destination(branch.destination)
            fleet.add_source(branch.source)
            for tag in branch.connection.tags:
                fleet.put_tag(tag)
            fleet.put_connection(branch.connection)
        past = (pair for branch in branches for pair in branch.past)
        for job, attempt in sorted(past, key=lambda pair: pair[0].created_at):
            jobs.add_finished(job, [attempt])

    return plant


def _branch(item: JsonObject, connectors: Connectors, now: datetime) -> _Branch:
    name = as_text(item.get("name"))
    if not name:
        raise SeedError("a connection has no name")
    try:
        workspace = _workspace(as_text(item.get("workspace")))
        source = _source(as_object(item.get("source")), workspace, connectors, now)
        target = as_object(item.get("destination"))
        destination = _destination(target, workspace, milliseconds(now - _AGE))
        connection = Connection(
            id=fixed_id("connection", workspace.name, name),
            workspace_id=workspace.id,
            name=name,
            source_id=source.id,
            destination_id=destination.id,
            status=_member(ConnectionStatus, item.get("status"), ConnectionStatus.ACTIVE),
            schedule=_schedule(as_object(item.get("schedule"))),
            streams=tuple(_streams(as_object(item.get("streams")), source.catalog)),
            created_at=milliseconds(now - _AGE),
            tags=tuple(
                Tag(fixed_id("tag", workspace.name, tag), workspace.id, tag, "4F46E5")
                for tag in as_texts(item.get("tags"))
            ),
        )
        past = tuple(_past(as_object(job), connection.id, now) for job in as_list(item.get("jobs")))
    except (SeedError, DiscoveryError) as error:
        raise SeedError(f"connection {name!r}: {error}") from error
    return _Branch(workspace, source, destination, connection, past)


def _workspace(name: str) -> Workspace:
    if name in {"", DEFAULT_WORKSPACE.name}:
        return DEFAULT_WORKSPACE
    return Workspace(fixed_id("workspace", name), name)


def _source(item: JsonObject, workspace: Workspace, connectors: Connectors, now: datetime) -> Source:
    connector = as_text(item.get("connector"), "sample")
    if connector not in connectors.names:
        raise SeedError(f"there is no connector {connector!r}; there are {', '.join(connectors.names)}")
    configuration = as_object(item.get("configuration"))
    name = as_text(item.get("name"), connector)
    return Source(
        id=fixed_id("source", workspace.name, name),
        workspace_id=workspace.id,
        name=name,
        source_type=as_text(item.get("type"), connector),
        connector=connector,
        configuration=configuration,
        catalog=discovered(connectors.command(connector), configuration),
        created_at=milliseconds(now - _AGE),
    )


def _destination(item: JsonObject, workspace: Workspace, created_at: int) -> Destination:
    name = as_text(item.get("name"), "Warehouse")
    return Destination(
        id=fixed_id("destination", workspace.name, name),
        workspace_id=workspace.id,
        name=name,
        destination_type=as_text(item.get("type"), "sqlite"),
        configuration=as_object(item.get("configuration")),
        created_at=created_at,
    )


def _schedule(item: JsonObject) -> Schedule:
    if not item:
        return Schedule()
    hours = as_int(item.get("everyHours"))
    if hours > 0:
        return Schedule(ScheduleType.BASIC, f"Every {hours} HOURS")
    try:
        return Schedule(ScheduleType.CRON, checked_cron(as_text(item.get("cron"))))
    except CronError as error:
        raise SeedError(f'schedule: {error}; or say {{"everyHours": 24}}') from error


def _streams(modes: JsonObject, catalog: tuple[StreamSchema, ...]) -> list[StreamConfig]:
    schemas = {schema.name: schema for schema in catalog}
    streams: list[StreamConfig] = []
    for name, wanted in modes.items():
        if name not in schemas:
            raise SeedError(f"the source has no stream {name!r}; it has {', '.join(schemas)}")
        mode = _member(SyncMode, wanted, None)
        schema = schemas[name]
        if mode.incremental and not schema.default_cursor:
            raise SeedError(f"stream {name!r} has no cursor and cannot be {mode}")
        cursor = schema.default_cursor if mode.incremental else ()
        streams.append(StreamConfig(name, mode, cursor, schema.primary_key))
    if not streams:
        raise SeedError('it needs "streams": {"NAME": "SYNC MODE"}')
    return streams


def _past(item: JsonObject, connection_id: str, now: datetime) -> tuple[Job, Attempt]:
    hours = item.get("hoursAgo")
    if not isinstance(hours, int | float) or isinstance(hours, bool) or not 0 < hours < 100_000:  # noqa: PLR2004 - 11 years
        raise SeedError('a job of the past needs "hoursAgo", a positive number')
    start = milliseconds(now - timedelta(hours=hours))
    end = min(start + as_int(item.get("seconds"), 60) * 1000, milliseconds(now))
    status = _member(JobStatus, item.get("status"), _GOOD)
    if not status.terminal:
        raise SeedError("a job of the past is succeeded, failed or cancelled")
    rows = as_int(item.get("rows"))
    good = status is _GOOD
    message = as_text(item.get("message"), "The source failed.")
    failures = () if good else (Failure(FailureOrigin.SOURCE, FailureType.SYSTEM, message),)
    size = rows * _BYTES_PER_ROW
    job = Job(0, connection_id, JobType.SYNC, status, start, end)
    attempt_status = AttemptStatus.SUCCEEDED if good else AttemptStatus.FAILED
    progress = Progress(rows, size, rows, size, states=1)
    return job, Attempt(0, 0, attempt_status, start, end, progress, failures)


def _member(kind: type[_Member], value: JsonValue, default: _Member | None) -> _Member:
    if value is None and default is not None:
        return default
    try:
        return kind(as_text(value))
    except ValueError:
        raise SeedError(f"{as_text(value, 'that')!r} is none of {', '.join(kind)}") from None
