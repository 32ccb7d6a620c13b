"""Whatever is done to the records behind the program's back shows, and what is looked for is found, on either store."""

from collections.abc import Callable, Generator
from datetime import timedelta
from pathlib import Path

import pytest

from airbyte_guardrails.audit import Head, broken_at, head_of
from airbyte_guardrails.errors import StoreUnavailableError
from airbyte_guardrails.evidence import Decision, Evidence
from airbyte_guardrails.life import PlanBook
from airbyte_guardrails.searching import Record, Search, found
from airbyte_guardrails.store import Store
from plan_books import Clock, approved, done, draft, proposed
from raw_store import run_raw

TAMPERING = {
    "changed": "UPDATE audit_records SET document = replace(document, 'ann', 'bob') WHERE number = 2",
    "kind changed": "UPDATE audit_records SET kind = 'lifted' WHERE number = 2",
    "time changed": "UPDATE audit_records SET at = '2020-01-01T00:00:00.000000Z' WHERE number = 1",
    "plan changed": "UPDATE audit_records SET plan_id = 'plan_x' WHERE number = 3",
    "first removed": "DELETE FROM audit_records WHERE number = 1",
    "removed": "DELETE FROM audit_records WHERE number = 2",
    "removed and renumbered": "DELETE FROM audit_records WHERE number = 2;"
    " UPDATE audit_records SET number = 2 WHERE number = 3; UPDATE audit_records SET number = 3 WHERE number = 4",
    "inserted at the end": "INSERT INTO audit_records SELECT 7, at, kind, plan_id, document, previous_hash, hash FROM audit_records WHERE number = 2",
    "inserted at the start": "INSERT INTO audit_records SELECT 0, at, kind, plan_id, document, previous_hash, hash FROM audit_records WHERE number = 1",
    "reordered": "UPDATE audit_records SET number = 100 WHERE number = 2;"
    " UPDATE audit_records SET number = 2 WHERE number = 3; UPDATE audit_records SET number = 3 WHERE number = 100",
    "cut off": "DELETE FROM audit_records WHERE number = 6",
    "all cut off": "DELETE FROM audit_records",
    "head removed": "DELETE FROM audit_head",
    "head set back": "UPDATE audit_head SET number = 3, hash = (SELECT hash FROM audit_records WHERE number = 3)",
}


@pytest.fixture
def store(address: Path | str) -> Generator[Store]:
    opened = Store(address)
    yield opened
    opened.close()


@pytest.fixture
def head(book: PlanBook, store: Store) -> Head:
    """Six records: a plan that was done, and one that was refused."""
    plan = approved(book)
    book.begin(plan.id, plan.digest)
    book.finish(plan.id, done())
    refused = proposed(book, draft(connection="c2"), requester="bob")
    book.decide(refused.id, Decision.DENY, Evidence.OUT_OF_BAND, "Zoë Ölmann", "no")
    with store.reading() as connection:
        return head_of(connection)


def wrong(store: Store, noted: Head | None = None) -> str | None:
    with store.reading() as connection:
        return broken_at(connection, noted)


def test_untouched_records_are_whole(store: Store, head: Head) -> None:
    assert head.number == 6
    assert wrong(store) is None
    assert wrong(store, head) is None


@pytest.mark.parametrize("tampering", TAMPERING.values(), ids=TAMPERING.keys())
def test_what_was_tampered_with_shows(store: Store, head: Head, address: Path | str, tampering: str) -> None:
    run_raw(address, *tampering.split(";"))

    assert wrong(store) is not None


@pytest.mark.parametrize("kept", [0, 3])
def test_an_end_cut_off_together_with_its_head_shows_against_a_noted_head(
    store: Store, head: Head, address: Path | str, kept: int
) -> None:
    run_raw(
        address,
        f"DELETE FROM audit_records WHERE number > {kept}",  # noqa: S608 - our own number
        "DELETE FROM audit_head",
        f"INSERT INTO audit_head SELECT number, hash FROM audit_records WHERE number = {kept}",  # noqa: S608 - our own number
    )

    assert wrong(store) is None, "nothing inside the store can tell"
    assert wrong(store, head) == "the head that was noted is not among the records"


def test_an_older_noted_head_is_still_in_a_chain_that_went_on(
    store: Store, head: Head, book: PlanBook
) -> None:
    proposed(book, draft(connection="c3"))

    assert wrong(store, head) is None
    assert wrong(store, Head(head.number, "0" * 64)) is not None


def test_a_record_that_cannot_be_read_is_no_crash(store: Store, head: Head, address: Path | str) -> None:
    run_raw(address, "UPDATE audit_records SET document = 'no json' WHERE number = 2")
    with store.reading() as connection, pytest.raises(StoreUnavailableError, match=r"Record 2.*audit verify"):
        list(found(connection, Search()))


SEARCHES: dict[str, tuple[Callable[[Clock], Search], list[int]]] = {
    "everything": (lambda _: Search(), [1, 2, 3, 4, 5, 6]),
    "one kind": (lambda _: Search(outcome="intent"), [3]),
    "a state": (lambda _: Search(outcome="executed"), [4]),
    "a decision": (lambda _: Search(outcome="deny"), [6]),
    "a word that only the text holds": (lambda _: Search(outcome="schedule"), []),
    "a tool": (lambda _: Search(tool="update_schedule"), [1, 2, 3, 4, 5, 6]),
    "a part of a tool's name": (lambda _: Search(tool="update"), []),
    "a wild card": (lambda _: Search(tool="update%"), []),
    "a connection's id": (lambda _: Search(connection="c2"), [5, 6]),
    "a part of an id": (lambda _: Search(connection="c"), []),
    "a part of a name in another case": (lambda _: Search(connection="oRDER"), [1, 2, 3, 4, 5, 6]),
    "a key of the record": (lambda _: Search(connection="requester"), []),
    "who asked": (lambda _: Search(person="BOB"), [5, 6]),
    "who decided, beyond ASCII, in another case": (lambda _: Search(person="zoË öLM"), [6]),
    "from now on": (lambda clock: Search(since=clock.now), [1, 2, 3, 4, 5, 6]),
    "before now": (lambda clock: Search(until=clock.now), []),
    "until a moment later": (
        lambda clock: Search(until=clock.now + timedelta(seconds=1)),
        [1, 2, 3, 4, 5, 6],
    ),
    "several at once": (lambda _: Search(person="ann", outcome="decided", connection="c1"), [2]),
    "quotes and backslashes": (lambda _: Search(person='"\\'), []),
}


@pytest.mark.parametrize(("search", "numbers"), SEARCHES.values(), ids=SEARCHES.keys())
def test_what_is_looked_for_is_found(
    store: Store, head: Head, clock: Clock, search: Callable[[Clock], Search], numbers: list[int]
) -> None:
    with store.reading() as connection:
        records: list[Record] = list(found(connection, search(clock)))

    assert [record.number for record in records] == numbers
