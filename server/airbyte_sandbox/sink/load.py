"""Brings the messages of one sync attempt into a sink, so that state and rows never disagree."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from airbyte_sandbox.clock import monotonic
from airbyte_sandbox.json_value import JsonObject
from airbyte_sandbox.model import Connection, StreamConfig, StreamSchema, SyncMode
from airbyte_sandbox.sink.columns import Cell, Columns
from airbyte_sandbox.sink.sqlite_file import SqliteFile, StreamTable

_BATCH_ROWS = 2000
_BATCH_SECONDS = 0.2
_WAITING_ROWS = 10_000
_ALL_STREAMS = ""


@dataclass(frozen=True)
class Count:
    """A number of records and the bytes of their messages."""

    records: int = 0
    bytes: int = 0

    def __add__(self, other: "Count") -> "Count":
        return Count(self.records + other.records, self.bytes + other.bytes)


@dataclass
class _StreamLoad:
    """Rows of a stream on their way: ``waiting`` for a state, then ``ready`` to be committed."""

    config: StreamConfig
    table: StreamTable
    waiting: list[tuple[Cell, ...]] = field(default_factory=list[tuple[Cell, ...]])
    ready: list[tuple[Cell, ...]] = field(default_factory=list[tuple[Cell, ...]])
    waiting_count: Count = Count()
    ready_count: Count = Count()

    @property
    def incremental(self) -> bool:
        return self.config.sync_mode.incremental

    def release(self) -> None:
        self.ready += self.waiting
        self.ready_count += self.waiting_count
        self.waiting = []
        self.waiting_count = Count()


class Load:
    """One attempt's way into the sink.

    A row of an incremental stream is committed together with the first state that comes after it, and
    never before. Full refresh streams are seen all at once when the source has ended well. So whatever
    moment the source dies at, the next attempt goes on exactly behind the committed rows.
    """

    def __init__(
        self, file: SqliteFile, job_id: int, connection: Connection, schemas: Sequence[StreamSchema]
    ) -> None:
        self._file = file
        self._job_id = job_id
        by_name = {schema.name: schema for schema in schemas}
        self._streams = {
            config.name: _StreamLoad(config, _prepare(file, connection, config, by_name[config.name]))
            for config in connection.streams
        }
        full = [stream.config.name for stream in self._streams.values() if not stream.incremental]
        file.forget_states(full)
        self._states: dict[str, JsonObject] = {}
        self._last_commit = monotonic()
        self.committed = Count()

    def has(self, stream: str) -> bool:
        """Whether ``stream`` is one that this sync was asked for."""
        return stream in self._streams

    def add(self, stream: str, data: JsonObject, extracted_at: int, size: int) -> None:
        """Take one record; ``size`` is the bytes of its message."""
        load = self._streams[stream]
        load.waiting.append(load.table.columns.row(self._job_id, extracted_at, data))
        load.waiting_count += Count(1, size)
        if len(load.waiting) >= _WAITING_ROWS:
            self.commit()  # what is ready goes first: rows staged now wait for a later state
            self._file.stage(load.table, load.waiting)
            load.waiting = []

    def checkpoint(self, stream: str | None, state: JsonObject) -> None:
        """Take a state message: the rows of its stream (None: of all) may now be committed."""
        key = stream if stream is not None else _ALL_STREAMS
        reached = [self._streams[stream]] if stream in self._streams else list(self._streams.values())
        for load in reached:
            if load.incremental:
                load.release()
        if key not in self._streams or self._streams[key].incremental:
            self._states[key] = state
        rows = sum(len(load.ready) for load in self._streams.values())
        if rows >= _BATCH_ROWS or monotonic() - self._last_commit >= _BATCH_SECONDS:
            self.commit()

    def commit(self) -> None:
        """Commit the rows that a state covers, with that state."""
        loads = [load for load in self._streams.values() if load.ready_count.records]
        if loads or self._states:
            self._file.commit([(load.table, load.ready) for load in loads], self._states)
            for load in loads:
                self.committed += load.ready_count
                load.ready, load.ready_count = [], Count()
            self._states = {}
        self._last_commit = monotonic()

    def finish(self) -> None:
        """The source ended well: every row counts, full refresh streams become visible."""
        overwritten = [load for load in self._streams.values() if _overwrites(load)]
        for load in overwritten:
            self._file.stage(load.table, load.waiting)
        for load in self._streams.values():
            if not _overwrites(load):
                load.release()
        self.commit()
        self._file.replace([load.table for load in overwritten])
        for load in overwritten:
            self.committed += load.waiting_count

    def abandon(self) -> None:
        """The source ended badly: keep what a state covers, drop the rest."""
        self.commit()
        self._file.discard_staged([load.table for load in self._streams.values()])


def _overwrites(load: _StreamLoad) -> bool:
    return load.config.sync_mode is SyncMode.FULL_REFRESH_OVERWRITE


def _prepare(
    file: SqliteFile, connection: Connection, config: StreamConfig, schema: StreamSchema
) -> StreamTable:
    properties = schema.properties
    if config.selected_fields:
        properties = {name: properties[name] for name in config.selected_fields}
    columns = Columns.of(properties)
    unique: list[str] = []
    if config.sync_mode is SyncMode.INCREMENTAL_DEDUPED_HISTORY:
        unique = [columns.name_of(column) for column in config.primary_key]
    cursor = columns.name_of(config.cursor_field[0]) if unique and config.cursor_field else None
    return file.prepare(config.name, connection.prefix + config.name, columns, unique, cursor)
