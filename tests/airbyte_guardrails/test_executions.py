"""What is known of a plan that is being executed is on record, and one who died is followed by one settler."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from airbyte_guardrails import audit
from airbyte_guardrails.audit import RecordKind
from airbyte_guardrails.errors import PlanNotPendingError
from airbyte_guardrails.evidence import Decision, Evidence
from airbyte_guardrails.execution import Unsettled
from airbyte_guardrails.life import PlanBook
from airbyte_guardrails.plans import LEASE, Plan, TargetOutcome
from airbyte_guardrails.searching import Search, found
from airbyte_guardrails.states import PlanState
from airbyte_guardrails.store import Store
from plan_books import Clock, approved, book_on, done, draft, proposed

SENT = TargetOutcome.intended


def begun(book: PlanBook, *connections: str, worker: str = "first") -> Plan:
    """A plan for these connections that a worker has begun."""
    one, *others = [draft(connection=connection) for connection in connections or ("c1",)]
    wish = one.model_copy(
        update={
            "targets": (*one.targets, *(target for other in others for target in other.targets)),
            "covered": one.covered | {key: fact for other in others for key, fact in other.covered.items()},
        }
    )
    plan = proposed(book, wish)
    book.decide(plan.id, Decision.APPROVE, Evidence.ELICITED, "ann")
    book.begin(plan.id, plan.digest, worker=worker, baselines={"c1": 7})
    return book.get(plan.id)


def ended(target: str, status: PlanState = PlanState.EXECUTED) -> TargetOutcome:
    return TargetOutcome(target_id=target, status=status, message="as it ended")


def recorded(address: Path | str, plan: Plan) -> Sequence[tuple[str, str, object]]:
    """Kind, target and status of each record after the decision, of a chain that is whole."""
    store = Store(address)
    with store.reading() as connection:
        assert audit.broken_at(connection) is None
        records = [record for record in found(connection, Search()) if record.plan_id == plan.id]
    store.close()
    told: list[tuple[str, str, object]] = []
    for record in records[2:]:
        targets = record.document["targets"]
        assert isinstance(targets, list)
        (target,) = targets
        assert isinstance(target, dict)
        told.append((record.kind, str(target["id"]), record.document.get("state")))
    return told


def test_an_intent_is_on_record_before_each_request_and_an_outcome_after_it(
    book: PlanBook, address: Path | str
) -> None:
    plan = begun(book, "c1", "c2", "c3")
    first = ended("c1")
    book.executions.record(plan.id, "first", {}, (first,))
    book.executions.record(plan.id, "first", {}, (first, SENT("c2")))
    half = book.get(plan.id)
    book.finish(plan.id, (first, ended("c2"), ended("c3", PlanState.FAILED)))

    assert (half.state, half.outcomes) == (PlanState.EXECUTING, (first, SENT("c2")))
    assert recorded(address, plan) == [
        (RecordKind.INTENT, "c1", None),
        (RecordKind.OUTCOME, "c1", "executed"),
        (RecordKind.INTENT, "c2", None),
        (RecordKind.OUTCOME, "c2", "executed"),
        (RecordKind.OUTCOME, "c3", "failed"),
    ]
    assert book.get(plan.id).state is PlanState.FAILED


def test_a_plan_is_abandoned_only_when_its_lease_was_not_renewed_in_time(
    book: PlanBook, clock: Clock
) -> None:
    plan = begun(book)
    clock.now += LEASE * 0.9
    book.executions.renew(plan.id, "first")
    clock.now += LEASE * 0.9
    in_time = book.executions.abandoned(), book.executions.take_over(plan.id, "second")
    clock.now += LEASE
    late = [one.id for one in book.executions.abandoned()]

    assert in_time == ([], None)
    assert late == [plan.id]


def test_recording_progress_renews_the_lease_too(book: PlanBook, clock: Clock) -> None:
    plan = begun(book, "c1", "c2")
    clock.now += LEASE * 0.9
    book.executions.record(plan.id, "first", {}, (ended("c1"),))
    clock.now += LEASE * 0.9

    assert book.executions.abandoned() == []


def test_exactly_one_settler_takes_an_abandoned_plan_with_what_was_read_before_it(
    book: PlanBook, address: Path | str, clock: Clock
) -> None:
    plan = begun(book)
    clock.now += LEASE
    others = [book_on(address, clock) for _ in range(4)]

    def take(number: int) -> Unsettled | None:
        return others[number % 4].executions.take_over(plan.id, f"settler {number}")

    with ThreadPoolExecutor(8) as threads:
        taken = [one for one in threads.map(take, range(32)) if one is not None]

    assert [(one.plan.id, dict(one.baselines)) for one in taken] == [(plan.id, {"c1": 7})]


def test_a_settler_that_dies_is_followed_by_another_and_one_that_gives_back_at_once(
    book: PlanBook, clock: Clock
) -> None:
    plan = begun(book)
    clock.now += LEASE
    book.executions.take_over(plan.id, "second")
    while_second_lives = book.executions.take_over(plan.id, "third")
    clock.now += LEASE
    after_second_died = book.executions.take_over(plan.id, "third")
    book.executions.give_back(plan.id, "second")
    given_back_by_another = book.executions.abandoned()
    book.executions.give_back(plan.id, "third")

    assert while_second_lives is None
    assert after_second_died is not None
    assert given_back_by_another == []
    assert book.executions.take_over(plan.id, "fourth") is not None


def test_who_has_lost_its_plan_can_begin_no_other_target(book: PlanBook, clock: Clock) -> None:
    plan = begun(book, "c1", "c2")
    clock.now += LEASE
    book.executions.take_over(plan.id, "second")

    with pytest.raises(PlanNotPendingError):
        book.executions.record(plan.id, "first", {}, (ended("c1"), SENT("c2")))
    with pytest.raises(PlanNotPendingError):
        book.executions.renew(plan.id, "first")
    assert book.get(plan.id).outcomes == (SENT("c1"),)


def test_the_truth_replaces_what_was_settled_as_unknown_and_nothing_else(
    book: PlanBook, address: Path | str
) -> None:
    plan = begun(book, "c1", "c2", "c3")
    unknown, unsent = ended("c2", PlanState.OUTCOME_UNKNOWN), ended("c3", PlanState.FAILED)
    book.finish(plan.id, (ended("c1"), unknown, unsent))
    late = book.finish(plan.id, (ended("c1", PlanState.FAILED), ended("c2"), unknown))

    assert late.outcomes == (ended("c1"), ended("c2"), unsent)
    assert late.state is PlanState.FAILED
    assert recorded(address, plan)[-1] == (RecordKind.OUTCOME, "c2", "executed")


def test_two_who_do_not_know_change_nothing(book: PlanBook, address: Path | str) -> None:
    plan = begun(book)
    book.finish(plan.id, done(PlanState.OUTCOME_UNKNOWN))
    before = recorded(address, plan)
    again = book.finish(plan.id, (ended("c1", PlanState.OUTCOME_UNKNOWN),))

    assert again.outcomes == done(PlanState.OUTCOME_UNKNOWN)
    assert recorded(address, plan) == before


def test_an_outcome_that_is_known_stays(book: PlanBook) -> None:
    plan = begun(book)
    book.finish(plan.id, done())

    with pytest.raises(PlanNotPendingError):
        book.finish(plan.id, done(PlanState.FAILED))
    assert book.get(plan.id).state is PlanState.EXECUTED


def test_only_what_is_being_executed_can_end(book: PlanBook) -> None:
    plan = approved(book)

    with pytest.raises(PlanNotPendingError):
        book.finish(plan.id, done())
    assert book.executions.take_over(plan.id, "second") is None
