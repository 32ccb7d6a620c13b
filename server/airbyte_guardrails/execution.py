"""A plan while it is being executed: what was sent, what came of it, and who is at it.

Targets are changed one after the other. Each has its intent on record before
its request and its outcome after it, so that a process that dies in between
leaves behind all that it knew: a target without an entry was never sent.

Whoever executes or settles a plan is its *worker* and holds a lease, which it
renews for as long as it lives. When a lease has run out, exactly one other
worker takes the plan over, to settle it; a settler that dies is followed by
the next one. Only the lease's holder may begin another target.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue, TypeAdapter
from sqlalchemy import ColumnElement, Connection, or_, select, update

from airbyte_guardrails import audit, deeds
from airbyte_guardrails.audit import RecordKind
from airbyte_guardrails.moves import move, not_pending, required
from airbyte_guardrails.plans import LEASE, Plan, TargetOutcome, canonical_json
from airbyte_guardrails.rows import OUTCOMES, plan_from
from airbyte_guardrails.schema import plans
from airbyte_guardrails.states import PlanState
from airbyte_guardrails.store import Store
from airbyte_guardrails.timestamps import to_text

_BASELINES: TypeAdapter[dict[str, JsonValue]] = TypeAdapter(dict[str, JsonValue])


@dataclass(frozen=True)
class Unsettled:
    """A plan taken over for settling, and what was read of each target right before it was sent."""

    plan: Plan
    baselines: Mapping[str, JsonValue]


def begin(
    connection: Connection, plan: Plan, worker: str, baselines: Mapping[str, JsonValue], now: datetime
) -> None:
    """Let `worker` execute the plan, and put the intent to change its first target on record.

    Raises:
        PlanNotPendingError: It is not approved any more: somebody else was first.
    """
    move(
        connection,
        plan,
        PlanState.EXECUTING,
        begun_at=to_text(now),
        worker=worker,
        lease_until=to_text(now + LEASE),
        baselines=canonical_json(dict(baselines)),
    )
    deeds.note(connection, plan, now)
    note(connection, plan, (TargetOutcome.intended(plan.targets[0].id),), now)


def note(connection: Connection, plan: Plan, outcomes: tuple[TargetOutcome, ...], now: datetime) -> None:
    """Store what is known of the targets, with an audit record for each entry that is new or has changed."""
    names = {target.id: target.name for target in plan.targets}
    known = {outcome.target_id: outcome for outcome in plan.outcomes}
    for outcome in outcomes:
        if known.get(outcome.target_id) == outcome:
            continue
        about: dict[str, JsonValue] = {
            "targets": [{"id": outcome.target_id, "name": names.get(outcome.target_id, "")}]
        }
        if outcome.status is PlanState.EXECUTING:
            audit.append(connection, RecordKind.INTENT, plan, about, now)
        else:
            told = OUTCOMES.dump_python((outcome,), mode="json")
            about |= {"state": outcome.status.value, "outcomes": told}
            audit.append(connection, RecordKind.OUTCOME, plan, about, now)
    stored = canonical_json(OUTCOMES.dump_python(outcomes, mode="json"))
    connection.execute(update(plans).where(plans.c.id == plan.id).values(outcomes=stored))


class Executions:
    """The plans that are being executed, for whoever executes them and for whoever settles them.

    All methods block on the database; call them from a worker thread.

    Raises:
        StoreUnavailableError: From every method; nothing was written then.
    """

    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now

    def renew(self, plan_id: str, worker: str) -> None:
        """Show that the worker lives, so that the plan is left to it for another `LEASE`.

        Raises:
            PlanNotPendingError: Another worker took the plan over, or it is no longer being executed.
        """
        with self._store.writing() as connection:
            self._renew(connection, required(connection, plan_id), worker)

    def record(
        self,
        plan_id: str,
        worker: str,
        baselines: Mapping[str, JsonValue],
        outcomes: tuple[TargetOutcome, ...],
    ) -> None:
        """Put on record all that is known by now, and so the intent to change one more target.

        The lease is renewed with it.

        Raises:
            PlanNotPendingError: As `renew`; nothing may be sent any more.
        """
        with self._store.writing() as connection:
            plan = required(connection, plan_id)
            self._renew(connection, plan, worker, baselines=canonical_json(dict(baselines)))
            note(connection, plan, outcomes, self._now())

    def finish(self, plan_id: str, outcomes: tuple[TargetOutcome, ...]) -> None:
        """Record what became of the targets; the plan's state is the worst of their outcomes.

        A plan that was settled as unknown while its worker was only slow learns the truth when that worker
        tells it; what is known already is never made unknown again.

        Raises:
            PlanNotPendingError: It is not being executed, and its outcome is not unknown.
        """
        with self._store.writing() as connection:
            plan = required(connection, plan_id)
            if plan.state is PlanState.OUTCOME_UNKNOWN:
                outcomes = _corrected(plan.outcomes, outcomes)
            elif plan.state is not PlanState.EXECUTING:
                raise not_pending(plan)
            state = _worst(outcomes)
            if state is not plan.state:
                move(connection, plan, state)
            note(connection, plan, outcomes, self._now())

    def abandoned(self) -> list[Plan]:
        """Plans whose worker has not renewed its lease: it died, or it lost the store; oldest first."""
        with self._store.reading() as connection:
            rows = connection.execute(
                select(plans).where(*self._is_abandoned()).order_by(plans.c.begun_at)
            ).all()
        return [plan_from(row) for row in rows]

    def take_over(self, plan_id: str, worker: str) -> Unsettled | None:
        """Make `worker` the settler of an abandoned plan; None if it is none, or another was first."""
        until = to_text(self._now() + LEASE)
        with self._store.writing() as connection:
            taken = connection.execute(
                update(plans)
                .where(plans.c.id == plan_id, *self._is_abandoned())
                .values(worker=worker, lease_until=until)
            )
            if taken.rowcount != 1:
                return None
            row = connection.execute(select(plans).where(plans.c.id == plan_id)).one()
            return Unsettled(plan_from(row), _BASELINES.validate_json(row.baselines))

    def give_back(self, plan_id: str, worker: str) -> None:
        """Leave a plan unsettled, for the next one who looks."""
        with self._store.writing() as connection:
            connection.execute(
                update(plans).where(*_is_held(plan_id, worker)).values(lease_until=to_text(self._now()))
            )

    def _renew(self, connection: Connection, plan: Plan, worker: str, **values: str) -> None:
        renewed = connection.execute(
            update(plans)
            .where(*_is_held(plan.id, worker))
            .values(lease_until=to_text(self._now() + LEASE), **values)
        )
        if renewed.rowcount != 1:
            raise not_pending(plan)

    def _is_abandoned(self) -> tuple[ColumnElement[bool], ...]:
        run_out = or_(plans.c.lease_until.is_(None), plans.c.lease_until <= to_text(self._now()))
        return plans.c.state == PlanState.EXECUTING, run_out


def _is_held(plan_id: str, worker: str) -> tuple[ColumnElement[bool], ...]:
    return plans.c.id == plan_id, plans.c.state == PlanState.EXECUTING, plans.c.worker == worker


def _worst(outcomes: tuple[TargetOutcome, ...]) -> PlanState:
    statuses = {outcome.status for outcome in outcomes}
    worst = (PlanState.OUTCOME_UNKNOWN, PlanState.FAILED)
    return next((bad for bad in worst if bad in statuses), PlanState.EXECUTED)


def _corrected(
    settled: tuple[TargetOutcome, ...], told: tuple[TargetOutcome, ...]
) -> tuple[TargetOutcome, ...]:
    """What was settled, with each unknown replaced by what is known now."""
    truth = {one.target_id: one for one in told if one.status is not PlanState.OUTCOME_UNKNOWN}
    return tuple(
        truth.get(one.target_id, one) if one.status is PlanState.OUTCOME_UNKNOWN else one for one in settled
    )
