"""One destination's SQLite file, seen from one connection: its tables and its saved states."""

import sqlite3
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

from airbyte_sandbox.json_value import JsonObject, as_object, dump_json, parse_json
from airbyte_sandbox.sink.columns import (
    EXTRACTED_AT,
    JOB_ID,
    ColumnKind,
    Columns,
    Row,
    free_table,
    quoted,
    storable,
)
from airbyte_sandbox.sink.sink import States, StreamTable, TableCount

_SCHEMA = """
CREATE TABLE IF NOT EXISTS _sandbox_tables (
    connection_id TEXT NOT NULL, stream TEXT NOT NULL, name TEXT NOT NULL COLLATE NOCASE UNIQUE,
    PRIMARY KEY (connection_id, stream));
CREATE TABLE IF NOT EXISTS _sandbox_states (
    connection_id TEXT NOT NULL, stream TEXT NOT NULL, state TEXT NOT NULL,
    PRIMARY KEY (connection_id, stream));
"""
_BUSY_SECONDS = 30
# SQLite before 3.32 knows at most 999 in a statement.
_VALUES_AT_ONCE = 900
# What sqlite3 raises for a list or an object, by its versions, and for an integer of more than 64 bits.
_UNSTORABLE = (sqlite3.InterfaceError, sqlite3.ProgrammingError, OverflowError)


