"""What policy, evidence and patience refuse, at planning and again at applying."""

from datetime import timedelta
from pathlib import Path

import pytest

from airbyte_guardrails.errors import (
    CoolingDownError,
    EvidenceTooWeakError,
    PlanNotPendingError,
    RefusedByPolicyError,
    TooManyPendingError,
)
from airbyte_guardrails.evidence import Decision, Evidence
from airbyte_guardrails.life import PlanBook
from airbyte_guardrails.policy import Policy
from airbyte_guardrails.states import PlanState
from plan_books import HERE, WITHIN, Clock, approved, book_on, draft, proposed


def test_after_a_no_nobody_is_asked_the_same_again_for_a_while(book: PlanBook, clock: Clock) -> None:
    refused = proposed(book)
    book.decide(refused.id, Decision.DENY, Evidence.ELICITED, "ann")
    for requester in ("ann", "bob"):
        with pytest.raises(CoolingDownError, match="not asked again for another 600 seconds"):
            proposed(book, requester=requester)
    other_target = proposed(book, draft(connection="c2"))
    clock.now += timedelta(minutes=12)
    later = proposed(book)

    assert other_target.warnings == ()
    assert later.warnings == ("A person refused this 12 minutes before this question was made.",)


def test_an_approver_can_lift_the_cool_down_once(book: PlanBook) -> None:
    refused = proposed(book)
    with pytest.raises(PlanNotPendingError):
        book.lift(refused.id, "boss")
    book.decide(refused.id, Decision.DENY, Evidence.ELICITED, "ann")
    book.lift(refused.id, "boss")
    with pytest.raises(PlanNotPendingError):
        book.lift(refused.id, "boss")

    assert proposed(book).warnings == ("A person refused this 1 minute before this question was made.",)


def test_silence_is_a_no_but_not_a_refusal(book: PlanBook, clock: Clock) -> None:
    proposed(book)
    clock.now += WITHIN

    assert proposed(book).warnings == ()


def test_one_requester_can_have_only_so_many_plans_waiting(book: PlanBook, clock: Clock) -> None:
    for number in range(20):
        proposed(book, draft(connection=f"c{number}"))
    with pytest.raises(TooManyPendingError):
        proposed(book, draft(connection="one more"))

    assert proposed(book, draft(connection="c3")).state is PlanState.PROPOSED, "the same wish is no new plan"
    assert proposed(book, draft(connection="one more"), requester="bob").state is PlanState.PROPOSED
    clock.now += WITHIN
    assert proposed(book, draft(connection="one more")).state is PlanState.PROPOSED


def test_weak_evidence_does_not_count_for_a_yes_but_does_for_a_no(address: Path | str, clock: Clock) -> None:
    book = book_on(address, clock, Policy(least_evidence=Evidence.OUT_OF_BAND))
    plan = proposed(book)
    with pytest.raises(EvidenceTooWeakError):
        book.decide(plan.id, Decision.APPROVE, Evidence.ELICITED, "ann")
    book.decide(plan.id, Decision.DENY, Evidence.ELICITED, "ann")

    assert book.get(plan.id).state is PlanState.DENIED


def test_evidence_is_ordered_strongest_first() -> None:
    assert Evidence.OUT_OF_BAND.is_at_least(Evidence.LOCAL_TERMINAL)
    assert Evidence.ELICITED.is_at_least(Evidence.ELICITED)
    assert not Evidence.LOCAL_TERMINAL.is_at_least(Evidence.ELICITED)


def test_policy_is_asked_again_when_the_plan_is_applied(
    book: PlanBook, address: Path | str, clock: Clock
) -> None:
    plan = approved(book)
    tightened = book_on(address, clock, Policy(read_only=True))
    with pytest.raises(RefusedByPolicyError):
        tightened.propose("update_schedule", HERE, "ann", draft())
    with pytest.raises(RefusedByPolicyError):
        tightened.begin(plan.id, plan.digest)

    assert book.get(plan.id).state is PlanState.APPROVED


def test_evidence_that_policy_no_longer_accepts_does_not_apply_a_plan(
    book: PlanBook, address: Path | str, clock: Clock
) -> None:
    plan = proposed(book)
    book.decide(plan.id, Decision.APPROVE, Evidence.LOCAL_TERMINAL, "ann at a terminal")
    stricter = book_on(address, clock, Policy(least_evidence=Evidence.ELICITED))
    with pytest.raises(EvidenceTooWeakError):
        stricter.begin(plan.id, plan.digest)

    assert book.get(plan.id).state is PlanState.APPROVED
