"""Many rows at once in a SQLite file, by content."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from airbyte_sandbox.json_value import JsonObject, JsonValue
from airbyte_sandbox.sink.columns import Columns, Row
from airbyte_sandbox.sink.sqlite_file import SqliteFile


def stored(path: Path, rows: list[Row]) -> list[tuple[object, ...]]:
    """What a table holds after one commit of the rows."""
    properties: JsonObject = {f"c{number}": {"type": "integer"} for number in range(len(rows[0]) - 2)}
    with closing(SqliteFile(path, "c")) as sink:
        table = sink.prepare("s", "s", Columns.of(properties), [], None)
        sink.commit([(table, rows)], {})
    with closing(sqlite3.connect(path)) as database:
        return database.execute("SELECT * FROM s ORDER BY rowid").fetchall()


@pytest.mark.parametrize("columns", [1, 6, 600])
@pytest.mark.parametrize("count", [1, 61, 62, 63, 1001])
def test_every_row_of_a_batch_lands_in_its_order(tmp_path: Path, columns: int, count: int) -> None:
    rows: list[Row] = [(row, 7, *range(row, row + columns)) for row in range(count)]
    assert stored(tmp_path / "sink.sqlite", rows) == rows


@pytest.mark.parametrize(
    ("value", "text"), [([1, "a"], '[1,"a"]'), ({"a": None}, '{"a":null}'), (2**70, str(2**70))]
)
@pytest.mark.parametrize("place", [0, 100, 199])
def test_a_value_that_sqlite_cannot_store_becomes_text_and_changes_no_other(
    tmp_path: Path, value: JsonValue, text: str, place: int
) -> None:
    rows: list[Row] = [(row, 7, row, row) for row in range(200)]
    rows[place] = (place, 7, value, place)
    assert stored(tmp_path / "sink.sqlite", rows) == [
        *rows[:place],
        (place, 7, text, place),
        *rows[place + 1 :],
    ]
