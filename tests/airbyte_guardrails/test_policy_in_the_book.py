"""Policy is asked when a plan is made, decided and begun; the stricter answer wins and is on record."""

import json
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from airbyte_guardrails.audit import InForce, broken_at
from airbyte_guardrails.errors import (
    EvidenceTooWeakError,
    GuardrailError,
    PlanNotPendingError,
    RefusedByPolicyError,
)
from airbyte_guardrails.evidence import Decision, Evidence
from airbyte_guardrails.life import Limits, PlanBook
from airbyte_guardrails.plans import Plan
from airbyte_guardrails.policy import Policy
from airbyte_guardrails.schema import audit_records
from airbyte_guardrails.states import PlanState
from airbyte_guardrails.store import Store
from plan_books import Clock, book_on, closed_later, done, draft, proposed
from policies import ANN, CONNECTION, NOBODY, OTHER_CONNECTION, rules_of

ALLOW = '[[rule]]\nname = "allow"\nanswer = "allow"\naction = "update_schedule"\n'
CONFIRM = '[[rule]]\nname = "confirm"\nanswer = "confirm"\n'
DENY = '[[rule]]\nname = "deny"\nanswer = "deny"\n'
PAGE = CONFIRM + 'least_evidence = "out_of_band"\n'
SECOND = CONFIRM + "second_person = true\n"
NIGHTS = CONFIRM + 'window = { from = "02:00", to = "04:00", zone = "UTC" }\n'
TWICE = CONFIRM + 'rate = { at_most = 2, in = "1h" }\n'

Ruled = Callable[[str], PlanBook]


@pytest.fixture
def ruled(address: Path | str, clock: Clock) -> Ruled:
    """Opens the store as a process with these rules would."""
    return lambda text: book_on(address, clock, Policy(rules=rules_of(text)))


def approve(book: PlanBook, plan: Plan, evidence: Evidence = Evidence.OUT_OF_BAND, who: str = "bob") -> Plan:
    """Somebody says yes."""
    return book.decide(plan.id, Decision.APPROVE, evidence, who)


def records(address: Path | str) -> list[tuple[str, dict[str, Any]]]:
    """Kind and document of every record, oldest first, of a chain that is whole."""
    store = Store(address)
    with store.reading() as connection:
        assert broken_at(connection) is None
        rows = connection.execute(select(audit_records).order_by(audit_records.c.number)).all()
    store.close()
    return [(row.kind, json.loads(row.document)) for row in rows]


def test_an_allowed_plan_comes_back_approved_by_the_rule(ruled: Ruled, address: Path | str) -> None:
    book = ruled(ALLOW)
    plan = proposed(book)
    book.begin(plan.id, plan.digest)
    ended = book.finish(plan.id, done())

    assert plan.state is PlanState.APPROVED
    assert ended.closing_note == plan.closing_note == 'Allowed by policy rule "allow"; no person was asked.'
    kinds = dict(records(address))
    assert kinds["proposed"]["policy"]["rule"] == "allow"
    assert (kinds["decided"]["approver"], kinds["decided"]["evidence"]) == ("policy:allow", "policy")
    assert all(document["policy_rule"] == "allow" for document in kinds.values())
    assert "no person was asked" in kinds["intent"]["note"]
    assert "no person was asked" in kinds["outcome"]["note"]


def test_a_denial_names_the_rule_and_leaves_a_record_and_no_plan(ruled: Ruled, address: Path | str) -> None:
    book = ruled(DENY)
    with pytest.raises(
        RefusedByPolicyError, match=r'update_schedule was refused.* Policy rule "deny" denies'
    ):
        proposed(book)

    assert book.unfinished() == []
    (record,) = records(address)
    assert record[0] == "refused"
    assert record[1]["policy"]["rule"] == "deny"


def test_the_rule_that_decided_is_part_of_the_plan(ruled: Ruled) -> None:
    plan = proposed(ruled(SECOND), requester=ANN)

    assert plan.needs_second_person
    assert plan.least_evidence is Evidence.OUT_OF_BAND
    assert (
        plan.verdict.because
        == 'Policy rule "confirm" asks for a second person, signed in on the approvals page.'
    )
    assert ruled("").get(plan.id).verdict == plan.verdict


