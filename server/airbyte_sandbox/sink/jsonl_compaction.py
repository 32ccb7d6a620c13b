"""Leaves one line of each key in a JSONL file.

Memory does not grow with the file: the index of the keys is a temporary SQLite database, which goes to the
disk when it is larger than SQLite's cache. Time and room on the disk grow with the file, once a sync.
"""

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

from airbyte_sandbox.json_value import as_object, dump_json, parse_json
from airbyte_sandbox.sink.columns import Cell, cell

# A newer line takes the place of an older one, unless its cursor is behind: as in a SQL sink.
_REMEMBER = """
INSERT INTO newest (key, cursor, start) VALUES (?, ?, ?)
ON CONFLICT (key) DO UPDATE SET cursor = excluded.cursor, start = excluded.start
WHERE cursor IS NULL OR excluded.cursor >= cursor
"""


def compact(source: Path, target: Path, key: Sequence[str], cursor: str | None) -> int:
    """Write the newest line of each ``key`` of ``source`` to ``target``, in their order; how many there are.

    ``target`` is on the disk when this returns.
    """
    with closing(sqlite3.connect("")) as index, source.open("rb") as lines, target.open("wb") as out:
        index.execute("PRAGMA journal_mode = OFF")
        index.execute("CREATE TABLE newest (key TEXT PRIMARY KEY, cursor, start INTEGER) WITHOUT ROWID")
        index.executemany(_REMEMBER, _entries(lines, key, cursor))
        rows = 0
        for (start,) in index.execute("SELECT start FROM newest ORDER BY start"):
            lines.seek(start)
            out.write(lines.readline())
            rows += 1
        out.flush()
        os.fsync(out.fileno())
    return rows


def _entries(
    lines: Iterable[bytes], key: Sequence[str], cursor: str | None
) -> Iterator[tuple[str, Cell, int]]:
    """Of each line its key, its cursor, and where it starts."""
    start = 0
    for line in lines:
        row = as_object(parse_json(line))
        yield dump_json([row.get(name) for name in key]), cell(row.get(cursor)) if cursor else None, start
        start += len(line)
