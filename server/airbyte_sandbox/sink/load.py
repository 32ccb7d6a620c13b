"""Brings the messages of one sync attempt into a sink, so that state and rows never disagree."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from operator import itemgetter

from airbyte_sandbox.clock import monotonic
from airbyte_sandbox.json_value import JsonObject
from airbyte_sandbox.model import Connection, StreamConfig, StreamSchema, SyncMode
from airbyte_sandbox.record import ReadRecord, Run
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
    rows_of: Callable[[Sequence[ReadRecord], int], list[Row]]
    waiting: list[Row] = field(default_factory=list[Row])
    ready: list[Row] = field(default_factory=list[Row])
    waiting_records: int = 0
    waiting_bytes: int = 0
    ready_count: Count = Count()

    @property
    def incremental(self) -> bool:
        return self.config.sync_mode.incremental

    @property
    def overwrites(self) -> bool:
        return self.config.sync_mode is SyncMode.FULL_REFRESH_OVERWRITE

    @property
    def most_waiting(self) -> int:
        """Rows that an overwrite will show are staged in any case; the state of others may come soon."""
        return _BATCH_ROWS if self.overwrites else _WAITING_ROWS

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

    def add(self, run: Run) -> bool:
        """Take records of a stream that this sync was asked for; whether they are the first since a state."""
        load = self._streams[run.stream]
        first = not load.waiting_records
        load.waiting += load.rows_of(run.records, self._job_id)
        load.waiting_records += len(run.records)
        load.waiting_bytes += run.size
        if len(load.waiting) >= load.most_waiting:
            self.commit()  # what is ready goes first: rows staged now wait for a later state
            self._sink.stage(load.table, load.waiting)
            load.waiting = []
        return first

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
        overwritten = [load for load in self._streams.values() if load.overwrites]
        for load in overwritten:
            self._sink.stage(load.table, load.waiting)
        for load in self._streams.values():
            if not load.overwrites:
                load.release()
        self.commit()
        self._sink.replace([load.table for load in overwritten])
        for load in overwritten:
            self.committed += load.waiting_count
        self._sink.tidy()

    def abandon(self) -> None:
        """The source ended badly: keep what a state covers, drop the rest."""
        self.commit()
        self._sink.tidy()


def _stream_load(config: StreamConfig, table: StreamTable) -> _StreamLoad:
    return _StreamLoad(config, table, _row_maker(table.columns.fields))


def _row_maker(fields: tuple[str, ...]) -> Callable[[Sequence[ReadRecord], int], list[Row]]:
    """A function that makes the rows of a job's records, None where a record has not all the fields."""
    # An itemgetter is the quicker way, but gives a tuple only for two fields and more.
    pick = itemgetter(*fields) if len(fields) > 1 else None

    def rows(records: Sequence[ReadRecord], job_id: int) -> list[Row]:
        if pick is not None:
            with suppress(KeyError):
                return [(record.emitted_at, job_id, *pick(record.data)) for record in records]
        return [(record.emitted_at, job_id, *map(record.data.get, fields)) for record in records]

    return rows


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