def test_what_a_rule_asks_for_holds_when_somebody_decides(ruled: Ruled) -> None:
    book = ruled(SECOND)
    plan = proposed(book, requester=ANN)
    for evidence, who in (
        (Evidence.LOCAL_TERMINAL, "bob"),
        (Evidence.ELICITED, "bob"),
        (Evidence.OUT_OF_BAND, "Ann"),
    ):
        with pytest.raises(EvidenceTooWeakError, match='Policy rule "confirm" asks for a second person'):
            approve(book, plan, evidence, who)

    assert book.get(plan.id).state is PlanState.PROPOSED
    approve(book, plan)
    book.begin(plan.id, plan.digest)

    assert book.get(plan.id).state is PlanState.EXECUTING


def test_whoever_is_not_signed_in_is_refused_a_second_person_at_once(ruled: Ruled) -> None:
    with pytest.raises(RefusedByPolicyError, match="nobody is signed in here"):
        proposed(ruled(SECOND), requester=NOBODY)


@pytest.mark.parametrize(
    ("then", "error"),
    [(DENY, RefusedByPolicyError), (PAGE, EvidenceTooWeakError), (SECOND, EvidenceTooWeakError)],
    ids=["deny", "page", "second person"],
)
@pytest.mark.parametrize("first", ["", ALLOW], ids=["confirmed", "allowed"])
def test_a_policy_tightened_after_the_yes_stops_the_plan(
    ruled: Ruled, first: str, then: str, error: type[GuardrailError]
) -> None:
    plan = proposed(ruled(first), requester=ANN)
    if plan.state is PlanState.PROPOSED:
        approve(ruled(first), plan, Evidence.ELICITED, "ann")
    with pytest.raises(error):
        ruled(then).begin(plan.id, plan.digest)

    assert ruled(then).get(plan.id).state is PlanState.APPROVED


def test_a_denial_at_the_last_moment_is_on_record(ruled: Ruled, address: Path | str) -> None:
    plan = proposed(ruled(ALLOW))
    with pytest.raises(RefusedByPolicyError):
        ruled(DENY).begin(plan.id, plan.digest)

    assert [kind for kind, _ in records(address)] == ["proposed", "decided", "refused"]


def test_an_allowed_plan_is_not_begun_where_a_person_must_be_asked_by_now(ruled: Ruled) -> None:
    plan = proposed(ruled(ALLOW))
    with pytest.raises(EvidenceTooWeakError, match="now it asks for a person"):
        ruled("").begin(plan.id, plan.digest)


def test_a_policy_loosened_since_does_not_loosen_what_was_asked_for(ruled: Ruled) -> None:
    plan = proposed(ruled(PAGE), requester=ANN)
    for looser in ("", ALLOW):
        with pytest.raises(EvidenceTooWeakError):
            approve(ruled(looser), plan, Evidence.ELICITED, "ann")
    approve(ruled(ALLOW), plan)

    ruled(ALLOW).begin(plan.id, plan.digest)

    assert ruled(ALLOW).get(plan.id).state is PlanState.EXECUTING


def test_a_denial_stops_a_yes_too(ruled: Ruled) -> None:
    plan = proposed(ruled(""))
    with pytest.raises(RefusedByPolicyError):
        approve(ruled(DENY), plan)

    assert ruled(DENY).decide(plan.id, Decision.DENY, Evidence.ELICITED, "ann").state is PlanState.DENIED


def test_a_window_that_closes_after_the_yes_stops_the_plan(ruled: Ruled, clock: Clock) -> None:
    clock.now = clock.now.replace(hour=3, minute=55)
    book = ruled(NIGHTS)
    plan = proposed(book)
    approve(book, plan)
    clock.now += timedelta(minutes=5)
    with pytest.raises(RefusedByPolicyError, match="it may be done every day from 02:00 to 04:00"):
        book.begin(plan.id, plan.digest)
    with pytest.raises(RefusedByPolicyError):
        proposed(book, draft(connection="c2"))


def begun(book: PlanBook, wish: str, requester: str = "ann") -> bool:
    """Whether a change of this connection gets from the wish to its beginning."""
    try:
        plan = proposed(book, draft(connection=wish), requester)
        if plan.state is PlanState.PROPOSED:
            plan = approve(book, plan)
        book.begin(plan.id, plan.digest)
        book.finish(plan.id, (done()[0].model_copy(update={"target_id": wish}),))
    except RefusedByPolicyError:
        return False
    return True


