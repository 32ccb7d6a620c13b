"""What is in a destination after syncs, by content, whatever the sink and whenever the process died."""

import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import pytest

from airbyte_sandbox.json_value import JsonObject
from airbyte_sandbox.sink.columns import Columns
from airbyte_sandbox.sink.jsonl_folder import JsonlFolder
from airbyte_sandbox.sink.sink import Sink
from airbyte_sandbox.sink.sqlite_file import SqliteFile
from airbyte_sandbox.sources import sample_streams
from sandbox_user import Json, SandboxUser

MODES = ["full_refresh_overwrite", "full_refresh_append", "incremental_append", "incremental_deduped_history"]
KINDS = ["sqlite", "jsonl"]
FIRST, NEW = 300, 40


def seed(user: SandboxUser, mode: str, kind: str, **settings: Json) -> None:
    source = {"name": "Shop", "configuration": {"streams": {"orders": FIRST}, "new_rows": NEW, **settings}}
    connection = {"name": "c", "source": source, "streams": {"orders": mode}, "destination": {"type": kind}}
    answer = user.http.post(f"{user.address.url}/_sandbox/seed", json={"connections": [connection]})
    assert answer.status_code == 200, answer.text


def landed(user: SandboxUser) -> list[JsonObject]:
    """The rows in the destination, in order, without what Airbyte adds."""
    sink = user.control(f"/sink/{user.connection('c')['connectionId']}")
    path, (stream,) = Path(sink["path"]), sink["streams"]
    if path.is_dir():
        rows = [json.loads(line) for line in (path / stream["table"]).read_text().splitlines()]
    else:
        rows = user.rows("c", "SELECT * FROM {table} ORDER BY rowid")
    assert len(rows) == stream["rows"]
    return [{name: row[name] for name in row if not name.startswith("_airbyte")} for row in rows]


def expected(mode: str) -> list[JsonObject]:
    """What two syncs must leave: the source gives rows 1 to 300, then 40 more to those who go on."""
    first = [sample_streams.row("orders", number, FIRST) for number in range(1, FIRST + 1)]
    more = [sample_streams.row("orders", number, FIRST) for number in range(FIRST + 1, FIRST + NEW + 1)]
    match mode:
        case "full_refresh_overwrite":
            return first
        case "full_refresh_append":
            return first + first
        case "incremental_append":
            return first + more
        case _:
            return list({row["id"]: row for row in first + more}.values())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mode", MODES[:3])
def test_two_syncs_leave_exactly_the_rows_they_should(user: SandboxUser, mode: str, kind: str) -> None:
    seed(user, mode, kind)
    user.sync("c")
    user.sync("c")
    assert landed(user) == expected(mode)


def test_two_deduplicated_syncs_leave_the_newest_row_of_each_key(user: SandboxUser) -> None:
    seed(user, MODES[3], "sqlite")
    user.sync("c")
    user.sync("c")
    assert sorted(landed(user), key=lambda row: str(row["id"])) == sorted(
        expected(MODES[3]), key=lambda row: str(row["id"])
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_source_that_breaks_on_the_way_leaves_no_row_twice_and_none_out(
    user: SandboxUser, kind: str
) -> None:
    seed(user, "incremental_append", kind, state_every=50)
    for rows in (75, 120):
        fault = {"kind": "fail_at_row", "rows": rows}
        user.http.post(f"{user.address.url}/_sandbox/faults", json=fault)
    job = user.sync("c")
    assert len(user.attempts(job["jobId"])) == 3
    user.sync("c")
    assert landed(user) == expected("incremental_append")


@pytest.mark.parametrize("kind", KINDS)
def test_a_clear_leaves_nothing_and_the_next_sync_begins_again(user: SandboxUser, kind: str) -> None:
    seed(user, "incremental_append", kind)
    user.sync("c")
    user.ended(user.start("c", "clear"))
    assert landed(user) == []
    user.sync("c")
    assert landed(user) == expected("full_refresh_overwrite")


def test_a_jsonl_destination_offers_no_deduplication(user: SandboxUser) -> None:
    seed(user, "incremental_append", "jsonl")
    connection = user.connection("c")
    stream = {"name": "orders", "syncMode": "incremental_deduped_history"}
    path = f"/connections/{connection['connectionId']}"
    answer = user.call("PATCH", path, {"configurations": {"streams": [stream]}})
    assert answer.status_code == 400
    assert "incremental_append]" in answer.json()["data"]["message"]
    offered = user.get("/streams", sourceId=connection["sourceId"], destinationId=connection["destinationId"])
    assert "incremental_deduped_history" not in offered[0]["syncModes"]


# Commits batches of 10 rows, each with a state that says how many rows there are, until it is killed.
COMMITTER = """
import sys
from pathlib import Path
from airbyte_sandbox.sink.columns import Columns
from airbyte_sandbox.sink.jsonl_folder import JsonlFolder
from airbyte_sandbox.sink.sqlite_file import SqliteFile
sink = JsonlFolder(Path(sys.argv[2])) if sys.argv[1] == "jsonl" else SqliteFile(Path(sys.argv[2]), "c")
table = sink.prepare("s", "s", Columns.of({"id": {"type": "integer"}}), [], None)
done = sink.states().get("s", {}).get("rows", 0)
print("ready", flush=True)
while True:
    sink.commit([(table, [(0, 0, number) for number in range(done, done + 10)])], {"s": {"rows": done + 10}})
    done += 10
    print(done, flush=True)
"""


def opened(kind: str, path: Path) -> Sink:
    return JsonlFolder(path) if kind == "jsonl" else SqliteFile(path, "c")


@pytest.mark.parametrize("kind", KINDS)
def test_killing_the_process_at_any_moment_loses_no_committed_row_and_no_state(
    tmp_path: Path, kind: str
) -> None:
    path, said = tmp_path / "sink", 0
    for commits in (1, 2, 3, 5, 8, 13):
        with subprocess.Popen(
            [sys.executable, "-c", COMMITTER, kind, str(path)], stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            lines = [process.stdout.readline() for _ in range(commits + 1)]
            process.send_signal(signal.SIGKILL)
            lines += process.stdout.readlines()
        said = max(int(line) for line in lines if line.strip().isdigit())
        with closing(opened(kind, path)) as sink:
            columns = Columns.of({"id": {"type": "integer"}})
            table = sink.prepare("s", "s", columns, [], None)
            rows = sink.states()["s"]["rows"]
            assert isinstance(rows, int)
            assert rows in {said, said + 10}
            assert sink.tables()[0].rows == rows
            assert list(_ids(kind, path)) == list(range(rows))
            assert table.stream == "s"


def _ids(kind: str, path: Path) -> Iterable[int]:
    if kind == "jsonl":
        return [json.loads(line)["id"] for line in (path / "s.jsonl").read_text().splitlines()]
    with closing(sqlite3.connect(path)) as database:
        return [row[0] for row in database.execute("SELECT id FROM s ORDER BY rowid")]
