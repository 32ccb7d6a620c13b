"""Brings the messages of one sync attempt into a sink, so that state and rows never disagree."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from airbyte_sandbox.clock import monotonic
from airbyte_sandbox.json_value import JsonObject, as_int
from airbyte_sandbox.model import Connection, StreamConfig, StreamSchema, SyncMode
from airbyte_sandbox.sink.columns import Columns, Row
from airbyte_sandbox.sink.sink import Sink, StreamTable

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
    picked: Callable[[JsonObject], Row]
    waiting: list[Row] = field(default_factory=list[Row])
    ready: list[Row] = field(default_factory=list[Row])
    waiting_records: int = 0
    waiting_bytes: int = 0
    ready_count: Count = Count()

    @property
    def incremental(self) -> bool:
        return self.config.sync_mode.incremental

    @property
    def waiting_count(self) -> Count:
        return Count(self.waiting_records, self.waiting_bytes)

    def release(self) -> None:
        self.ready += self.waiting
        self.ready_count += self.waiting_count
        self.waiting = []
        self.waiting_records = self.waiting_bytes = 0


class Load:
    """One attempt's way into the sink.

    A row of an incremental stream is committed together with the first state that comes after it, and
    never before. Full refresh streams are seen all at once when the source has ended well. So whatever
    moment the source dies at, the next attempt goes on exactly behind the committed rows.
    """

    def __init__(
        self, sink: Sink, job_id: int, connection: Connection, schemas: Sequence[StreamSchema]
    ) -> None:
        self._sink = sink
        self._job_id = job_id
        by_name = {schema.name: schema for schema in schemas}
        self._streams = {
            config.name: _stream_load(config, _prepare(sink, connection, config, by_name[config.name]))
            for config in connection.streams
        }
        full = [stream.config.name for stream in self._streams.values() if not stream.incremental]
        sink.forget_states(full)
        self._states: dict[str, JsonObject] = {}
        self._last_commit = monotonic()
        self.committed = Count()

    def has(self, stream: str) -> bool:
        """Whether ``stream`` is one that this sync was asked for."""
        return stream in self._streams

    def add(self, record: JsonObject, size: int) -> bool | None:
        """Take one record, ``size`` bytes on its way; whether it is the first one since the last state.

        None, and nothing taken, if it is of a stream that was not asked for, or no proper record.
        """
        stream, data, extracted_at = record.get("stream"), record.get("data"), record.get("emitted_at")
        if not isinstance(stream, str) or stream not in self._streams or not isinstance(data, dict):
            return None
        load = self._streams[stream]
        load.waiting.append((as_int(extracted_at), self._job_id, *load.picked(data)))
        load.waiting_records += 1
        load.waiting_bytes += size
        if len(load.waiting) >= _WAITING_ROWS:
            self.commit()  # what is ready goes first: rows staged now wait for a later state
            self._sink.stage(load.table, load.waiting)
            load.waiting = []
        return load.waiting_records == 1

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
            self._sink.commit([(load.table, load.ready) for load in loads], self._states)
            for load in loads:
                self.committed += load.ready_count
                load.ready, load.ready_count = [], Count()
            self._states = {}
        self._last_commit = monotonic()

    def finish(self) -> None:
        """The source ended well: every row counts, full refresh streams become visible."""
        overwritten = [load for load in self._streams.values() if _overwrites(load)]
        for load in overwritten:
            self._sink.stage(load.table, load.waiting)
        for load in self._streams.values():
            if not _overwrites(load):
                load.release()
        self.commit()
        self._sink.replace([load.table for load in overwritten])
        for load in overwritten:
            self.committed += load.waiting_count

    def abandon(self) -> None:
        """The source ended badly: keep what a state covers, drop the rest."""
        self.commit()
        self._sink.discard_staged([load.table for load in self._streams.values()])


def _overwrites(load: _StreamLoad) -> bool:
    return load.config.sync_mode is SyncMode.FULL_REFRESH_OVERWRITE


def _stream_load(config: StreamConfig, table: StreamTable) -> _StreamLoad:
    return _StreamLoad(config, table, table.columns.picker())


def _prepare(sink: Sink, connection: Connection, config: StreamConfig, schema: StreamSchema) -> StreamTable:
    properties = schema.properties
    if config.selected_fields:
        properties = {name: properties[name] for name in config.selected_fields}
    columns = Columns.of(properties)
    unique: list[str] = []
    if config.sync_mode is SyncMode.INCREMENTAL_DEDUPED_HISTORY:
        unique = [columns.name_of(column) for column in config.primary_key]
    cursor = columns.name_of(config.cursor_field[0]) if unique and config.cursor_field else None
    return sink.prepare(config.name, connection.prefix + config.name, columns, unique, cursor)
