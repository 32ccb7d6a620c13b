"""Who executes a plan may send only while its lease runs: afterwards somebody else may have settled it."""

from collections.abc import Generator
from pathlib import Path

import pytest

from airbyte_client import WriteRefusedError
from airbyte_guardrails.errors import PlanNotPendingError
from airbyte_guardrails.life import PlanBook
from airbyte_guardrails.plans import LEASE, Plan
from airbyte_mcp_server.changing.leases import Lease
from plan_books import Clock, approved, book_on, close_books


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def book(tmp_path: Path, clock: Clock) -> Generator[PlanBook]:
    yield book_on(tmp_path / "data" / "plans.sqlite", clock)
    close_books()


@pytest.fixture
def plan(book: PlanBook) -> Plan:
    return approved(book)


async def test_a_process_that_was_held_up_for_longer_than_its_lease_sends_nothing(
    book: PlanBook, plan: Plan, clock: Clock
) -> None:
    lease = Lease(book, plan.id, clock)
    await lease.begin(plan.digest, {})
    clock.now += LEASE * 0.9
    lease.require()
    clock.now += LEASE * 0.1

    with pytest.raises(WriteRefusedError, match="held up"):
        lease.require()


async def test_what_is_put_on_record_prolongs_it(book: PlanBook, plan: Plan, clock: Clock) -> None:
    lease = Lease(book, plan.id, clock)
    await lease.begin(plan.digest, {})
    clock.now += LEASE * 0.9
    await lease.record({}, ())
    clock.now += LEASE * 0.9

    lease.require()
    assert book.executions.abandoned() == []


async def test_a_lease_that_was_never_given_allows_nothing(book: PlanBook, plan: Plan, clock: Clock) -> None:
    first, second = Lease(book, plan.id, clock), Lease(book, plan.id, clock)
    await first.begin(plan.digest, {})
    with pytest.raises(PlanNotPendingError):
        await second.begin(plan.digest, {})

    with pytest.raises(WriteRefusedError):
        second.require()


async def test_a_plan_that_was_taken_over_is_lost_to_its_first_worker(
    book: PlanBook, plan: Plan, clock: Clock
) -> None:
    lease = Lease(book, plan.id, clock)
    await lease.begin(plan.digest, {})
    clock.now += LEASE
    assert book.executions.take_over(plan.id, "settler") is not None

    with pytest.raises(PlanNotPendingError):
        await lease.record({}, ())
    with pytest.raises(WriteRefusedError):
        lease.require()
