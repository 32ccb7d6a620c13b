"""The history of changes: begun plans of one Airbyte, newest first, with the decision that let each."""

from collections.abc import Generator
from datetime import timedelta
from pathlib import Path

import pytest

from airbyte_guardrails import history
from airbyte_guardrails.errors import PlanNotFoundError
from airbyte_guardrails.evidence import Decision, Evidence
from airbyte_guardrails.life import PlanBook
from airbyte_guardrails.plans import Instance, Plan, Target, WantedChanges
from airbyte_guardrails.store import Store
from plan_books import HERE, Clock, done, draft, proposed

ALL = WantedChanges(limit=10)


@pytest.fixture
def store(address: Path | str) -> Generator[Store]:
    """A store that another process opened."""
    store = Store(address)
    yield store
    store.close()


def changed(book: PlanBook, plan: Plan, approver: str = "ann") -> Plan:
    """The plan, approved and carried out."""
    book.decide(plan.id, Decision.APPROVE, Evidence.OUT_OF_BAND, approver)
    book.begin(plan.id, plan.digest)
    return book.finish(plan.id, done())


def ids(store: Store, wanted: WantedChanges = ALL, address: str = HERE.address) -> list[str]:
    return [record.plan.id for record in history.changes(store, address, wanted)]


def test_begun_plans_of_every_requester_are_listed_newest_first(
    book: PlanBook, store: Store, clock: Clock
) -> None:
    first = changed(book, proposed(book, requester="ann"), approver="bob")
    clock.now += timedelta(minutes=1)
    second = proposed(book, draft(hours=8), requester="carl")
    book.decide(second.id, Decision.APPROVE, Evidence.OUT_OF_BAND, "dora")
    book.begin(second.id, second.digest)
    waiting = proposed(book, draft(connection="c2"))
    refused = proposed(book, draft(connection="c3"))
    book.decide(refused.id, Decision.DENY, Evidence.ELICITED, "ann")

    newest, oldest = history.changes(store, HERE.address, ALL)

    assert [newest.plan.id, oldest.plan.id] == [second.id, first.id]
    assert (newest.plan.requester, newest.approver) == ("carl", "dora")
    assert (oldest.approver, oldest.evidence) == ("bob", Evidence.OUT_OF_BAND)
    assert newest.at - oldest.at == timedelta(minutes=1)
    for plan in (waiting, refused):
        with pytest.raises(PlanNotFoundError):
            history.change(store, HERE.address, plan.id)


def test_filters_and_pages_narrow_the_list(book: PlanBook, store: Store, clock: Clock) -> None:
    plans: list[str] = []
    for connection in ("c1", "c2", "c3"):
        plans.insert(0, changed(book, proposed(book, draft(connection=connection))).id)
        clock.now += timedelta(minutes=1)

    assert ids(store) == plans
    assert ids(store, WantedChanges(limit=1, offset=1)) == plans[1:2]
    assert ids(store, WantedChanges(limit=10, connection_id="c2")) == plans[1:2]
    assert ids(store, WantedChanges(limit=10, connection_id="c_")) == []
    assert ids(store, WantedChanges(limit=10, action="update_schedule")) == plans
    assert ids(store, WantedChanges(limit=10, action="trigger_sync")) == []
    # Their workspace is not known: older versions of Airbyte do not say.
    assert ids(store, WantedChanges(limit=10, workspace_id="w1")) == plans


def test_a_job_is_found_under_its_connection_and_its_workspace(book: PlanBook, store: Store) -> None:
    job = Target(kind="job", id="12", name="Orders", workspace_id="w1", connection_id="c1")
    plan = changed(book, proposed(book, draft().model_copy(update={"targets": (job,)})))

    assert ids(store, WantedChanges(limit=10, connection_id="c1", workspace_id="w1")) == [plan.id]
    assert ids(store, WantedChanges(limit=10, connection_id="12")) == []
    assert ids(store, WantedChanges(limit=10, workspace_id="w2")) == []


def test_another_airbyte_has_a_history_of_its_own(book: PlanBook, store: Store) -> None:
    elsewhere = Instance(name="other", address="http://other.test/api/public/v1")
    plan = book.propose("update_schedule", elsewhere, "ann", draft())
    changed(book, plan)

    assert ids(store) == []
    assert ids(store, address=elsewhere.address) == [plan.id]
    assert history.change(store, elsewhere.address, plan.id).plan.id == plan.id
    for wrong in (plan.id, "plan_\x00", "plan_ä"):
        with pytest.raises(PlanNotFoundError):
            history.change(store, HERE.address, wrong)
