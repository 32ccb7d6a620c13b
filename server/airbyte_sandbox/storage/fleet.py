"""Workspaces, sources, destinations and connections in SQLite."""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass

from airbyte_sandbox.json_value import (
    JsonObject,
    as_list,
    as_object,
    as_text,
    as_texts,
    dump_json,
    parse_json,
)
from airbyte_sandbox.model import (
    Connection,
    ConnectionStatus,
    Destination,
    Schedule,
    ScheduleType,
    Source,
    StreamConfig,
    StreamSchema,
    SyncMode,
    Tag,
    Workspace,
)
from airbyte_sandbox.storage.database import Database


@dataclass(frozen=True)
class Page:
    """Which part of a list: at most ``limit`` items after the first ``offset``."""

    limit: int = 20
    offset: int = 0


class FleetStore:
    """Reads and writes the fleet. An empty ``workspace_ids`` means every workspace."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.version = 0
        """Rises with every change of a connection."""
        self._listeners: list[Callable[[], None]] = []

    def subscribe(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` after every change of a connection."""
        self._listeners.append(listener)

    def in_bulk(self) -> AbstractContextManager[object]:
        """Everything inside is one transaction."""
        return self._database.transaction()

    def clear(self) -> None:
        """Forget the fleet, and the jobs with all that belongs to them."""
        self._database.clear()
        self._changed()

    def is_empty(self) -> bool:
        """Whether nothing was ever put in."""
        return not self.workspaces((), Page())

    def workspaces(self, ids: tuple[str, ...], page: Page) -> list[Workspace]:
        """Workspaces in the order they were made."""
        rows = self._select("workspaces", "id", ids, page)
        return [Workspace(row["id"], row["name"]) for row in rows]

    def workspace(self, workspace_id: str) -> Workspace | None:
        """The workspace, or None."""
        return next(iter(self.workspaces((workspace_id,), Page())), None)

    def sources(self, workspace_ids: tuple[str, ...], page: Page) -> list[Source]:
        """Sources in the order they were made."""
        return [_source(row) for row in self._select("sources", "workspace_id", workspace_ids, page)]

    def source(self, source_id: str) -> Source | None:
        """The source, or None."""
        return next((_source(row) for row in self._select("sources", "id", (source_id,), Page())), None)

    def destinations(self, workspace_ids: tuple[str, ...], page: Page) -> list[Destination]:
        """Destinations in the order they were made."""
        rows = self._select("destinations", "workspace_id", workspace_ids, page)
        return [_destination(row) for row in rows]

    def destination(self, destination_id: str) -> Destination | None:
        """The destination, or None."""
        rows = self._select("destinations", "id", (destination_id,), Page())
        return next((_destination(row) for row in rows), None)

    def connections(
        self,
        workspace_ids: tuple[str, ...],
        page: Page,
        *,
        tag_ids: tuple[str, ...] = (),
        include_deleted: bool = False,
    ) -> list[Connection]:
        """Connections in the order they were made; deprecated ones only on request."""
        clauses = [] if include_deleted else ["status <> 'deprecated'"]
        if tag_ids:
            marks = ",".join("?" * len(tag_ids))
            clauses.append(f"EXISTS (SELECT 1 FROM json_each(tags) WHERE value IN ({marks}))")  # noqa: S608 - marks only
        rows = self._select(
            "connections", "workspace_id", workspace_ids, page, clauses=clauses, clause_values=tag_ids
        )
        return self._connections(rows)

    def connection(self, connection_id: str) -> Connection | None:
        """The connection, or None; deprecated ones too."""
        rows = self._select("connections", "id", (connection_id,), Page())
        return next(iter(self._connections(rows)), None)

    def uses_connector(self, connector: str) -> bool:
        """Whether any source runs on it."""
        with self._database.transaction() as database:
            query = "SELECT EXISTS (SELECT 1 FROM sources WHERE connector = ?)"
            return bool(database.execute(query, (connector,)).fetchone()[0])

    def tags(self, workspace_ids: tuple[str, ...]) -> list[Tag]:
        """All tags of the workspaces, in the order they were made."""
        rows = self._select("tags", "workspace_id", workspace_ids, Page(-1))
        return [_tag(row) for row in rows]

    def tag(self, tag_id: str) -> Tag | None:
        """The tag, or None."""
        return next((_tag(row) for row in self._select("tags", "id", (tag_id,), Page())), None)

    def put_tag(self, tag: Tag) -> bool:
        """Put in a tag, or replace the one with its id; False if another one has its name."""
        row: dict[str, str | int | None] = dict(asdict(tag))
        try:
            self._insert("tags", row)
        except sqlite3.IntegrityError:
            return False
        return True

    def delete_tag(self, tag_id: str) -> None:
        """Remove a tag, from its connections too."""
        with self._database.transaction() as database:
            database.execute("DELETE FROM tags WHERE id = ?", (tag_id,))

    def schedules(self) -> list[tuple[str, Schedule]]:
        """Id and schedule of every active connection that has one."""
        with self._database.transaction() as database:
            rows = database.execute(
                "SELECT id, schedule_type, schedule_expression FROM connections"
                " WHERE status = 'active' AND schedule_type <> 'manual'"
            ).fetchall()
        return [(row[0], Schedule(ScheduleType(row[1]), row[2])) for row in rows]

    def add_workspace(self, workspace: Workspace) -> None:
        """Put in a workspace."""
        self._insert("workspaces", {"id": workspace.id, "name": workspace.name})

    def add_source(self, source: Source) -> None:
        """Put in a source, or replace the one with its id."""
        self._insert(
            "sources",
            {
                "id": source.id,
                "workspace_id": source.workspace_id,
                "name": source.name,
                "type": source.source_type,
                "connector": source.connector,
                "configuration": dump_json(source.configuration),
                "catalog": dump_json([asdict(stream) for stream in source.catalog]),
                "created_at": source.created_at,
            },
        )

    def add_destination(self, destination: Destination) -> None:
        """Put in a destination, or replace the one with its id."""
        self._insert(
            "destinations",
            {
                "id": destination.id,
                "workspace_id": destination.workspace_id,
                "name": destination.name,
                "type": destination.destination_type,
                "configuration": dump_json(destination.configuration),
                "created_at": destination.created_at,
            },
        )

    def put_connection(self, connection: Connection) -> None:
        """Put in a connection, or replace the one with its id."""
        self._insert(
            "connections",
            {
                "id": connection.id,
                "workspace_id": connection.workspace_id,
                "name": connection.name,
                "source_id": connection.source_id,
                "destination_id": connection.destination_id,
                "status": connection.status,
                "schedule_type": connection.schedule.type,
                "schedule_expression": connection.schedule.expression,
                "streams": dump_json([asdict(stream) for stream in connection.streams]),
                "created_at": connection.created_at,
                "prefix": connection.prefix,
                "namespace_definition": connection.namespace_definition,
                "namespace_format": connection.namespace_format,
                "schema_updates": connection.schema_updates,
                "tags": dump_json([tag.id for tag in connection.tags]),
            },
        )
        self._changed()

    def _changed(self) -> None:
        self.version += 1
        for listener in self._listeners:
            listener()

    def _connections(self, rows: Sequence[sqlite3.Row]) -> list[Connection]:
        """Connections with their tags; a tag that was deleted is none any more."""
        wanted = {identifier for row in rows for identifier in as_texts(parse_json(row["tags"]))}
        found = self._select("tags", "id", tuple(wanted), Page(-1)) if wanted else []
        tags = {row["id"]: _tag(row) for row in found}
        return [_connection(row, tags) for row in rows]

    def _select(
        self,
        table: str,
        column: str,
        values: tuple[str, ...],
        page: Page,
        *,
        clauses: Sequence[str] = (),
        clause_values: tuple[str, ...] = (),
    ) -> list[sqlite3.Row]:
        where = list(clauses)
        if values:
            where.append(f"{column} IN ({','.join('?' * len(values))})")
        condition = f" WHERE {' AND '.join(where)}" if where else ""
        with self._database.transaction() as database:
            return database.execute(
                f"SELECT * FROM {table}{condition} ORDER BY rowid LIMIT ? OFFSET ?",  # noqa: S608 - names and marks are this module's own
                (*clause_values, *values, page.limit, page.offset),
            ).fetchall()

    def _insert(self, table: str, row: dict[str, str | int | None]) -> None:
        columns = ", ".join(row)
        updates = ", ".join(f"{name} = excluded.{name}" for name in row)
        with self._database.transaction() as database:
            database.execute(
                f"INSERT INTO {table} ({columns}) VALUES ({','.join('?' * len(row))})"  # noqa: S608 - names are this module's own
                f" ON CONFLICT (id) DO UPDATE SET {updates}",
                tuple(row.values()),
            )


