"""One destination's DuckDB file, seen from one connection: its tables and its saved states.

Import this only for a destination that wants it: DuckDB is an extra, and slow to load.
"""

import threading
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import NoneType

import duckdb

from airbyte_sandbox.json_value import JsonObject, JsonValue, as_object, dump_json, parse_json
from airbyte_sandbox.sink.columns import EXTRACTED_AT, JOB_ID, ColumnKind, Columns, Row, free_table, quoted
from airbyte_sandbox.sink.sink import SinkUnavailableError, States, StreamTable, TableCount

_SCHEMA = """
CREATE TABLE IF NOT EXISTS _sandbox_tables (
    connection_id VARCHAR, stream VARCHAR, name VARCHAR, PRIMARY KEY (connection_id, stream));
CREATE TABLE IF NOT EXISTS _sandbox_states (
    connection_id VARCHAR, stream VARCHAR, state VARCHAR, PRIMARY KEY (connection_id, stream));
"""
# Neither files nor the network, whatever a query says; and no more memory than a sandbox may take.
_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": "false",
    "memory_limit": "512MB",
}
_TYPES = {ColumnKind.INTEGER: "BIGINT", ColumnKind.NUMBER: "DOUBLE", ColumnKind.BOOLEAN: "BOOLEAN"}
_TEXT = "VARCHAR"
_EXACT = 2**53
_INT64 = 2**63
# DuckDB lets transactions of one file collide where SQLite lets them wait; here they wait, too.
_TURN = threading.Lock()


