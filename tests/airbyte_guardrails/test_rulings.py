"""What a ruling reads under the store's lock, and which facts of a plan it sees."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from airbyte_guardrails.deeds import deeds_since
from airbyte_guardrails.errors import (
    CoolingDownError,
    EvidenceTooWeakError,
    RefusedByPolicyError,
)
from airbyte_guardrails.evidence import Decision, Evidence
from airbyte_guardrails.life import PlanBook
from airbyte_guardrails.plans import Plan, PlanDraft
from airbyte_guardrails.policy import Policy
from airbyte_guardrails.policy.subjects import Deed
from airbyte_guardrails.states import PlanState
from airbyte_guardrails.store import Store
from plan_books import HERE, Clock, Wish, approved, book_on, closed_later, done, draft, proposed
from policies import MONDAY_NOON, connection, plan_of, rules_of

RATES = """
[[rule]]
name = "rates"
answer = "confirm"
rate = [{ at_most = 500, in = "1h" }, { at_most = 900, in = "1d" }, { at_most = 900, in = "1d", per = "instance" }]
"""
PAGE_BY_NAME = """
[[rule]]
name = "production"
connection_name = "*prod*"
answer = "confirm"
least_evidence = "out_of_band"
"""
DENY_BY_TAG = """
[[rule]]
name = "production"
tag = "production"
answer = "deny"
"""
SECOND = """
[[rule]]
name = "second"
answer = "confirm"
second_person = true
"""

Ruled = Callable[[str], PlanBook]


@pytest.fixture
def ruled(address: Path | str, clock: Clock) -> Ruled:
    return lambda text: book_on(address, clock, Policy(rules=rules_of(text)))


def of_twenty() -> PlanDraft[Wish]:
    targets = tuple(draft().targets[0].model_copy(update={"id": f"c{number}"}) for number in range(20))
    return draft().model_copy(update={"targets": targets})


def test_each_period_is_read_once_however_many_targets_and_rates_there_are() -> None:
    asked: list[datetime] = []

    def history(since: datetime) -> list[Deed]:
        asked.append(since)
        return []

    plan = plan_of("trigger_sync", *(connection(f"c{number}") for number in range(20)))
    Policy(rules=rules_of(RATES)).answer(plan, MONDAY_NOON, history)

    assert asked == [MONDAY_NOON - timedelta(hours=1), MONDAY_NOON - timedelta(days=1)]


def test_what_is_read_grows_with_the_connections_not_with_the_changes(
    book: PlanBook, address: Path | str, clock: Clock
) -> None:
    for _ in range(5):
        plan = proposed(book, of_twenty())
        book.decide(plan.id, Decision.APPROVE, Evidence.ELICITED, "ann")
        book.begin(plan.id, plan.digest)
        book.finish(plan.id, done())
        clock.now += timedelta(seconds=1)

    with closed_later(Store(address)).reading() as reading:
        deeds = deeds_since(reading, clock.now - timedelta(hours=1))
        later = deeds_since(reading, clock.now - timedelta(seconds=3))

    assert len(deeds) == 20
    assert {deed.times for deed in deeds} == {5}
    assert {deed.times for deed in later} == {2}


def begin_renamed(ruled: Ruled, rules: str, **now: object) -> PlanBook:
    """Apply an approved plan whose connection is by now called, or tagged, otherwise."""
    book = ruled(rules)
    plan = approved(book)
    target = plan.targets[0].model_copy(update=now)
    book.begin(plan.id, plan.digest, planned=draft().model_copy(update={"targets": (target,)}))
    return book


def test_a_name_of_now_is_judged_when_a_plan_is_begun(ruled: Ruled) -> None:
    with pytest.raises(EvidenceTooWeakError, match="production"):
        begin_renamed(ruled, PAGE_BY_NAME, name="Prod ledger")


def test_a_tag_of_now_is_judged_when_a_plan_is_begun(ruled: Ruled) -> None:
    with pytest.raises(RefusedByPolicyError, match="production"):
        begin_renamed(ruled, DENY_BY_TAG, tags=("production",))


def test_a_harmless_new_name_stops_nothing(ruled: Ruled) -> None:
    (plan,) = begin_renamed(ruled, PAGE_BY_NAME, name="Orders of today").unfinished()

    assert plan.state is PlanState.EXECUTING


@pytest.mark.parametrize("requester", ["oauth:248289761001", "session:0123456789abcdef"])
def test_a_second_person_is_refused_at_planning_where_none_can_be_told_apart(
    ruled: Ruled, requester: str
) -> None:
    with pytest.raises(RefusedByPolicyError, match="named bearer token"):
        proposed(ruled(SECOND), requester=requester)


def undoing(book: PlanBook) -> Plan:
    acting = draft().model_copy(update={"acts_as": "update_schedule"})
    return book.propose("undo_change", HERE, "ann", acting)


@pytest.mark.parametrize("first", [proposed, undoing])
@pytest.mark.parametrize("again", [proposed, undoing])
def test_a_refused_change_cools_down_by_whatever_tool_it_is_asked_for(
    book: PlanBook, first: Callable[[PlanBook], Plan], again: Callable[[PlanBook], Plan]
) -> None:
    book.decide(first(book).id, Decision.DENY, Evidence.ELICITED, "ann")
    with pytest.raises(CoolingDownError):
        again(book)


def test_the_same_wish_is_the_same_plan_until_it_is_done(book: PlanBook) -> None:
    plan = approved(book)
    while_approved = proposed(book)
    book.begin(plan.id, plan.digest)
    while_executing = proposed(book)
    book.finish(plan.id, done())

    assert while_approved.id == while_executing.id == plan.id
    assert (while_approved.state, while_executing.state) == (PlanState.APPROVED, PlanState.EXECUTING)
    assert proposed(book).id != plan.id


def test_a_plan_that_would_wait_in_vain_is_not_stored(book: PlanBook) -> None:
    class InVainError(Exception):
        pass

    def require(_plan: Plan) -> None:
        raise InVainError

    for _ in range(25):
        with pytest.raises(InVainError):
            book.propose("update_schedule", HERE, "ann", draft(), require=require)

    assert book.unfinished() == []
    assert proposed(book).state is PlanState.PROPOSED
