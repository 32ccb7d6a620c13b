"""The store outlives its processes, is opened by many at once, and refuses rather than goes on."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from airbyte_guardrails.errors import (
    PlanNotPendingError,
    StoreUnavailableError,
)
from airbyte_guardrails.life import PlanBook
from airbyte_guardrails.states import PlanState
from plan_books import Clock, approved, book_on, done, draft, proposed


def test_plans_outlive_the_process(book: PlanBook, file: Path, clock: Clock) -> None:
    plan = approved(book)

    assert book_on(file, clock).get(plan.id) == plan


def test_a_kill_at_any_moment_leaves_an_approval_unused_or_executing(file: Path, clock: Clock) -> None:
    book = book_on(file, clock)
    plan = approved(book)
    child = (
        "import os, signal, sys\n"
        "from datetime import UTC, datetime\n"
        "from pathlib import Path\n"
        "from airbyte_guardrails.life import Limits, PlanBook\n"
        "from airbyte_guardrails.policy import Policy\n"
        "from airbyte_guardrails.store import Store\n"
        "now = lambda: datetime(2026, 11, 23, 3, 0, tzinfo=UTC)\n"
        "book = PlanBook(Store(Path(sys.argv[1])), Policy(), now=now, limits=Limits())\n"
        "book.begin(sys.argv[2], sys.argv[3])\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run([sys.executable, "-c", child, str(file), plan.id, plan.digest], check=False)

    assert killed.returncode == -9
    assert book.get(plan.id).state is PlanState.EXECUTING
    with pytest.raises(PlanNotPendingError):
        book.begin(plan.id, plan.digest)


def test_every_move_leaves_a_record_and_the_records_are_chained(book: PlanBook, file: Path) -> None:
    plan = approved(book)
    book.begin(plan.id, plan.digest)
    book.finish(plan.id, done())
    proposed(book, draft(connection="c2"))
    book.close_stale(proposed(book, draft(connection="c3")).id, ["it moved"])
    with sqlite3.connect(file) as raw:
        rows = raw.execute(
            "SELECT number, kind, previous_hash, hash FROM audit_records ORDER BY number"
        ).fetchall()
    raw.close()

    assert [kind for _, kind, _, _ in rows] == [
        "proposed",
        "decided",
        "intent",
        "outcome",
        "proposed",
        "proposed",
        "closed",
    ]
    assert [number for number, *_ in rows] == list(range(1, len(rows) + 1))
    assert [previous for _, _, previous, _ in rows[1:]] == [digest for *_, digest in rows[:-1]]


def test_a_store_that_is_locked_refuses_instead_of_going_on(
    book: PlanBook, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("airbyte_guardrails.store.BUSY_TIMEOUT_MS", 1)
    plan = approved(book)
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    fresh = book_on(file, Clock())
    with pytest.raises(StoreUnavailableError, match="nothing is sent"):
        fresh.begin(plan.id, plan.digest)
    other.close()

    assert book.get(plan.id).state is PlanState.APPROVED


def test_a_store_that_is_no_database_refuses(file: Path, clock: Clock) -> None:
    file.parent.mkdir()
    file.write_bytes(b"this is not a database" * 100)
    with pytest.raises(StoreUnavailableError):
        proposed(book_on(file, clock))


def test_a_folder_that_cannot_be_made_refuses(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "taken").write_text("a file, not a folder")
    with pytest.raises(StoreUnavailableError):
        proposed(book_on(tmp_path / "taken" / "plans.sqlite", clock))


def test_processes_that_open_a_new_store_at_once_all_get_it(file: Path) -> None:
    child = (
        "import sys\n"
        "from pathlib import Path\n"
        "from airbyte_guardrails.store import Store, plans\n"
        "from sqlalchemy import select\n"
        "store = Store(Path(sys.argv[1]))\n"
        "sys.stdin.readline()\n"
        "with store.reading() as connection:\n"
        "    assert connection.execute(select(plans)).all() == []\n"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", child, str(file)], stdin=subprocess.PIPE, text=True)
        for _ in range(6)
    ]
    for process in processes:
        process.communicate("go\n")

    assert [process.returncode for process in processes] == [0] * 6


@pytest.mark.parametrize(
    ("file_mode", "folder_mode"), [(0o666, 0o700), (0o640, 0o700), (0o600, 0o777)], ids=oct
)
def test_a_store_that_others_could_write_is_not_trusted(
    file: Path, clock: Clock, file_mode: int, folder_mode: int
) -> None:
    file.parent.mkdir()
    file.touch()
    file.chmod(file_mode)
    file.parent.chmod(folder_mode)
    with pytest.raises(StoreUnavailableError, match="open to other users"):
        proposed(book_on(file, clock))


def test_a_store_behind_a_link_is_not_followed(file: Path, clock: Clock, tmp_path: Path) -> None:
    file.parent.mkdir(mode=0o700)
    file.symlink_to(tmp_path / "elsewhere.sqlite")
    with pytest.raises(StoreUnavailableError):
        proposed(book_on(file, clock))

    assert not (tmp_path / "elsewhere.sqlite").exists()


def test_a_store_of_a_newer_version_is_left_alone(book: PlanBook, file: Path, clock: Clock) -> None:
    proposed(book)
    with closing(sqlite3.connect(file)) as raw:
        raw.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreUnavailableError, match="newer version"):
        book_on(file, clock).unfinished()


def test_a_plan_that_cannot_be_read_is_said_to_be_so(book: PlanBook, file: Path) -> None:
    plan = proposed(book)
    with closing(sqlite3.connect(file)) as raw:
        raw.execute("UPDATE plans SET document = '{}'")
        raw.commit()
    with pytest.raises(StoreUnavailableError):
        book.get(plan.id)