class DuckdbFile:
    """The tables of one connection in a destination's file, which only this process can have open.

    Other connections may write to the same file, each through an object of its own: every method is one
    transaction, and none is held open while a source is waited for. A column has the type that the stream's
    schema says until a value does not fit it; then all its values become text, and none is lost.

    Raises:
        SinkUnavailableError: another process has the file open, or it is none of DuckDB's.
        OSError: any method, if DuckDB fails.
    """

    def __init__(self, path: Path, connection_id: str) -> None:
        self.path = path
        self._connection_id = connection_id
        try:
            with _TURN:
                self._database = duckdb.connect(path, config=_CONFIG)
                self._database.execute(_SCHEMA)
        except duckdb.Error as error:
            raise SinkUnavailableError(f"{path.name} cannot be opened: {error}") from error

    def close(self) -> None:
        """Close the file."""
        with _TURN:
            self._database.close()

    def states(self) -> dict[str, JsonObject]:
        """See :class:`~airbyte_sandbox.sink.sink.Sink`."""
        with self._transaction():
            rows = self._database.execute(
                "SELECT stream, state FROM _sandbox_states WHERE connection_id = ?", [self._connection_id]
            ).fetchall()
        return {stream: as_object(parse_json(state)) for stream, state in rows}

    def tables(self) -> list[TableCount]:
        """See :class:`~airbyte_sandbox.sink.sink.Sink`."""
        with self._transaction():
            return [
                TableCount(stream, name, self._scalar(f"SELECT count(*) FROM {quoted(name)}"))  # noqa: S608 - quoted
                for stream, name in self._owned().items()
            ]

    def prepare(
        self, stream: str, name: str, columns: Columns, unique: Sequence[str], cursor: str | None
    ) -> StreamTable:
        """See :class:`~airbyte_sandbox.sink.sink.Sink`."""
        with self._transaction():
            table = StreamTable(stream, self._claim(stream, name), columns, tuple(unique), cursor)
            self._create(table.name, columns)
            present = self._types(table.name)
            for column, kind in zip(columns.names, columns.kinds, strict=True):
                if column.casefold() not in present:
                    self._alter(table.name, f"ADD COLUMN {quoted(column)} {_TYPES.get(kind, _TEXT)}")
            self._drop(_staging(table.name))
            if table.unique:
                self._database.execute(
                    f"DELETE FROM {quoted(table.name)} WHERE rowid NOT IN"  # noqa: S608 - quoted
                    f" (SELECT rowid FROM {quoted(table.name)} {_newest(table)})"
                )
        return table

    def stage(self, table: StreamTable, rows: Sequence[Row]) -> None:
        """See :class:`~airbyte_sandbox.sink.sink.Sink`."""
        with self._transaction():
            self._stage(table, rows)

    def commit(self, batches: Iterable[tuple[StreamTable, Sequence[Row]]], states: States) -> None:
        """See :class:`~airbyte_sandbox.sink.sink.Sink`."""
        with self._transaction():
            for table, rows in batches:
                if table.unique:
                    self._stage(table, rows)
                    self._show_staged(table)
                else:
                    self._show_staged(table)
                    self._insert(table.name, table, rows)
            for stream, state in states.items():
                self._database.execute(
                    "INSERT OR REPLACE INTO _sandbox_states (connection_id, stream, state) VALUES (?, ?, ?)",
                    [self._connection_id, stream, dump_json(state)],
                )

    def replace(self, tables: Iterable[StreamTable]) -> None:
        """See :class:`~airbyte_sandbox.sink.sink.Sink`."""
        with self._transaction():
            for table in tables:
                self._create(_staging(table.name), table.columns)
                self._drop(table.name)
                self._alter(_staging(table.name), f"RENAME TO {quoted(table.name)}")

    def tidy(self) -> None:
        """See :class:`~airbyte_sandbox.sink.sink.Sink`."""
        with self._transaction():
            for name in self._owned().values():
                self._drop(_staging(name))

    def forget_states(self, streams: Iterable[str]) -> None:
        """See :class:`~airbyte_sandbox.sink.sink.Sink`."""
        with self._transaction():
            for stream in streams:
                self._database.execute(
                    "DELETE FROM _sandbox_states WHERE connection_id = ? AND stream = ?",
                    [self._connection_id, stream],
                )

    def clear(self) -> None:
        """See :class:`~airbyte_sandbox.sink.sink.Sink`."""
        with self._transaction():
            for name in self._owned().values():
                self._database.execute(f"DELETE FROM {quoted(name)}")  # noqa: S608 - quoted
            self._database.execute(
                "DELETE FROM _sandbox_states WHERE connection_id = ?", [self._connection_id]
            )

    @contextmanager
    def _transaction(self) -> Generator[None]:
        with _TURN:
            try:
                self._database.begin()
                try:
                    yield
                except BaseException:
                    self._database.rollback()
                    raise
                self._database.commit()
            except duckdb.Error as error:
                raise OSError(str(error)) from error

    def _owned(self) -> dict[str, str]:
        """The tables of this connection by their streams."""
        rows = self._database.execute(
            "SELECT stream, name FROM _sandbox_tables WHERE connection_id = ? ORDER BY stream",
            [self._connection_id],
        ).fetchall()
        return dict(rows)

    def _claim(self, stream: str, wanted: str) -> str:
        """The table name of a stream: the one it has, else a free one like ``wanted``."""
        owned = self._owned()
        if stream in owned:
            return owned[stream]
        taken = self._database.execute("SELECT name FROM _sandbox_tables").fetchall()
        name = free_table(wanted, {name.casefold() for (name,) in taken})
        self._database.execute(
            "INSERT INTO _sandbox_tables VALUES (?, ?, ?)", [self._connection_id, stream, name]
        )
        return name

    def _create(self, name: str, columns: Columns) -> None:
        declared = [
            f"{quoted(column)} {_TYPES.get(kind, _TEXT)}"
            for column, kind in zip(columns.names, columns.kinds, strict=True)
        ]
        head = f"{EXTRACTED_AT} BIGINT, {JOB_ID} BIGINT"
        self._database.execute(f"CREATE TABLE IF NOT EXISTS {quoted(name)} ({', '.join([head, *declared])})")

    def _alter(self, name: str, change: str) -> None:
        self._database.execute(f"ALTER TABLE {quoted(name)} {change}")

    def _drop(self, name: str) -> None:
        self._database.execute(f"DROP TABLE IF EXISTS {quoted(name)}")

    def _types(self, name: str) -> dict[str, str]:
        """The types of a table's columns by their names in lower case; empty if there is no such table."""
        rows = self._database.execute(
            "SELECT column_name, data_type FROM duckdb_columns()"
            " WHERE database_name = current_database() AND lower(table_name) = lower(?)",
            [name],
        ).fetchall()
        return {column.casefold(): kind for column, kind in rows}

    def _stage(self, table: StreamTable, rows: Sequence[Row]) -> None:
        self._create(_staging(table.name), table.columns)
        self._insert(_staging(table.name), table, rows)

    def _insert(self, target: str, table: StreamTable, rows: Sequence[Row]) -> None:
        """Insert column by column: DuckDB takes a hundred times as long for rows one at a time."""
        if not rows:
            return
        types, names = self._types(target), _names(table)
        kinds: list[str] = []
        columns: list[Sequence[JsonValue]] = []
        for name, values in zip(names, zip(*rows, strict=True), strict=True):
            kind = types[name.casefold()]
            if kind != _TEXT and not _fits(kind, values):
                self._alter(target, f"ALTER {quoted(name)} TYPE {_TEXT}")
                kind = _TEXT
            kinds.append(kind)
            columns.append([_text(value) for value in values] if kind == _TEXT else values)
        values_of = ", ".join(f"unnest(?::{kind}[])" for kind in kinds)
        self._database.execute(
            f"INSERT INTO {quoted(target)} ({_listed(names)}) SELECT {values_of}",
            columns,
        )

    def _show_staged(self, table: StreamTable) -> None:
        staging = _staging(table.name)
        staged = self._types(staging)
        if not staged:
            return
        shown = self._types(table.name)
        for name in _names(table):
            kinds = {shown[name.casefold()], staged[name.casefold()]}
            if len(kinds) > 1:
                for target, types in ((table.name, shown), (staging, staged)):
                    if types[name.casefold()] != _TEXT:
                        self._alter(target, f"ALTER {quoted(name)} TYPE {_TEXT}")
        columns = _listed(_names(table))
        self._database.execute(
            _merge(table)
            if table.unique
            else f"INSERT INTO {quoted(table.name)} ({columns}) SELECT {columns} FROM {quoted(staging)}"  # noqa: S608 - quoted
        )
        self._drop(staging)

    def _scalar(self, query: str) -> int:
        row = self._database.execute(query).fetchone()
        return int(row[0]) if row is not None else 0