def _source(row: sqlite3.Row) -> Source:
    return Source(
        id=row["id"],
        workspace_id=row["workspace_id"],
        name=row["name"],
        source_type=row["type"],
        connector=row["connector"],
        configuration=as_object(parse_json(row["configuration"])),
        catalog=tuple(_stream_schema(as_object(item)) for item in as_list(parse_json(row["catalog"]))),
        created_at=row["created_at"],
    )


def _destination(row: sqlite3.Row) -> Destination:
    return Destination(
        id=row["id"],
        workspace_id=row["workspace_id"],
        name=row["name"],
        destination_type=row["type"],
        configuration=as_object(parse_json(row["configuration"])),
        created_at=row["created_at"],
    )


def _connection(row: sqlite3.Row, tags: Mapping[str, Tag]) -> Connection:
    return Connection(
        id=row["id"],
        workspace_id=row["workspace_id"],
        name=row["name"],
        source_id=row["source_id"],
        destination_id=row["destination_id"],
        status=ConnectionStatus(row["status"]),
        schedule=Schedule(ScheduleType(row["schedule_type"]), row["schedule_expression"]),
        streams=tuple(_stream_config(as_object(item)) for item in as_list(parse_json(row["streams"]))),
        created_at=row["created_at"],
        prefix=row["prefix"],
        namespace_definition=row["namespace_definition"],
        namespace_format=row["namespace_format"],
        schema_updates=row["schema_updates"],
        tags=tuple(tags[tag_id] for tag_id in as_texts(parse_json(row["tags"])) if tag_id in tags),
    )


def _stream_schema(item: JsonObject) -> StreamSchema:
    return StreamSchema(
        name=as_text(item["name"]),
        properties=as_object(item["properties"]),
        incremental=item["incremental"] is True,
        default_cursor=as_texts(item["default_cursor"]),
        primary_key=as_texts(item["primary_key"]),
        namespace=as_text(item.get("namespace")) or None,
    )


def _stream_config(item: JsonObject) -> StreamConfig:
    return StreamConfig(
        name=as_text(item["name"]),
        sync_mode=SyncMode(as_text(item["sync_mode"])),
        cursor_field=as_texts(item["cursor_field"]),
        primary_key=as_texts(item["primary_key"]),
        selected_fields=as_texts(item["selected_fields"]),
        namespace=as_text(item.get("namespace")) or None,
    )


def _tag(row: sqlite3.Row) -> Tag:
    return Tag(row["id"], row["workspace_id"], row["name"], row["color"])
