"""The store outlives its processes, is opened by many at once, and holds what it was given, of either kind."""

import subprocess
import sys
import threading
import traceback
from pathlib import Path

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from airbyte_guardrails.errors import PlanNotFoundError, PlanNotPendingError, StoreUnavailableError
from airbyte_guardrails.evidence import Decision, Evidence
from airbyte_guardrails.life import PlanBook
from airbyte_guardrails.schema import audit_head, plans
from airbyte_guardrails.states import PlanState
from airbyte_guardrails.store import Store
from plan_books import Clock, approved, book_on, done, draft, proposed
from raw_store import raw_rows, run_raw

HOSTILE = "O'Brien \\ \"; DROP TABLE plans; -- %s %(x)s {} ünï ☃ 💥 \u202e\t\n" + "long " * 200

PLANTED = "planted-text"

# What a process of its own needs to open the same store; `address` is a file or a PostgreSQL address.
PRELUDE = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from airbyte_guardrails.store import Store
address = sys.argv[1] if "://" in sys.argv[1] else Path(sys.argv[1])
store = Store(address)
"""


def write_twice(store: Store) -> None:
    """Write a row, and once more, which its key forbids."""
    with store.writing() as connection:
        for _ in range(2):
            connection.execute(insert(audit_head).values(number=1, hash=PLANTED))


def test_plans_outlive_the_process(book: PlanBook, address: Path | str, clock: Clock) -> None:
    plan = approved(book)

    assert book_on(address, clock).get(plan.id) == plan


def test_a_kill_at_any_moment_leaves_an_approval_unused_or_executing(
    book: PlanBook, address: Path | str
) -> None:
    plan = approved(book)
    child = (
        f"{PRELUDE}"
        "import os, signal\n"
        "from airbyte_guardrails.life import Limits, PlanBook\n"
        "from airbyte_guardrails.policy import Policy\n"
        "now = lambda: datetime(2026, 11, 23, 3, 0, tzinfo=UTC)\n"
        "book = PlanBook(store, Policy(), now=now, limits=Limits())\n"
        "book.begin(sys.argv[2], sys.argv[3])\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run([sys.executable, "-c", child, str(address), plan.id, plan.digest], check=False)

    assert killed.returncode == -9
    assert book.get(plan.id).state is PlanState.EXECUTING
    with pytest.raises(PlanNotPendingError):
        book.begin(plan.id, plan.digest)


def test_every_move_leaves_a_record_and_the_records_are_chained(book: PlanBook, address: Path | str) -> None:
    plan = approved(book)
    book.begin(plan.id, plan.digest)
    book.finish(plan.id, done())
    proposed(book, draft(connection="c2"))
    book.close_stale(proposed(book, draft(connection="c3")).id, ["it moved"])
    rows = raw_rows(address, "SELECT number, kind, previous_hash, hash FROM audit_records ORDER BY number")

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


def test_processes_that_open_a_new_store_at_once_all_get_it(address: Path | str) -> None:
    child = (
        f"{PRELUDE}"
        "from airbyte_guardrails.schema import plans\n"
        "from sqlalchemy import select\n"
        "print('ready', flush=True)\n"
        "sys.stdin.readline()\n"
        "with store.reading() as connection:\n"
        "    assert connection.execute(select(plans)).all() == []\n"
    )
    command = [sys.executable, "-c", child, str(address)]
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(6)
    ]
    for process in processes:
        assert process.stdout is not None
        process.stdout.readline()
    for process in processes:
        process.communicate("go\n")

    assert [process.returncode for process in processes] == [0] * 6


def test_a_write_that_breaks_off_leaves_nothing_behind(address: Path | str) -> None:
    store = Store(address)
    with pytest.raises(StoreUnavailableError):
        write_twice(store)
    with store.reading() as connection:
        left = connection.execute(select(audit_head)).all()
    store.close()

    assert left == []


def test_a_failed_statement_that_somebody_swallowed_is_never_taken_for_a_success(address: Path | str) -> None:
    store = Store(address)
    row = {"number": 1, "hash": "x"}
    kept = True
    try:
        with store.writing() as connection:
            connection.execute(insert(audit_head).values(row))
            with pytest.raises(IntegrityError):
                connection.execute(insert(audit_head).values(row))
    except StoreUnavailableError:
        kept = False
    with store.reading() as connection:
        found = len(connection.execute(select(audit_head)).all())
    store.close()

    assert found == (1 if kept else 0)


def test_a_reader_sees_one_moment_however_long_it_looks(book: PlanBook, address: Path | str) -> None:
    proposed(book)
    store = Store(address)
    with store.reading() as connection:
        before = connection.execute(select(audit_head)).all()
        proposed(book, draft(connection="c2"))
        after = connection.execute(select(audit_head)).all()
    store.close()

    assert before == after


def test_a_write_waits_for_the_one_before_it_and_sees_what_it_did(address: Path | str) -> None:
    store = Store(address)
    with store.reading():
        pass
    inside, seen = threading.Event(), list[int]()

    def second() -> None:
        inside.wait(10)
        with store.writing() as connection:
            seen.extend(row.number for row in connection.execute(select(audit_head)))

    waiting = threading.Thread(target=second)
    waiting.start()
    with store.writing() as connection:
        inside.set()
        waiting.join(0.2)
        assert waiting.is_alive(), "the second write got in beside the first"
        connection.execute(insert(audit_head).values(number=1, hash="x"))
    waiting.join(10)
    store.close()

    assert seen == [1]


def test_hostile_text_comes_back_as_it_went_in(book: PlanBook, address: Path | str, clock: Clock) -> None:
    target = draft(connection=HOSTILE).targets[0].model_copy(update={"name": HOSTILE})
    plan = proposed(
        book, draft(connection=HOSTILE).model_copy(update={"targets": (target,)}), requester=HOSTILE
    )
    book.decide(plan.id, Decision.DENY, Evidence.ELICITED, HOSTILE)
    stored = book_on(address, clock).get(plan.id)

    assert (stored.requester, stored.targets) == (HOSTILE, (target,))
    assert raw_rows(address, "SELECT approver FROM approvals") == [(HOSTILE,)]


def test_no_reason_can_keep_a_no_from_being_recorded(book: PlanBook) -> None:
    refused = book.decide(proposed(book).id, Decision.DENY, Evidence.ELICITED, "ann", "no\x00\ud800 way")

    assert (refused.state, refused.closing_note) == (PlanState.DENIED, "no way")


@pytest.mark.parametrize("plan_id", ["", "plan_\x00", "plan_x'; --", "plan_\u2028", "plan_\n", "x" * 10_000])
def test_an_id_that_is_none_is_not_found(book: PlanBook, plan_id: str) -> None:
    with pytest.raises(PlanNotFoundError):
        book.get(plan_id)


def test_a_plan_that_cannot_be_read_is_said_to_be_so(book: PlanBook, address: Path | str) -> None:
    plan = proposed(book)
    run_raw(address, "UPDATE plans SET document = '{}'")
    with pytest.raises(StoreUnavailableError):
        book.get(plan.id)


def test_the_words_of_a_fault_name_no_stored_text(address: Path | str) -> None:
    store = Store(address)
    with pytest.raises(StoreUnavailableError) as refused:
        write_twice(store)
    store.close()

    assert PLANTED not in "".join(traceback.format_exception(refused.value))


def test_a_closed_store_opens_again(address: Path | str) -> None:
    store = Store(address)
    for _ in range(2):
        with store.reading() as connection:
            assert connection.execute(select(plans)).all() == []
        store.close()
