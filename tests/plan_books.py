"""Plans to test with: a schedule change of one connection, on a store of its own, with a clock that is told."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import BaseModel

from airbyte_guardrails.evidence import Decision, Evidence
from airbyte_guardrails.life import Limits, PlanBook
from airbyte_guardrails.plans import Change, Instance, Plan, PlanDraft, Risk, Target, TargetOutcome
from airbyte_guardrails.policy import Policy
from airbyte_guardrails.states import PlanState
from airbyte_guardrails.store import Store

HERE = Instance(name="default", address="http://airbyte.test/api/public/v1")
WITHIN = timedelta(minutes=10)


class Wish(BaseModel):
    """The arguments of a tool that exists only here."""

    connection: str = "c1"
    hours: int = 6


class Clock:
    """A clock that moves when told."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


_opened: list[Store] = []


def book_on(address: Path | str, clock: Callable[[], datetime], policy: Policy | None = None) -> PlanBook:
    """A plan book on a store, as another process would open it."""
    store = closed_later(Store(address))
    return PlanBook(store, policy or Policy(), now=clock, limits=Limits())


def closed_later(store: Store) -> Store:
    """The store, which `close_books` closes."""
    _opened.append(store)
    return store


def close_books() -> None:
    """Close the connections of all stores that a test opened for plan books."""
    while _opened:
        _opened.pop().close()


def draft(old: str = "manual", hours: int = 6, connection: str = "c1") -> PlanDraft[Wish]:
    """A schedule change from `old` to every so many hours."""
    return PlanDraft(
        arguments=Wish(connection=connection, hours=hours),
        summary="Change the schedule of 1 connection",
        targets=(
            Target(
                kind="connection",
                id=connection,
                name="Orders",
                changes=(Change(field="schedule", before=old, after=f"every {hours} hours"),),
            ),
        ),
        risk=Risk.LOW,
        covered={connection: {"old": old, "new": hours}},
    )


def proposed(book: PlanBook, wish: PlanDraft[Wish] | None = None, requester: str = "ann") -> Plan:
    """A plan that waits for a decision."""
    return book.propose("update_schedule", HERE, requester, wish or draft())


def approved(book: PlanBook) -> Plan:
    """A plan that a person said yes to."""
    plan = proposed(book)
    return book.decide(plan.id, Decision.APPROVE, Evidence.ELICITED, "ann")


def done(state: PlanState = PlanState.EXECUTED) -> tuple[TargetOutcome, ...]:
    """The outcome of the draft's one target."""
    return (TargetOutcome(target_id="c1", status=state, message="done"),)