class SqliteFile:
    """The tables of one connection in a destination's file.

    Other connections may write to the same file, each through an object of its own: every method is one
    transaction, and none is held open while a source is waited for.
    """

    def __init__(self, path: Path, connection_id: str) -> None:
        self.path = path
        self._connection_id = connection_id
        path.touch(mode=0o600)
        self._database = sqlite3.connect(
            path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        # Rows that are only appended take a tenth less time with pages four times as large as usual.
        self._database.execute("PRAGMA page_size = 16384")
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = NORMAL")
        # Each checkpoint waits for the disk; SQLite's 1,000 pages would be 16 MB.
        self._database.execute("PRAGMA wal_autocheckpoint = 2500")
        self._database.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def states(self) -> dict[str, JsonObject]:
        """The saved state message of each stream; a state of the whole source has the name ""."""
        rows = self._database.execute(
            "SELECT stream, state FROM _sandbox_states WHERE connection_id = ?", (self._connection_id,)
        ).fetchall()
        return {stream: as_object(parse_json(state)) for stream, state in rows}

    def tables(self) -> list[TableCount]:
        """Each table of this connection with its number of rows."""
        with self._transaction():
            return [
                TableCount(stream, name, self._scalar(f"SELECT count(*) FROM {quoted(name)}"))  # noqa: S608 - quoted
                for stream, name in self._owned()
            ]

    def prepare(
        self, stream: str, name: str, columns: Columns, unique: Sequence[str], cursor: str | None
    ) -> StreamTable:
        """Make the table of a stream, or bring an older one up to date; empties its staging table.

        ``name`` gets a number behind it if another connection's table has that name.
        """
        with self._transaction():
            table = StreamTable(stream, self._claim(stream, name), columns, tuple(unique), cursor)
            self._create(table.name, columns)
            self._add_missing_columns(table)
            self._enforce_key(table)
            self._database.execute(f"DROP TABLE IF EXISTS {quoted(_staging(table.name))}")
        return table

    def stage(self, table: StreamTable, rows: Sequence[Row]) -> None:
        """Put rows where they are not seen yet."""
        with self._transaction():
            self._create(_staging(table.name), table.columns)
            self._insert(_staging(table.name), table, rows)

    def commit(self, batches: Iterable[tuple[StreamTable, Sequence[Row]]], states: States) -> None:
        """Show staged rows, then these, and save the states: all at once or not at all."""
        with self._transaction():
            for table, rows in batches:
                self._show_staged(table)
                self._insert(table.name, table, rows)
            self._database.executemany(
                "INSERT OR REPLACE INTO _sandbox_states (connection_id, stream, state) VALUES (?, ?, ?)",
                [(self._connection_id, stream, dump_json(state)) for stream, state in states.items()],
            )

    def replace(self, tables: Iterable[StreamTable]) -> None:
        """Let what is staged take the place of what was in the tables, all at once."""
        with self._transaction():
            for table in tables:
                self._create(_staging(table.name), table.columns)
                self._database.execute(f"DROP TABLE {quoted(table.name)}")
                self._database.execute(
                    f"ALTER TABLE {quoted(_staging(table.name))} RENAME TO {quoted(table.name)}"
                )

    def tidy(self) -> None:
        """Drop rows that nobody saw; the others are as they should be."""
        with self._transaction():
            for _, name in self._owned():
                self._database.execute(f"DROP TABLE IF EXISTS {quoted(_staging(name))}")

    def forget_states(self, streams: Iterable[str]) -> None:
        """Let the next sync of these streams start from the beginning."""
        with self._transaction():
            self._database.executemany(
                "DELETE FROM _sandbox_states WHERE connection_id = ? AND stream = ?",
                [(self._connection_id, stream) for stream in streams],
            )

    def clear(self) -> None:
        """Empty every table of this connection and forget its states."""
        with self._transaction():
            for _, name in self._owned():
                self._database.execute(f"DELETE FROM {quoted(name)}")  # noqa: S608 - quoted
            self._database.execute(
                "DELETE FROM _sandbox_states WHERE connection_id = ?", (self._connection_id,)
            )

    @contextmanager
    def _transaction(self) -> Generator[None]:
        with self._database:
            self._database.execute("BEGIN IMMEDIATE")
            yield

    def _owned(self) -> list[tuple[str, str]]:
        return self._database.execute(
            "SELECT stream, name FROM _sandbox_tables WHERE connection_id = ? ORDER BY stream",
            (self._connection_id,),
        ).fetchall()

    def _claim(self, stream: str, wanted: str) -> str:
        """The table name of a stream: the one it has, else ``wanted``, numbered if that is taken."""
        owned = dict(self._owned())
        if stream in owned:
            return owned[stream]
        taken = self._database.execute("SELECT name FROM _sandbox_tables").fetchall()
        name = free_table(wanted, {name.casefold() for (name,) in taken})
        self._database.execute(
            "INSERT INTO _sandbox_tables (connection_id, stream, name) VALUES (?, ?, ?)",
            (self._connection_id, stream, name),
        )
        return name

    def _create(self, name: str, columns: Columns) -> None:
        declared = [
            f"{quoted(column)} {_type(kind)}"
            for column, kind in zip(columns.names, columns.kinds, strict=True)
        ]
        head = f"{EXTRACTED_AT} INTEGER NOT NULL, {JOB_ID} INTEGER NOT NULL"
        self._database.execute(f"CREATE TABLE IF NOT EXISTS {quoted(name)} ({', '.join([head, *declared])})")

    def _add_missing_columns(self, table: StreamTable) -> None:
        rows = self._database.execute("SELECT name FROM pragma_table_info(?)", (table.name,)).fetchall()
        present = {name.casefold() for (name,) in rows}
        for column, kind in zip(table.columns.names, table.columns.kinds, strict=True):
            if column.casefold() not in present:
                declared = f"{quoted(column)} {_type(kind)}"
                self._database.execute(f"ALTER TABLE {quoted(table.name)} ADD COLUMN {declared}")

    def _enforce_key(self, table: StreamTable) -> None:
        """Have a unique index exactly if the table is deduplicated; of double rows the last one stays."""
        index = quoted(f"_sandbox_key_{table.name}")
        self._database.execute(f"DROP INDEX IF EXISTS {index}")
        if table.unique:
            key = ", ".join(quoted(column) for column in table.unique)
            name = quoted(table.name)
            self._database.execute(
                f"DELETE FROM {name} WHERE rowid NOT IN (SELECT max(rowid) FROM {name} GROUP BY {key})"  # noqa: S608 - quoted
            )
            self._database.execute(f"CREATE UNIQUE INDEX {index} ON {name} ({key})")

    def _insert(self, target: str, table: StreamTable, rows: Sequence[Row]) -> None:
        """Insert rows as they came; only if SQLite cannot store one, make every value storable first."""
        self._database.execute("SAVEPOINT rows")
        try:
            self._insert_many(target, table, rows)
        except _UNSTORABLE:
            self._database.execute("ROLLBACK TO rows")
            self._insert_many(target, table, list(storable(rows)))
        self._database.execute("RELEASE rows")

    def _insert_many(self, target: str, table: StreamTable, rows: Sequence[Row]) -> None:
        """Insert many rows with each run of a statement: two thirds of the time of one by one."""
        at_once = max(1, _VALUES_AT_ONCE // (len(table.columns.names) + 2))
        whole = len(rows) - len(rows) % at_once
        blocks = (tuple(chain(*rows[first : first + at_once])) for first in range(0, whole, at_once))
        self._database.executemany(self._insertion(target, table, at_once), blocks)
        self._database.executemany(self._insertion(target, table, 1), rows[whole:])

    def _insertion(self, target: str, table: StreamTable, rows: int) -> str:
        """The statement that inserts so many rows."""
        marks = f"({', '.join('?' * (len(table.columns.names) + 2))})"
        conflict = self._on_conflict(table) if target == table.name else ""
        values = ", ".join([marks] * rows)
        return f"INSERT INTO {quoted(target)} ({_column_list(table)}) VALUES {values}{conflict}"  # noqa: S608 - quoted

    def _show_staged(self, table: StreamTable) -> None:
        staged = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ? COLLATE NOCASE"
        if not self._scalar(staged, _staging(table.name)):
            return
        columns, staging = _column_list(table), quoted(_staging(table.name))
        self._database.execute(
            f"INSERT INTO {quoted(table.name)} ({columns}) SELECT {columns} FROM {staging}"  # noqa: S608 - quoted
            f" WHERE true ORDER BY rowid{self._on_conflict(table)}"
        )
        self._database.execute(f"DROP TABLE {quoted(_staging(table.name))}")

    @staticmethod
    def _on_conflict(table: StreamTable) -> str:
        """A row with a known key replaces the older one, unless its cursor is behind."""
        if not table.unique:
            return ""
        key = ", ".join(quoted(column) for column in table.unique)
        names = (EXTRACTED_AT, JOB_ID, *table.columns.names)
        updates = ", ".join(f"{quoted(name)} = excluded.{quoted(name)}" for name in names)
        newer = ""
        if table.cursor is not None:
            cursor = quoted(table.cursor)
            old = f"{quoted(table.name)}.{cursor}"
            newer = f" WHERE {old} IS NULL OR excluded.{cursor} >= {old}"
        return f" ON CONFLICT ({key}) DO UPDATE SET {updates}{newer}"

    def _scalar(self, query: str, *values: str) -> int:
        row: tuple[int] = self._database.execute(query, values).fetchone()
        return row[0]


def _staging(name: str) -> str:
    """The table in which rows wait that must not be seen yet."""
    return f"_staging_{name}"


def _type(kind: ColumnKind) -> str:
    """No type for numbers: SQLite would change huge ones, and text like "007" among them."""
    return "TEXT" if kind is ColumnKind.TEXT else ""


def _column_list(table: StreamTable) -> str:
    return ", ".join(quoted(name) for name in (EXTRACTED_AT, JOB_ID, *table.columns.names))
