"""Each sink by itself: the rows that it was given, however odd, and what is left when its process is killed."""

import signal
import subprocess
import sys
from collections.abc import Generator, Sequence
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from airbyte_sandbox.json_value import JsonObject, JsonValue
from airbyte_sandbox.model import SinkKind
from airbyte_sandbox.sink.columns import Columns
from airbyte_sandbox.sink.duckdb_file import DuckdbFile
from airbyte_sandbox.sink.jsonl_folder import JsonlFolder
from airbyte_sandbox.sink.sink import Sink, SinkUnavailableError
from airbyte_sandbox.sink.sqlite_file import SqliteFile
from sink_contents import KINDS, Found, rows_of

PROPERTIES: JsonObject = {
    "id": {"type": "integer"},
    "at": {"type": ["null", "string"]},
    "price": {"type": "number"},
    "ok": {"type": "boolean"},
    "data": {"type": ["object", "array"]},
}
COLUMNS = Columns.of(PROPERTIES)


def opened(kind: str, path: Path, connection: str = "c") -> Sink:
    match SinkKind(kind):
        case SinkKind.SQLITE:
            return SqliteFile(path / "d.sqlite", connection)
        case SinkKind.JSONL:
            return JsonlFolder(path / "d" / connection)
        case SinkKind.DUCKDB:
            return DuckdbFile(path / "d.duckdb", connection)


class Given:
    """A sink that is given rows of one stream."""

    def __init__(self, sink: Sink, unique: Sequence[str] = (), cursor: str | None = None) -> None:
        self.sink = sink
        self.table = sink.prepare("things", "things", COLUMNS, unique, cursor)

    def commit(self, *rows: Sequence[JsonValue], states: JsonObject | None = None) -> None:
        """Commit rows, each given by the first of its values."""
        self.sink.commit([(self.table, [self.row(row) for row in rows])], {"things": states or {}})

    def stage(self, *rows: Sequence[JsonValue]) -> None:
        self.sink.stage(self.table, [self.row(row) for row in rows])

    def found(self, *fields: str) -> list[Found]:
        """What is there once the attempt is over."""
        self.sink.tidy()
        ((name, path, count),) = [(item.table, self.sink.path, item.rows) for item in self.sink.tables()]
        self.sink.close()
        rows = rows_of(path, name)
        assert len(rows) == count
        return [{field: row[field] for field in fields} for row in rows]

    @staticmethod
    def row(values: Sequence[JsonValue]) -> tuple[JsonValue, ...]:
        return (0, 0, *values, *[None] * (len(PROPERTIES) - len(values)))


