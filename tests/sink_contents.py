"""What is in the files of a destination, read with the file format's own means and not with the sandbox's."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, TypeAlias

import duckdb

# A row as a test compares it.
Found: TypeAlias = dict[str, Any]

KINDS = ("sqlite", "jsonl", "duckdb")


def rows_of(path: Path, table: str) -> list[Found]:
    """The rows of a table in the order in which they are there, without what Airbyte adds."""
    rows = _all_rows(path, table)
    return [{name: row[name] for name in row if not name.startswith("_airbyte")} for row in rows]


def _all_rows(path: Path, table: str) -> list[Found]:
    query = f'SELECT * FROM "{table}" ORDER BY rowid'  # noqa: S608 - the tests' own names
    if path.is_dir():
        return [json.loads(line) for line in (path / table).read_text(encoding="utf-8").splitlines()]
    if path.suffix == ".duckdb":
        with duckdb.connect(path, read_only=True) as database:
            found = database.execute(query)
            names = [column[0] for column in found.description or []]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    with closing(sqlite3.connect(path)) as database:
        database.row_factory = sqlite3.Row
        return [dict(row) for row in database.execute(query)]
