"""Plans move only as the table allows, once each, whoever tries at the same time."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path

import pytest

from airbyte_guardrails.errors import (
    GuardrailError,
    PlanExpiredError,
    PlanNotFoundError,
    PlanNotPendingError,
    StoreUnavailableError,
)
from airbyte_guardrails.evidence import Decision, Evidence
from airbyte_guardrails.life import PlanBook
from airbyte_guardrails.plans import TargetOutcome
from airbyte_guardrails.states import FOLLOWERS, PlanState, leads_to
from plan_books import WITHIN, Clock, approved, book_on, done, draft, proposed


def test_a_plan_goes_from_wish_to_deed(book: PlanBook) -> None:
    plan = approved(book)
    begun = book.begin(plan.id, plan.digest)
    ended = book.finish(plan.id, done())

    assert plan.state is PlanState.APPROVED
    assert begun.id == plan.id
    assert (ended.state, ended.outcomes) == (PlanState.EXECUTED, done())
    assert book.unfinished() == []


def test_ids_cannot_be_guessed(book: PlanBook) -> None:
    ids = {proposed(book, draft(connection=f"c{i}"), requester=f"r{i}").id for i in range(50)}

    assert len(ids) == 50
    assert all(len(identity) >= 24 for identity in ids)


def test_no_move_outside_the_table_is_possible() -> None:
    for before, after in product(PlanState, PlanState):
        assert (before in leads_to(after)) is (after in FOLLOWERS[before])
    assert all(PlanState.EXECUTING not in FOLLOWERS[s] for s in PlanState if s is not PlanState.APPROVED)
    assert all(state not in FOLLOWERS[state] for state in PlanState)


def test_a_plan_that_nobody_approved_cannot_begin(book: PlanBook) -> None:
    plan = proposed(book)
    with pytest.raises(PlanNotPendingError):
        book.begin(plan.id, plan.digest)


def test_a_yes_can_be_taken_back_until_it_is_used(book: PlanBook) -> None:
    unused, used = approved(book), proposed(book, draft(connection="c2"))
    taken_back = book.decide(unused.id, Decision.DENY, Evidence.ELICITED, "ann", "wait")
    book.decide(used.id, Decision.APPROVE, Evidence.ELICITED, "ann")
    book.begin(used.id, used.digest)

    assert taken_back.state is PlanState.DENIED
    for plan in (unused, used):
        with pytest.raises(PlanNotPendingError):
            book.begin(plan.id, plan.digest)
    with pytest.raises(PlanNotPendingError):
        book.decide(used.id, Decision.DENY, Evidence.ELICITED, "ann")


def test_a_plan_whose_time_is_over_stays_over_even_if_the_clock_goes_back(
    book: PlanBook, clock: Clock
) -> None:
    plan = approved(book)
    clock.now += WITHIN
    seen = book.get(plan.id)
    clock.now -= WITHIN

    assert seen.closing_note == "It was approved, but not applied in time."
    assert book.get(plan.id).state is PlanState.EXPIRED
    with pytest.raises(PlanExpiredError):
        book.begin(plan.id, plan.digest)


def test_a_plan_under_a_new_name_is_asked_anew(book: PlanBook) -> None:
    first = proposed(book)
    renamed = draft().model_copy(
        update={"targets": (draft().targets[0].model_copy(update={"name": "Other"}),)}
    )
    second = proposed(book, renamed)

    assert first.digest == second.digest
    assert first.id != second.id
    assert book.get(first.id).state is PlanState.SUPERSEDED


def test_what_is_being_executed_is_among_the_unfinished(book: PlanBook) -> None:
    plan = approved(book)
    book.begin(plan.id, plan.digest)

    assert [(one.id, one.state) for one in book.unfinished()] == [(plan.id, PlanState.EXECUTING)]


def test_one_no_is_final(book: PlanBook) -> None:
    plan = proposed(book)
    book.decide(plan.id, Decision.DENY, Evidence.ELICITED, "ann", "not now")
    with pytest.raises(PlanNotPendingError):
        book.decide(plan.id, Decision.APPROVE, Evidence.OUT_OF_BAND, "boss")

    assert book.get(plan.id).state is PlanState.DENIED
    assert book.get(plan.id).closing_note == "not now"


def test_a_yes_covers_only_the_digest_that_was_shown(book: PlanBook) -> None:
    plan = approved(book)
    with pytest.raises(PlanNotPendingError):
        book.begin(plan.id, "0" * 64)

    assert book.get(plan.id).state is PlanState.APPROVED


def test_an_approval_works_once_however_many_try(book: PlanBook, address: Path | str, clock: Clock) -> None:
    plan = approved(book)
    others = [book_on(address, clock) for _ in range(4)]

    def begin(one: PlanBook) -> bool:
        try:
            one.begin(plan.id, plan.digest)
        except PlanNotPendingError:
            return False
        return True

    with ThreadPoolExecutor(16) as threads:
        got_through = list(threads.map(begin, others * 25))

    assert got_through.count(True) == 1


def test_both_clocks_run_out(book: PlanBook, clock: Clock) -> None:
    late = proposed(book)
    clock.now += WITHIN
    assert book.get(late.id).state is PlanState.EXPIRED
    with pytest.raises(PlanExpiredError):
        book.decide(late.id, Decision.APPROVE, Evidence.OUT_OF_BAND, "boss")

    unused = approved(book)
    clock.now += WITHIN
    with pytest.raises(PlanExpiredError):
        book.begin(unused.id, unused.digest)
    assert book.unfinished() == []


def test_the_same_wish_is_the_same_plan_until_its_meaning_moves(book: PlanBook) -> None:
    first, again = proposed(book), proposed(book)
    moved = proposed(book, draft(old="every 24 hours"))

    assert first.id == again.id != moved.id
    assert book.get(first.id).state is PlanState.SUPERSEDED


def test_other_people_have_other_plans(book: PlanBook) -> None:
    plan, other = proposed(book), proposed(book, requester="bob")

    assert plan.id != other.id
    with pytest.raises(PlanNotFoundError):
        book.get(plan.id, "bob")


@pytest.mark.parametrize(
    ("change", "same"),
    [({}, True), ({"old": "cron"}, False), ({"hours": 12}, False), ({"connection": "c2"}, False)],
    ids=str,
)
def test_the_digest_covers_the_meaning(book: PlanBook, change: dict[str, object], *, same: bool) -> None:
    plan = proposed(book)
    other = proposed(book, draft(**change), requester="bob")  # type: ignore[arg-type]  # one value of each kind

    assert (plan.digest == other.digest) is same


@pytest.mark.parametrize(
    ("statuses", "state"),
    [
        ([PlanState.EXECUTED, PlanState.EXECUTED], PlanState.EXECUTED),
        ([PlanState.EXECUTED, PlanState.FAILED], PlanState.FAILED),
        ([PlanState.FAILED, PlanState.OUTCOME_UNKNOWN], PlanState.OUTCOME_UNKNOWN),
    ],
    ids=str,
)
def test_a_plan_ends_as_its_worst_target(book: PlanBook, statuses: list[PlanState], state: PlanState) -> None:
    plan = approved(book)
    book.begin(plan.id, plan.digest)
    outcomes = tuple(TargetOutcome(target_id="c1", status=status, message=str(status)) for status in statuses)

    assert book.finish(plan.id, outcomes).state is state


def test_every_refusal_says_what_to_do() -> None:
    assert issubclass(StoreUnavailableError, GuardrailError)
    error = PlanNotFoundError("plan_x")

    assert str(error) == f"{error.message} {error.next_step}"


def test_who_asked_before_the_same_wish_was_done_is_given_that_plan_and_who_asks_later_a_new_one(
    book: PlanBook, clock: Clock
) -> None:
    asked_at = clock.now
    plan = approved(book)
    clock.now += timedelta(seconds=1)
    book.begin(plan.id, plan.digest)
    book.finish(plan.id, done())

    def asked_again(at: datetime) -> str:
        same = book.propose(plan.action, plan.instance, plan.requester, draft(), asked_at=at)
        return same.id

    assert asked_again(asked_at) == plan.id
    assert asked_again(clock.now + timedelta(seconds=1)) != plan.id