def test_a_rate_counts_what_was_begun_and_frees_itself(ruled: Ruled, clock: Clock) -> None:
    book = ruled(TWICE)

    assert [begun(book, CONNECTION) for _ in range(3)] == [True, True, False]
    assert begun(book, OTHER_CONNECTION)
    clock.now += timedelta(hours=1)
    assert begun(book, CONNECTION)


def test_two_who_were_both_allowed_cannot_both_take_the_last_place(ruled: Ruled) -> None:
    rate = ALLOW + 'rate = { at_most = 3, in = "1h", per = "instance" }\n'
    plans = [proposed(ruled(rate), draft(connection=f"c{number}"), f"token:{number}") for number in range(8)]
    books = [ruled(rate) for _ in range(4)]

    def begin(number: int) -> bool:
        try:
            books[number % 4].begin(plans[number].id, plans[number].digest)
        except RefusedByPolicyError:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        got_through = list(threads.map(begin, range(8)))

    assert got_through.count(True) == 3


def test_one_plan_begun_twice_at_once_is_no_matter_of_rates(ruled: Ruled) -> None:
    book = ruled(ALLOW + 'rate = { at_most = 1, in = "1h" }\n')
    plan = proposed(book)
    book.begin(plan.id, plan.digest)
    with pytest.raises(PlanNotPendingError):
        book.begin(plan.id, plan.digest)


def test_a_pending_plan_is_asked_anew_when_policy_asks_for_something_else(ruled: Ruled) -> None:
    first = proposed(ruled(""), requester=ANN)
    again = proposed(ruled(""), requester=ANN)
    stricter = proposed(ruled(PAGE), requester=ANN)

    assert again.id == first.id
    assert stricter.id != first.id
    assert ruled("").get(first.id).state is PlanState.SUPERSEDED


def test_after_a_no_not_even_a_rule_allows_it_at_once(ruled: Ruled) -> None:
    plan = proposed(ruled(""))
    ruled("").decide(plan.id, Decision.DENY, Evidence.ELICITED, "ann")
    with pytest.raises(GuardrailError, match="A person refused this"):
        proposed(ruled(ALLOW))


def test_a_rule_on_trial_is_on_record_and_changes_nothing(ruled: Ruled, address: Path | str) -> None:
    book = ruled(DENY + "shadow = true")
    plan = approve(book, proposed(book))
    book.begin(plan.id, plan.digest)

    assert dict(records(address))["proposed"]["policy"]["shadows"] == [
        'Policy rule "deny" denies this. (on trial: nothing was changed by it)'
    ]


def test_the_models_word_is_marked_as_such_in_every_record(address: Path | str, clock: Clock) -> None:
    daring = book_on(address, clock, Policy(least_evidence=Evidence.MODEL_ASSERTED))
    plan = approve(daring, proposed(daring), Evidence.MODEL_ASSERTED, "the model")
    with pytest.raises(EvidenceTooWeakError):
        book_on(address, clock).begin(plan.id, plan.digest)
    daring.begin(plan.id, plan.digest)
    ended = daring.finish(plan.id, done())

    assert ended.closing_note.startswith("Not verified by a human")
    for kind, document in records(address)[1:]:
        assert "Not verified by a human" in document["note"], kind


def ruling_store(address: Path | str, clock: Clock, policy: str, settings: str) -> PlanBook:
    """A book of a process in which these are in force."""
    store = closed_later(Store(address, in_force=InForce(policy=policy, settings=settings)))
    return PlanBook(store, Policy(), now=clock, limits=Limits())


def test_every_record_says_what_was_in_force_and_a_change_is_announced_once(
    address: Path | str, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        proposed(ruling_store(address, clock, "a" * 64, "s" * 64))
        quiet = caplog.text
        book = ruling_store(address, clock, "b" * 64, "s" * 64)
        proposed(book, draft(connection="c2"))
        proposed(book, draft(connection="c3"))

    assert quiet == ""
    assert caplog.text.count("The policy changed since the last start") == 1
    written = records(address)
    assert [kind for kind, _ in written] == ["proposed", "policy_changed", "proposed", "proposed"]
    assert [document["in_force"]["policy"][0] for _, document in written] == ["a", "b", "b", "b"]
    assert written[1][1]["before"] == "a" * 64
