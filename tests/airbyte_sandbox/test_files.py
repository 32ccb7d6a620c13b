import json
import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from airbyte_sandbox import SandboxError, SandboxSettings, start_in_thread
from sandbox_user import SandboxUser


@contextmanager
def user_with(*files: Path) -> Generator[SandboxUser]:
    with start_in_thread(SandboxSettings(files=files, schedules=False, time_factor=0)) as sandbox:
        user = SandboxUser(sandbox.address)
        yield user
        user.close()


def test_a_csv_file_of_the_user_lands_in_the_warehouse(tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text(
        'id,Name,zip,height,,Name\n1,"Müller, Ä",01234,1.80,x,y\n2,"two\nlines",99999,2,,\n', "utf-8-sig"
    )
    with user_with(file) as user:
        job = user.sync("people.csv to warehouse")
        rows = user.rows(
            "people.csv to warehouse", 'SELECT id, "Name", zip, height, column_5, "Name_2" FROM {table}'
        )
    assert job["rowsSynced"] == 2
    assert [tuple(row.values()) for row in rows] == [
        (1, "Müller, Ä", "01234", 1.8, "x", "y"),
        (2, "two\nlines", "99999", 2.0, None, None),
    ]


def test_a_jsonl_file_of_the_user_lands_in_the_warehouse(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_text('{"id": 1, "tags": ["a", "b"], "ok": true}\n\n{"id": 2, "note": "é"}\n', "utf-8")
    with user_with(file) as user:
        user.sync("events.jsonl to warehouse")
        rows = user.rows("events.jsonl to warehouse", "SELECT id, tags, ok, note FROM {table}")
    assert [tuple(row.values()) for row in rows] == [(1, '["a","b"]', 1, None), (2, None, None, "é")]


def test_a_late_value_of_another_type_stays_as_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "late.csv"
    file.write_text("code\n" + "7\n" * 1000 + "007\nseven\n", "utf-8")
    with user_with(file) as user:
        user.sync("late.csv to warehouse")
        values = [row["code"] for row in user.rows("late.csv to warehouse", "SELECT code FROM {table}")]
    assert values == [7] * 1000 + ["007", "seven"]


def test_text_that_no_database_can_hold_fails_the_job_and_blames_the_destination(tmp_path: Path) -> None:
    file = tmp_path / "odd.jsonl"
    file.write_text('{"id": 1, "note": "\\ud800"}\n', "utf-8")
    with user_with(file) as user:
        job = user.ended(user.start("odd.jsonl to warehouse"))
        assert job["status"] == "failed"
        (failure,) = user.attempts(job["jobId"])[0]["failureSummary"]["failures"]
        assert failure["failureOrigin"] == "destination"


def test_hostile_values_and_column_names_are_only_data(tmp_path: Path) -> None:
    file = tmp_path / 'x"; DROP TABLE _sandbox_tables; --.jsonl'
    row = {'a"b': 1, 'A"B': 2, "_airbyte_job_id": 3, "n": float("nan"), "i": 2**70, "select": "\0x"}
    file.write_text(json.dumps(row), "utf-8")
    name = f"{file.name} to warehouse"
    with user_with(file) as user:
        user.sync(name)
        sink = user.control(f"/sink/{user.connection(name)['connectionId']}")
        with closing(sqlite3.connect(sink["path"])) as database:
            (table,) = database.execute("SELECT name FROM _sandbox_tables").fetchone()
            quoted = '"' + table.replace('"', '""') + '"'
            rows = list(database.execute(f"SELECT * FROM {quoted}"))  # noqa: S608 - quoted above
    assert [landed[2:] for landed in rows] == [(1, 2, 3, None, str(2**70), "\0x")]


def test_a_file_named_like_another_table_gets_a_table_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    file.write_text("id\n7\n", "utf-8")
    with user_with(file) as user:
        user.sync("Orders to warehouse")
        user.sync("orders.csv to warehouse")
        assert user.rows("orders.csv to warehouse", "SELECT id FROM {table}") == [{"id": 7}]
        sink = user.control(f"/sink/{user.connection('Orders to warehouse')['connectionId']}")
        assert {stream["stream"]: stream["rows"] for stream in sink["streams"]}["orders"] == 1500


def test_a_file_that_breaks_later_fails_the_job_with_the_line_and_keeps_what_was_there(
    tmp_path: Path,
) -> None:
    file = tmp_path / "events.jsonl"
    file.write_text('{"id": 1}\n', "utf-8")
    with user_with(file) as user:
        user.sync("events.jsonl to warehouse")
        file.write_text('{"id": 2}\n{"id": 3\n', "utf-8")
        job = user.ended(user.start("events.jsonl to warehouse"))
        assert job["status"] == "failed"
        (failure,) = user.attempts(job["jobId"])[0]["failureSummary"]["failures"]
        assert failure["externalMessage"].startswith("Line 2 of ")
        assert user.rows("events.jsonl to warehouse", "SELECT id FROM {table}") == [{"id": 1}]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("gone.csv", None, "cannot be read"),
        ("data.xlsx", b"x", "neither CSV"),
        ("empty.csv", b"", "it is empty"),
        ("empty.jsonl", b"\n", "it is empty"),
        ("list.jsonl", b"[1]\n", "Line 1"),
        ("latin.csv", b"a\n\xe4\n", "not UTF-8"),
        ("quote.csv", b'a,b\n"x"y,1\n', "not proper CSV"),
    ],
)
def test_a_file_that_cannot_be_used_stops_the_start_with_a_sentence(
    tmp_path: Path, name: str, content: bytes | None, reason: str
) -> None:
    file = tmp_path / name
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SandboxError, match=reason) as refusal:
        start_in_thread(SandboxSettings(files=(file,)))
    assert name in str(refusal.value)


def test_two_files_of_one_name_stop_the_start(tmp_path: Path) -> None:
    files = (tmp_path / "a" / "x.csv", tmp_path / "b" / "x.csv")
    for file in files:
        file.parent.mkdir()
        file.write_text("id\n1\n", "utf-8")
    with pytest.raises(SandboxError, match=r"Two files are named x\.csv"):
        start_in_thread(SandboxSettings(files=files))
