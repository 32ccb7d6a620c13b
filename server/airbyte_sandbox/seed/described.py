"""A fleet that is described as JSON, such as the demo's in ``demo.json``.

    {"connections": [{
        "name": "Orders to warehouse",
        "workspace": "Default Workspace",
        "source": {"name": "Shop", "type": "postgres", "connector": "sample",
                   "configuration": {"streams": {"orders": 500}}},
        "destination": {"name": "Warehouse", "type": "postgres"},
        "streams": {"orders": "incremental_append"},
        "schedule": {"cron": "0 0 2 * * ?"},
        "status": "active",
        "prefix": "shop_",
        "tags": ["finance", {"name": "daily", "color": "22C55E"}],
        "jobs": [{"hoursAgo": 5, "seconds": 60, "rows": 500},
                 {"at": "02:00", "daysAgo": 1, "status": "failed", "message": "The password was refused."}]}]}

Only ``name``, ``source`` and ``streams`` must be there. ``connector`` is ``sample``, ``file`` or one that was
registered at the start. A source or destination that an earlier connection of the workspace described can be
named by its name alone. A stream's value is a sync mode, or ``{"mode", "cursor", "primaryKey", "fields"}``. A
``schedule`` is ``{"cron": "..."}`` or ``{"everyHours": 24}``; without one the connection is started by hand.
For jobs see :mod:`airbyte_sandbox.seed.past`. Ids come from the names: the same file gives the same ids.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from airbyte_sandbox.clock import milliseconds
from airbyte_sandbox.cron import CronError, checked_cron
from airbyte_sandbox.json_value import JsonValue
from airbyte_sandbox.model import (
    Attempt,
    Connection,
    ConnectionStatus,
    Destination,
    Job,
    Schedule,
    ScheduleType,
    SinkKind,
    Source,
    Tag,
    Workspace,
)
from airbyte_sandbox.runs.connectors import SAMPLE, Connectors
from airbyte_sandbox.runs.discovery import DiscoveryError
from airbyte_sandbox.seed.home import DEFAULT_WORKSPACE, WAREHOUSE_NAME, fixed_id
from airbyte_sandbox.seed.past import past_job
from airbyte_sandbox.seed.reading import Described, SeedError, nearest, unknown
from airbyte_sandbox.seed.sample_settings import check_sample_settings
from airbyte_sandbox.seed.streams import described_streams
from airbyte_sandbox.sink import duckdb_extra
from airbyte_sandbox.storage.fleet import FleetStore
from airbyte_sandbox.storage.jobs import JobStore

_CONNECTION = (
    "name", "workspace", "source", "destination", "streams", "schedule", "status", "prefix", "tags", "jobs",
)  # fmt: skip
_AGE = timedelta(days=60)
_COLOR = "4F46E5"
_MOST_HOURS = 24 * 366

_Thing = TypeVar("_Thing", Source, Destination, Tag)
Planted = Callable[[FleetStore, JobStore], None]


def plant_described(described: JsonValue, connectors: Connectors, now: datetime) -> Planted:
    """Check a description; the answer puts it into the stores.

    Raises:
        SeedError: it cannot be understood.
    """
    items = Described(described, "a seed", ("connections",)).items("connections")
    if not items:
        raise SeedError('a seed needs "connections": a list with at least one connection')
    fleet = _Fleet(connectors, now)
    for item in items:
        fleet.add(item)
    return fleet.plant


@dataclass
class _Fleet:
    """What a description tells of, gathered connection by connection; things by their ids."""

    connectors: Connectors
    now: datetime
    workspaces: dict[str, Workspace] = field(default_factory=dict[str, Workspace])
    sources: dict[str, Source] = field(default_factory=dict[str, Source])
    destinations: dict[str, Destination] = field(default_factory=dict[str, Destination])
    tags: dict[str, Tag] = field(default_factory=dict[str, Tag])
    connections: dict[str, Connection] = field(default_factory=dict[str, Connection])
    past: list[tuple[Job, Attempt]] = field(default_factory=list[tuple[Job, Attempt]])

    @property
    def born(self) -> int:
        return milliseconds(self.now - _AGE)

    def plant(self, fleet: FleetStore, jobs: JobStore) -> None:
        """Put everything in, jobs in the order of their start, so that ids rise with time."""
        with fleet.in_bulk():
            for workspace in self.workspaces.values():
                fleet.add_workspace(workspace)
            for destination in self.destinations.values():
                fleet.add_destination(destination)
            for source in self.sources.values():
                fleet.add_source(source)
            for tag in self.tags.values():
                fleet.put_tag(tag)
            for connection in self.connections.values():
                fleet.put_connection(connection)
            for job, attempt in sorted(self.past, key=lambda pair: pair[0].created_at):
                jobs.add_finished(job, [attempt])

    def add(self, value: JsonValue) -> None:
        item = Described(value, "a connection", _CONNECTION)
        name = item.text("name")
        if not name:
            raise SeedError("a connection has no name")
        try:
            connection = self._connection(item, name)
            self.past += [past_job(job, connection.id, self.now) for job in item.items("jobs")]
        except (SeedError, DiscoveryError) as error:
            raise SeedError(f"connection {name!r}: {error}") from error
        if connection.id in self.connections:
            raise SeedError(f"two connections of one workspace have the same name: {name!r}")
        self.connections[connection.id] = connection

    def _connection(self, item: Described, name: str) -> Connection:
        workspace = self._workspace(item.text("workspace", DEFAULT_WORKSPACE.name))
        source = self._source(item.value("source"), workspace)
        return Connection(
            id=fixed_id("connection", workspace.name, name),
            workspace_id=workspace.id,
            name=name,
            source_id=source.id,
            destination_id=self._destination(item.value("destination"), workspace).id,
            status=item.member("status", ConnectionStatus, ConnectionStatus.ACTIVE),
            schedule=_schedule(item.object("schedule")),
            streams=described_streams(item.object("streams"), source.catalog),
            created_at=self.born,
            prefix=item.text("prefix"),
            tags=tuple(self._tag(tag, workspace) for tag in item.items("tags")),
        )

    def _workspace(self, name: str) -> Workspace:
        default = name == DEFAULT_WORKSPACE.name
        workspace = DEFAULT_WORKSPACE if default else Workspace(fixed_id("workspace", name), name)
        return self.workspaces.setdefault(workspace.id, workspace)

    def _source(self, value: JsonValue, workspace: Workspace) -> Source:
        if isinstance(value, str):
            return _known(self.sources, fixed_id("source", workspace.name, value), value, workspace)
        item = Described(value, "the source", ("name", "type", "connector", "configuration"))
        connector = item.text("connector", SAMPLE)
        if connector not in self.connectors.names:
            raise SeedError(f"there is no connector {unknown(connector, self.connectors.names)}")
        name, configuration = item.text("name", connector), item.object("configuration")
        if connector == SAMPLE:
            check_sample_settings(configuration)
        source = Source(
            id=fixed_id("source", workspace.name, name),
            workspace_id=workspace.id,
            name=name,
            source_type=item.text("type", connector),
            connector=connector,
            configuration=configuration,
            catalog=self.connectors.discover(connector, configuration),
            created_at=self.born,
        )
        return _once(self.sources, source)

    def _destination(self, value: JsonValue, workspace: Workspace) -> Destination:
        if value is None:
            standing = self.destinations.get(fixed_id("destination", workspace.name, WAREHOUSE_NAME))
            value = standing.name if standing is not None else {}
        if isinstance(value, str):
            identifier = fixed_id("destination", workspace.name, value)
            return _known(self.destinations, identifier, value, workspace)
        item = Described(value, "the destination", ("name", "type", "configuration"))
        name, kind = item.text("name", WAREHOUSE_NAME), item.text("type", SinkKind.SQLITE)
        destination = Destination(
            id=fixed_id("destination", workspace.name, name),
            workspace_id=workspace.id,
            name=name,
            destination_type=kind,
            configuration=item.object("configuration"),
            created_at=self.born,
        )
        _check_kind(destination)
        return _once(self.destinations, destination)

    def _tag(self, value: JsonValue, workspace: Workspace) -> Tag:
        item = Described({"name": value} if isinstance(value, str) else value, "a tag", ("name", "color"))
        name = item.text("name")
        if not name:
            raise SeedError("a tag has no name")
        identifier = fixed_id("tag", workspace.name, name)
        return _once(self.tags, Tag(identifier, workspace.id, name, item.text("color", _COLOR)))


def _known(things: Mapping[str, _Thing], identifier: str, name: str, workspace: Workspace) -> _Thing:
    """The thing that an earlier connection described."""
    if identifier not in things:
        names = [thing.name for thing in things.values() if thing.workspace_id == workspace.id]
        raise SeedError(f"no connection before it describes {unknown(name, names or ['nothing yet'])}")
    return things[identifier]


def _once(things: dict[str, _Thing], thing: _Thing) -> _Thing:
    """``thing``, which may have been described before, but in the same words."""
    if things.setdefault(thing.id, thing) != thing:
        raise SeedError(f"{thing.name!r} is described twice, and differently")
    return thing


def _check_kind(destination: Destination) -> None:
    """Any type is fine that is not a mistyped one of the sandbox's own; DuckDB must be installed."""
    meant = nearest(destination.destination_type, SinkKind)
    if meant is not None and meant != destination.destination_type:
        raise SeedError(f"the destination's type {destination.destination_type!r}; did you mean {meant!r}?")
    if destination.kind is SinkKind.DUCKDB and not duckdb_extra.is_installed():
        raise SeedError(duckdb_extra.MISSING)


def _schedule(value: JsonValue) -> Schedule:
    item = Described(value, "the schedule", ("cron", "everyHours"))
    if item.has("cron") and item.has("everyHours"):
        raise SeedError('the schedule is either "cron" or "everyHours"')
    if item.has("everyHours"):
        return Schedule(ScheduleType.BASIC, f"Every {item.whole('everyHours', 24, 1, _MOST_HOURS)} HOURS")
    if not item.has("cron"):
        return Schedule()
    try:
        return Schedule(ScheduleType.CRON, checked_cron(item.text("cron")))
    except CronError as error:
        raise SeedError(f'schedule: {error}; or say {{"everyHours": 24}}') from error