def _staging(name: str) -> str:
    """The table in which rows wait that must not be seen yet."""
    return f"_staging_{name}"


def _names(table: StreamTable) -> tuple[str, ...]:
    return (EXTRACTED_AT, JOB_ID, *table.columns.names)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(quoted(name) for name in names)


def _newest(table: StreamTable) -> str:
    """Of the rows of one key, only the one with the highest cursor, and of those the last."""
    order = f"{quoted(table.cursor)} DESC NULLS LAST, rowid DESC" if table.cursor else "rowid DESC"
    return f"QUALIFY row_number() OVER (PARTITION BY {_listed(table.unique)} ORDER BY {order}) = 1"


def _merge(table: StreamTable) -> str:
    """A row with a known key replaces the older one, unless its cursor is behind."""
    same = " AND ".join(f"old.{quoted(key)} IS NOT DISTINCT FROM new.{quoted(key)}" for key in table.unique)
    cursor = quoted(table.cursor) if table.cursor else None
    newer = f" AND (old.{cursor} IS NULL OR new.{cursor} >= old.{cursor})" if cursor else ""
    fresh = f"SELECT * FROM {quoted(_staging(table.name))} {_newest(table)}"  # noqa: S608 - quoted
    return (
        f"MERGE INTO {quoted(table.name)} AS old USING ({fresh}) AS new ON {same}"
        f" WHEN MATCHED{newer} THEN UPDATE BY NAME WHEN NOT MATCHED THEN INSERT BY NAME"
    )


def _fits(kind: str, values: Sequence[JsonValue]) -> bool:
    """Whether every value can be stored in a column of this type as it is."""
    types = set(map(type, values))
    numbers = [value for value in values if isinstance(value, int)]
    match kind:
        case "BOOLEAN":
            return types <= {bool, NoneType}
        case "BIGINT":
            return types <= {int, NoneType} and all(-_INT64 <= number < _INT64 for number in numbers)
        case _:
            return types <= {int, float, NoneType} and all(abs(number) <= _EXACT for number in numbers)


def _text(value: JsonValue) -> str | None:
    """A value in a column of texts; whatever is none as its JSON."""
    return value if value is None or isinstance(value, str) else dump_json(value)
