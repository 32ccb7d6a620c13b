"""A store in a file is its owner's alone, and refuses rather than goes on when the file fails it."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from airbyte_guardrails.audit import broken_at
from airbyte_guardrails.errors import PlanNotPendingError, StoreUnavailableError
from airbyte_guardrails.life import Limits, PlanBook
from airbyte_guardrails.policy import Policy
from airbyte_guardrails.states import PlanState
from airbyte_guardrails.store import Store
from plan_books import Clock, approved, book_on, draft, proposed
from raw_store import raw_rows, run_raw
from small_disks import small_disk


@pytest.fixture
def book(file: Path, clock: Clock) -> PlanBook:
    return book_on(file, clock)


@contextmanager
def held_by_another(file: Path) -> Generator[None]:
    """The write lock, as another program holds it."""
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


def test_a_store_that_stays_locked_refuses_instead_of_going_on(
    book: PlanBook, file: Path, clock: Clock
) -> None:
    plan = approved(book)
    store = Store(file, lock_seconds=0.05)
    impatient = PlanBook(store, Policy(), now=clock, limits=Limits())
    with held_by_another(file), pytest.raises(StoreUnavailableError, match=r"lock.*nothing is sent"):
        impatient.begin(plan.id, plan.digest)
    store.close()

    assert book.get(plan.id).state is PlanState.APPROVED


def test_a_reader_does_not_wait_for_a_writer(book: PlanBook, file: Path) -> None:
    plan = proposed(book)
    with held_by_another(file):
        assert book.get(plan.id) == plan


def test_a_file_that_vanished_is_no_new_store(book: PlanBook, file: Path) -> None:
    plan = approved(book)
    file.rename(file.with_name("moved"))
    for _ in range(2):
        with pytest.raises(StoreUnavailableError, match="gone"):
            book.begin(plan.id, plan.digest)
    assert not file.exists()
    file.with_name("moved").rename(file)

    assert book.begin(plan.id, plan.digest).id == plan.id


def test_a_folder_that_vanished_is_no_new_store(book: PlanBook, file: Path) -> None:
    plan = approved(book)
    shutil.rmtree(file.parent)
    with pytest.raises(StoreUnavailableError, match="gone"):
        book.begin(plan.id, plan.digest)

    assert not file.parent.exists()


def test_a_copy_put_in_its_place_is_used_by_everybody_or_nobody(
    book: PlanBook, file: Path, clock: Clock
) -> None:
    plan = approved(book)
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(file.with_name("copy"))) as copy:
        source.backup(copy)
    file.with_name("copy").chmod(0o600)
    for name in ("plans.sqlite-wal", "plans.sqlite-shm"):
        file.with_name(name).unlink()
    file.with_name("copy").rename(file)
    book.begin(plan.id, plan.digest)
    with pytest.raises(PlanNotPendingError):
        book_on(file, clock).begin(plan.id, plan.digest)


def test_a_store_that_is_no_database_refuses(file: Path, clock: Clock) -> None:
    file.parent.mkdir(mode=0o700)
    file.write_bytes(b"this is not a database" * 100)
    file.chmod(0o600)
    with pytest.raises(StoreUnavailableError, match="no database"):
        proposed(book_on(file, clock))


def test_a_folder_that_cannot_be_made_refuses(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "taken").write_text("a file, not a folder")
    with pytest.raises(StoreUnavailableError):
        proposed(book_on(tmp_path / "taken" / "plans.sqlite", clock))


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


def test_a_new_store_is_its_owners_alone(book: PlanBook, file: Path) -> None:
    proposed(book)

    assert {
        path.name: oct(path.stat().st_mode & 0o777) for path in (file.parent, *file.parent.iterdir())
    } == {
        "data": "0o700",
        "plans.sqlite": "0o600",
        "plans.sqlite-wal": "0o600",
        "plans.sqlite-shm": "0o600",
    }


def test_a_store_behind_a_link_is_not_followed(file: Path, clock: Clock, tmp_path: Path) -> None:
    file.parent.mkdir(mode=0o700)
    file.symlink_to(tmp_path / "elsewhere.sqlite")
    with pytest.raises(StoreUnavailableError):
        proposed(book_on(file, clock))

    assert not (tmp_path / "elsewhere.sqlite").exists()


def test_a_path_with_letters_that_mean_something_in_addresses_is_only_a_path(
    tmp_path: Path, clock: Clock
) -> None:
    odd = tmp_path / "a?b#c%20d&mode=memory é" / "plans.sqlite"
    plan = proposed(book_on(odd, clock))

    assert raw_rows(odd, "SELECT id FROM plans") == [(plan.id,)]


def test_a_full_disk_refuses_and_room_on_it_helps(tmp_path: Path, clock: Clock) -> None:
    with small_disk(tmp_path / "disk") as disk:
        file = disk.folder / "data" / "plans.sqlite"
        store = Store(file)
        book = PlanBook(store, Policy(), now=clock, limits=Limits())
        plan = approved(book)
        disk.fill()
        with pytest.raises(StoreUnavailableError, match=r"disk.*nothing is sent"):
            proposed(book, draft(connection="x" * 100_000))
        with pytest.raises(StoreUnavailableError):
            book.begin(plan.id, plan.digest)
        disk.empty()
        begun = book.begin(plan.id, plan.digest)
        store.close()

    assert begun.id == plan.id


def test_a_file_that_may_not_be_written_refuses(book: PlanBook, file: Path) -> None:
    plan = approved(book)
    child = (
        "import os\n"
        "from pathlib import Path\n"
        "from airbyte_guardrails.errors import PlanNotPendingError, StoreUnavailableError\n"
        "from airbyte_guardrails.store import Store\n"
        "file = Path('plans.sqlite')\n"
        "file.chmod(0o400)\n"
        "if os.geteuid() == 0:\n"
        "    for path in (file, '.'):\n"
        "        os.chown(path, 65534, 65534)\n"
        "    os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "try:\n"
        "    with Store(file).writing():\n"
        "        print('written')\n"
        "except StoreUnavailableError as refused:\n"
        "    print(refused)\n"
    )
    command = [sys.executable, "-c", child]
    told = subprocess.run(command, cwd=file.parent, capture_output=True, text=True, check=True, timeout=30)

    assert "this user may not write it" in told.stdout
    assert raw_rows(file, "SELECT id, state FROM plans") == [(plan.id, "approved")]


def test_bytes_where_text_belongs_are_a_change_of_the_record(book: PlanBook, file: Path) -> None:
    approved(book)
    run_raw(file, "UPDATE audit_records SET document = x'00ff' WHERE number = 2")
    store = Store(file)
    with store.reading() as connection:
        wrong = broken_at(connection)
    store.close()

    assert wrong == "record 2 was changed"


def test_another_users_file_is_not_trusted(file: Path, clock: Clock) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    file.parent.mkdir(mode=0o700)
    file.touch(mode=0o600)
    os.chown(file, 65534, 65534)
    with pytest.raises(StoreUnavailableError, match="open to other users"):
        proposed(book_on(file, clock))