@pytest.fixture(params=KINDS)
def sink(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[Sink]:
    sink = opened(request.param, tmp_path)
    yield sink
    sink.close()


def by_id(rows: list[Found]) -> list[Found]:
    return sorted(rows, key=lambda row: str(row["id"]))


def test_a_row_with_a_known_key_replaces_the_older_one_unless_its_cursor_is_behind(sink: Sink) -> None:
    given = Given(sink, ["id"], "at")
    given.commit((1, "b"), (2, "b"), (3, "b"), (4, None), (5, "b"), (5, "c"), (5, "a"))
    given.commit((1, "c"), (2, "a"), (3, None), (4, "a"), (6, None))
    assert by_id(given.found("id", "at")) == [
        {"id": 1, "at": "c"},
        {"id": 2, "at": "b"},
        {"id": 3, "at": "b"},
        {"id": 4, "at": "a"},
        {"id": 5, "at": "c"},
        {"id": 6, "at": None},
    ]


def test_of_rows_with_the_same_cursor_and_of_rows_without_one_the_last_stays(sink: Sink) -> None:
    given = Given(sink, ["id", "ok"])
    given.commit((1, "first", 1.5, True), (1, "other", 1.5, False), (1, "last", 2.5, True))
    given.stage((1, "staged", 3.5, False))
    given.commit()
    assert sorted(given.found("id", "at", "price"), key=lambda row: str(row["at"])) == [
        {"id": 1, "at": "last", "price": 2.5},
        {"id": 1, "at": "staged", "price": 3.5},
    ]


def test_staged_rows_come_before_those_that_are_committed_with_them_and_vanish_if_they_never_are(
    sink: Sink,
) -> None:
    given = Given(sink)
    given.stage((1,), (2,))
    given.commit((3,))
    given.stage((4,))
    assert given.found("id") == [{"id": 1}, {"id": 2}, {"id": 3}]


def test_what_was_appended_twice_is_there_once_after_a_change_to_deduplication(sink: Sink) -> None:
    Given(sink).commit((1, "a"), (2, "a"), (1, "b"), (2, "0"))
    given = Given(sink, ["id"], "at")
    assert {row["id"] for row in given.found("id")} == {1, 2}


ODD: list[tuple[JsonValue, ...]] = [
    (1, "plain", 1.5, True, {"a": [1, None]}),
    (2**70, "huge", 2**60 + 1, None, []),
    ("007", "text where a number should be", "1e3", "yes", "text"),
    (None, 'quo"ted; DROP TABLE things', None, False, None),
    (True, "nul\0 and emoji \N{PILE OF POO}", 0.1, 3, 12),
]


def test_odd_values_are_kept_whatever_the_schema_says(sink: Sink) -> None:
    given = Given(sink)
    for row in ODD[:2]:
        given.commit(row)
    given.stage(*ODD[2:])
    given.commit()
    found = given.found("id", "at", "price", "ok", "data")
    assert [row["at"] for row in found] == [row[1] for row in ODD]
    ids = [row["id"] for row in found]
    assert [str(value) for value in ids[:3]] == ["1", str(2**70), "007"]
    assert ids[3] is None
    assert [str(row["price"]) for row in found[:3]] == ["1.5", str(2**60 + 1), "1e3"]
    assert found[2]["ok"] == "yes"
    assert [row["data"] in ({"a": [1, None]}, '{"a":[1,null]}') for row in found[:1]] == [True]


def test_a_field_that_is_new_gets_a_column_and_older_rows_stay(sink: Sink) -> None:
    Given(sink).commit((1, "a"))
    wider = Columns.of({**PROPERTIES, "more": {"type": "integer"}})
    table = sink.prepare("things", "things", wider, [], None)
    sink.commit([(table, [(0, 0, 2, "b", None, None, None, 7)])], {})
    path, (stream,) = sink.path, sink.tables()
    sink.close()
    assert [(row["id"], row.get("more")) for row in rows_of(path, stream.table)] == [(1, None), (2, 7)]


@pytest.mark.parametrize(
    "stream", ["manifest", "a/b", "..", "x" * 300, "sqlite_stat1", "_sandbox_states", "Ü.ö"]
)
def test_no_name_of_a_stream_gets_in_the_way_of_another_or_of_the_sink_itself(
    sink: Sink, stream: str
) -> None:
    names = [stream, stream + "2"]
    tables = [sink.prepare(name, name, COLUMNS, ["id"], None) for name in names]
    for table in tables:
        sink.commit([(table, [Given.row((1, table.stream))])], {table.stream: {"of": table.stream}})
    sink.tidy()
    path, found, states = sink.path, sink.tables(), sink.states()
    sink.close()
    assert {item.stream: rows_of(path, item.table)[0]["at"] for item in found} == {
        name: name for name in names
    }
    assert states == {name: {"of": name} for name in names}


@pytest.mark.parametrize("kind", ["sqlite", "duckdb"])
def test_two_connections_share_a_file_and_never_a_table(tmp_path: Path, kind: str) -> None:
    with closing(opened(kind, tmp_path, "c1")) as one, closing(opened(kind, tmp_path, "c2")) as two:
        first, second = Given(one), Given(two)
        first.commit((1,), states={"at": 1})
        second.commit((2,), states={"at": 2})
        assert [first.table.name, second.table.name] == ["things", "things_2"]
        two.clear()
        assert one.states() == {"things": {"at": 1}}
        assert [item.rows for item in (*one.tables(), *two.tables())] == [1, 0]


def test_a_duckdb_file_that_somebody_else_has_open_is_unavailable_and_says_so(tmp_path: Path) -> None:
    holder = (
        "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holder, str(tmp_path / "d.duckdb")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(SinkUnavailableError, match=r"d\.duckdb cannot be opened: .*lock"):
            opened("duckdb", tmp_path)
        process.kill()


def test_a_file_that_is_none_of_duckdbs_is_unavailable_and_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "d.duckdb").write_text("a letter to my grandmother")
    with pytest.raises(SinkUnavailableError, match="not a valid DuckDB"):
        opened("duckdb", tmp_path)
    assert (tmp_path / "d.duckdb").read_text() == "a letter to my grandmother"


def test_what_is_in_a_duckdb_file_has_the_types_of_the_schema(tmp_path: Path) -> None:
    with closing(opened("duckdb", tmp_path)) as sink:
        Given(sink).commit(ODD[0])
    with duckdb.connect(tmp_path / "d.duckdb", read_only=True) as database:
        described = database.execute("SELECT * FROM things").description or []
    assert [str(column[1]) for column in described] == [
        "BIGINT", "BIGINT", "BIGINT", "VARCHAR", "DOUBLE", "BOOLEAN", "VARCHAR"
    ]  # fmt: skip


# Goes round and round through all that changes a sink, and says what it has done, until it is killed.
WRITER = """
import sys
from pathlib import Path
from test_sink_kinds import COLUMNS, Given, opened
kind, path = sys.argv[1], Path(sys.argv[2])
sink = opened(kind, path)
appended = sink.prepare("appended", "appended", COLUMNS, [], None)
keyed = sink.prepare("keyed", "keyed", COLUMNS, ["id"], "price")
replaced = sink.prepare("replaced", "replaced", COLUMNS, [], None)
done = sink.states().get("appended", {}).get("done", 0)
print("ready", flush=True)
while True:
    rows = [Given.row((number, None, done)) for number in range(10)]
    sink.stage(appended, rows[:5])
    batches = [(appended, rows[5:]), (keyed, rows)]
    sink.commit(batches, {name: {"done": done + 1} for name in ("appended", "keyed")})
    sink.stage(replaced, rows)
    sink.replace([replaced])
    sink.tidy()
    done += 1
    print(done, flush=True)
"""


@pytest.mark.parametrize("kind", KINDS)
def test_killing_the_process_at_any_moment_loses_no_committed_row_and_no_state(
    tmp_path: Path, kind: str
) -> None:
    environment = {"PYTHONPATH": f"{Path(__file__).parent}:{Path(__file__).parent.parent}"}
    for rounds in (1, 4, 9):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, kind, str(tmp_path)],
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        ) as process:
            assert process.stdout is not None
            lines = [process.stdout.readline() for _ in range(rounds + 1)]
            process.send_signal(signal.SIGKILL)
            lines += process.stdout.readlines()
        said = max(int(line) for line in lines if line.strip().isdigit())
        with closing(opened(kind, tmp_path)) as sink:
            sink.tidy()
            states, path = sink.states(), sink.path
            tables = {item.stream: item for item in sink.tables()}
        done = states["appended"]["done"]
        assert states == {"appended": {"done": done}, "keyed": {"done": done}}
        assert isinstance(done, int)
        assert done in {said, said + 1}
        found = {name: rows_of(path, item.table) for name, item in tables.items()}
        assert {name: len(rows) for name, rows in found.items()} == {n: t.rows for n, t in tables.items()}
        assert [(row["id"], row["price"]) for row in found["appended"]] == [
            (number, turn) for turn in range(done) for number in range(10)
        ]
        assert by_id(found["keyed"]) == by_id([{**row, "price": done - 1} for row in found["keyed"]])
        assert {row["id"] for row in found["keyed"]} == set(range(10))
        (turn,) = {row["price"] for row in found["replaced"]}
        assert turn in {said - 1, said}
        assert len(found["replaced"]) == 10
