"""Moves plans through their life. The only writer of the store.

Every move is one compare-and-set in one transaction together with its audit
record: two callers who try the same move at once, in threads or in processes,
get one success and one refusal.
"""

import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import JsonValue
from sqlalchemy import Connection, func, insert, select, update

from airbyte_guardrails import audit, refusals
from airbyte_guardrails.audit import RecordKind
from airbyte_guardrails.errors import (
    PlanExpiredError,
    PlanNotFoundError,
    PlanNotPendingError,
    TooManyPendingError,
)
from airbyte_guardrails.evidence import Decision, Evidence
from airbyte_guardrails.plans import (
    Instance,
    Plan,
    PlanDraft,
    TargetOutcome,
    canonical_arguments,
    canonical_json,
    digest_of,
)
from airbyte_guardrails.policy import Policy
from airbyte_guardrails.rows import OUTCOMES, find, plan_from, row_values
from airbyte_guardrails.states import PlanState, leads_to
from airbyte_guardrails.store import Store, approvals, plans
from airbyte_guardrails.timestamps import to_text

_PENDING = (PlanState.PROPOSED, PlanState.APPROVED)
_UNFINISHED = (*_PENDING, PlanState.EXECUTING)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What time and patience allow.

    Attributes:
        approve_within: How long a plan waits for a decision.
        apply_within: How long an approved plan waits to be applied.
        cool_down: How long after a no the same action on the same target is refused.
        pending: The most plans of one requester that may wait for a decision.
    """

    approve_within: timedelta = timedelta(minutes=10)
    apply_within: timedelta = timedelta(minutes=10)
    cool_down: timedelta = timedelta(minutes=10)
    pending: int = 20


class PlanBook:
    """Plans from proposal to outcome, on one store and under one policy.

    All methods block on the database; call them from a worker thread.

    Raises:
        StoreUnavailableError: From every method; the plan has then not moved.
    """

    def __init__(
        self,
        store: Store,
        policy: Policy,
        *,
        now: Callable[[], datetime],
        limits: Limits,
    ) -> None:
        self._store = store
        self._policy = policy
        self._now = now
        self._limits = limits

    def propose(self, action: str, instance: Instance, requester: str, draft: PlanDraft[Any]) -> Plan:
        """Store a draft as a plan, or return the pending one of the same wish.

        A pending plan of the same requester, action and targets whose meaning
        has changed since is superseded by the new one.

        Raises:
            RefusedByPolicyError: Policy denies the action.
            CoolingDownError: A person said no to this a short while ago.
            TooManyPendingError: The requester has too many plans waiting.
        """
        self._policy.require_permitted(action)
        now = self._now()
        plan = _new_plan(
            action, instance, requester, draft, now=now, approve_by=now + self._limits.approve_within
        )
        wish = _wish(plan)
        with self._store.writing() as connection:
            plan = refusals.considered(connection, plan, now, self._limits.cool_down)
            for pending in self._pending_of(connection, wish):
                if _reads_the_same(pending, plan):
                    return pending
                self._close(connection, pending, PlanState.SUPERSEDED, "A newer plan replaced this one.")
            self._require_room(connection, requester)
            connection.execute(insert(plans).values(row_values(plan, wish)))
            audit.append(connection, RecordKind.PROPOSED, plan, {}, now)
        return plan

    def get(self, plan_id: str, requester: str | None = None) -> Plan:
        """Return a plan; with `requester`, only if it is theirs.

        Raises:
            PlanNotFoundError: No such plan, or it belongs to somebody else.
        """
        with self._store.reading() as connection:
            plan = find(connection, plan_id)
        if plan is None or requester not in (None, plan.requester):
            raise PlanNotFoundError(plan_id)
        return self._current(plan)

    def unfinished(self) -> Sequence[Plan]:
        """Every plan that waits for a decision or for its execution, or is being executed, oldest first."""
        with self._store.reading() as connection:
            rows = connection.execute(
                select(plans).where(plans.c.state.in_(_UNFINISHED)).order_by(plans.c.created_at)
            ).all()
        current = [self._current(plan_from(row)) for row in rows]
        return [plan for plan in current if not plan.state.is_final]

    def decide(
        self, plan_id: str, decision: Decision, evidence: Evidence, approver: str, reason: str = ""
    ) -> Plan:
        """Record the one decision on a plan.

        Raises:
            PlanNotFoundError: No such plan.
            PlanExpiredError: The time to decide is over.
            PlanNotPendingError: It was decided or closed before. One no is final; a yes can be taken back
                until it is used.
            EvidenceTooWeakError: A yes, but of a kind that policy does not accept.
        """
        if decision is Decision.APPROVE:
            self._policy.require_evidence(evidence)
        now = self._now()
        record = {
            "plan_id": plan_id,
            "decision": decision.value,
            "evidence": evidence.value,
            "approver": approver,
            "reason": reason,
            "decided_at": to_text(now),
        }
        self._require_unexpired(plan_id)
        with self._store.writing() as connection:
            plan = self._require(connection, plan_id)
            if decision is Decision.APPROVE:
                self._approve(connection, plan, record, now)
            else:
                self._deny(connection, plan, record, now)
            audit.append(connection, RecordKind.DECIDED, plan, dict(record), now)
        return self.get(plan_id)

    def _approve(self, connection: Connection, plan: Plan, record: dict[str, str], now: datetime) -> None:
        self._move(connection, plan, PlanState.APPROVED, apply_by=to_text(now + self._limits.apply_within))
        connection.execute(insert(approvals).values(record | {"digest": plan.digest}))

    def _deny(self, connection: Connection, plan: Plan, record: dict[str, str], now: datetime) -> None:
        """A no, or the taking back of a yes that was not used yet: its approval stays on record, void."""
        self._move(connection, plan, PlanState.DENIED, closing_note=record["reason"])
        if plan.state is PlanState.PROPOSED:
            connection.execute(insert(approvals).values(record | {"digest": plan.digest}))
        refusals.remember(connection, plan, now)

    def begin(self, plan_id: str, digest: str) -> Plan:
        """Consume the approval: exactly one caller gets through, and the intent is on record before it does.

        Args:
            plan_id: The approved plan.
            digest: The digest of the same change planned afresh, just now.

        Raises:
            RefusedByPolicyError: Policy denies the action by now.
            EvidenceTooWeakError: Policy by now asks for more than this approval carries.
            PlanExpiredError: The time to apply is over.
            PlanNotPendingError: Not approved, stale, or somebody else was first.
        """
        now = self._now()
        self._require_unexpired(plan_id)
        with self._store.writing() as connection:
            plan = self._require(connection, plan_id)
            self._policy.require_permitted(plan.action)
            approval = connection.execute(
                select(approvals).where(
                    approvals.c.plan_id == plan_id, approvals.c.decision == Decision.APPROVE
                )
            ).first()
            if plan.state is not PlanState.APPROVED or approval is None or approval.digest != digest:
                raise _not_pending(plan)
            self._policy.require_evidence(Evidence(approval.evidence))
            self._move(connection, plan, PlanState.EXECUTING)
            audit.append(connection, RecordKind.INTENT, plan, {}, now)
        return plan

    def finish(self, plan_id: str, outcomes: tuple[TargetOutcome, ...]) -> Plan:
        """Record what became of an executing plan; its state is the worst of its outcomes."""
        statuses = {outcome.status for outcome in outcomes}
        state = next(
            (bad for bad in (PlanState.OUTCOME_UNKNOWN, PlanState.FAILED) if bad in statuses),
            PlanState.EXECUTED,
        )
        told: JsonValue = OUTCOMES.dump_python(outcomes, mode="json")
        with self._store.writing() as connection:
            plan = self._require(connection, plan_id)
            self._move(connection, plan, state, outcomes=canonical_json(told))
            audit.append(
                connection, RecordKind.OUTCOME, plan, {"state": state.value, "outcomes": told}, self._now()
            )
        return self.get(plan_id)

    def close_stale(self, plan_id: str, moved: Sequence[str]) -> Plan:
        """Close a plan whose object is no longer as it was when the human saw it."""
        with self._store.writing() as connection:
            plan = self._require(connection, plan_id)
            self._close(connection, plan, PlanState.STALE, "; ".join(moved))
        return self.get(plan_id)

    def lift(self, plan_id: str, approver: str) -> None:
        """End the cool-down that the no to this plan began.

        Raises:
            PlanNotFoundError: No such plan.
            PlanNotPendingError: It was not refused, or its cool-down is lifted already.
        """
        with self._store.writing() as connection:
            plan = find(connection, plan_id)
            if plan is None:
                raise PlanNotFoundError(plan_id)
            if not refusals.lift(connection, plan):
                raise _not_pending(plan)
            audit.append(connection, RecordKind.LIFTED, plan, {"approver": approver}, self._now())

    def _require_room(self, connection: Connection, requester: str) -> None:
        waiting = connection.scalar(
            select(func.count())
            .select_from(plans)
            .where(
                plans.c.requester == requester,
                plans.c.state == PlanState.PROPOSED,
                plans.c.approve_by > to_text(self._now()),
            )
        )
        if waiting is not None and waiting >= self._limits.pending:
            raise TooManyPendingError(
                f"{waiting} plans of yours already wait for a person; no more are taken.",
                "Ask the person to decide on those first: airbyte-mcp-server approvals list.",
            )

    def _pending_of(self, connection: Connection, wish: str) -> list[Plan]:
        rows = connection.execute(
            select(plans).where(plans.c.wish == wish, plans.c.state == PlanState.PROPOSED)
        ).all()
        return [plan for row in rows if not self._is_over(plan := plan_from(row))]

    def _require(self, connection: Connection, plan_id: str) -> Plan:
        plan = find(connection, plan_id)
        if plan is None:
            raise PlanNotFoundError(plan_id)
        return plan

    def _require_unexpired(self, plan_id: str) -> None:
        if self.get(plan_id).state is PlanState.EXPIRED:
            raise PlanExpiredError(
                f"Plan {plan_id} has expired; nothing was changed.",
                "Call the tool that makes the change again; it proposes a new plan.",
            )

    def _current(self, plan: Plan) -> Plan:
        """The plan as it is now; a plan whose time is over is closed for good when that is first seen."""
        if not self._is_over(plan):
            return plan
        note = "It was approved, but not applied in time." if plan.apply_by else "Nobody decided in time."
        with self._store.writing() as connection:
            stored = self._require(connection, plan.id)
            if stored.state in _PENDING:
                self._close(connection, stored, PlanState.EXPIRED, note)
            return self._require(connection, plan.id)

    def _is_over(self, plan: Plan) -> bool:
        deadline = plan.apply_by if plan.state is PlanState.APPROVED else plan.approve_by
        return plan.state in _PENDING and deadline is not None and deadline <= self._now()

    def _close(self, connection: Connection, plan: Plan, state: PlanState, note: str) -> None:
        self._move(connection, plan, state, closing_note=note)
        audit.append(connection, RecordKind.CLOSED, plan, {"state": state.value, "note": note}, self._now())

    @staticmethod
    def _move(connection: Connection, plan: Plan, state: PlanState, **values: str | None) -> None:
        moved = connection.execute(
            update(plans)
            .where(plans.c.id == plan.id, plans.c.state.in_(leads_to(state)))
            .values(state=state.value, **values)
        )
        if moved.rowcount != 1:
            raise _not_pending(plan)


def _new_plan(
    action: str,
    instance: Instance,
    requester: str,
    draft: PlanDraft[Any],
    *,
    now: datetime,
    approve_by: datetime,
) -> Plan:
    return Plan(
        id="plan_" + secrets.token_urlsafe(18),
        action=action,
        instance=instance,
        requester=requester,
        arguments=canonical_arguments(draft.arguments),
        summary=draft.summary,
        targets=draft.targets,
        effects=draft.effects,
        irreversible=draft.irreversible,
        warnings=draft.warnings,
        risk=draft.risk,
        covered=draft.covered,
        digest=digest_of(action, instance, draft),
        state=PlanState.PROPOSED,
        created_at=now,
        approve_by=approve_by,
    )


def _wish(plan: Plan) -> str:
    same: list[JsonValue] = [
        plan.requester,
        plan.instance.address,
        plan.action,
        *sorted(t.id for t in plan.targets),
    ]
    return hashlib.sha256(canonical_json(same).encode()).hexdigest()


def _reads_the_same(pending: Plan, plan: Plan) -> bool:
    """The same meaning, under the names that the person was shown."""
    shown, named = ([target.name for target in one.targets] for one in (pending, plan))
    return pending.digest == plan.digest and shown == named


def _not_pending(plan: Plan) -> PlanNotPendingError:
    return PlanNotPendingError(
        f"Plan {plan.id} is {plan.state}, so this cannot be done.",
        "Call get_plan to see what became of it, or call the tool again for a new plan.",
    )
