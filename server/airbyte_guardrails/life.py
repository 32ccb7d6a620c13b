"""Moves plans through their life. The only writer of the store.

Every move is one compare-and-set in one transaction together with its audit
record: two callers who try the same move at once, in threads or in processes,
get one success and one refusal.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import JsonValue
from sqlalchemy import Connection, func, insert, or_, select

from airbyte_guardrails import audit, decisions, execution, in_force, refusals, rulings
from airbyte_guardrails.audit import RecordKind
from airbyte_guardrails.decisions import Word
from airbyte_guardrails.errors import (
    PlanExpiredError,
    PlanNotFoundError,
    TooManyPendingError,
)
from airbyte_guardrails.evidence import Decision, Evidence
from airbyte_guardrails.execution import Executions
from airbyte_guardrails.moves import move, not_pending, required
from airbyte_guardrails.plans import (
    Instance,
    Plan,
    PlanDraft,
    TargetOutcome,
    canonical_json,
    plan_of,
)
from airbyte_guardrails.policy import Policy
from airbyte_guardrails.rows import find, plan_from, row_values
from airbyte_guardrails.schema import audit_records, plans
from airbyte_guardrails.states import PlanState
from airbyte_guardrails.store import Store
from airbyte_guardrails.timestamps import to_text
from airbyte_guardrails.verdicts import Answer
from airbyte_guardrails.wording import REASON_LIMIT, clean

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


def anything(_plan: Plan) -> None:
    """Asks nothing of a plan."""


class PlanBook:
    """Plans from proposal to outcome, on one store and under one policy.

    All methods block on the database; call them from a worker thread.

    Attributes:
        executions: The plans that are being executed.

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
        self.executions = Executions(store, now)

    def propose(
        self,
        action: str,
        instance: Instance,
        requester: str,
        draft: PlanDraft[Any],
        *,
        client: str | None = None,
        asked_at: datetime | None = None,
        require: Callable[[Plan], None] = anything,
    ) -> Plan:
        """Store a draft as a plan, or return the one of the same wish that is unfinished.

        So is returned one that ended after `asked_at`: whoever asked before its
        end wishes for nothing more.

        A pending plan of the same requester, action and targets whose meaning
        has changed since is superseded by the new one. A plan that policy
        allows comes back approved.

        Args:
            action: The tool's name.
            instance: The Airbyte that it is for.
            requester: Who asks.
            draft: What is asked for.
            client: What the requester's program calls itself.
            asked_at: When the requester asked, before the draft was made.
            require: Raises for a plan that would wait for a person in vain; it is not stored then. The
                store's lock is held, so it must not block.

        Raises:
            RefusedByPolicyError: Policy denies the action.
            CoolingDownError: A person said no to this a short while ago.
            TooManyPendingError: The requester has too many plans waiting.
        """
        self._policy.require_permitted(action)
        now = self._now()
        approve_by = now + self._limits.approve_within
        plan = plan_of(action, instance, requester, draft, client=client, now=now, approve_by=approve_by)
        with self._store.writing() as connection:
            in_force.announce_changes(connection, now)
            verdict = rulings.ruling(connection, self._policy, plan, now)
            refused = rulings.refusal(connection, plan, verdict, now)
            if refused is None:
                ruled = plan.model_copy(update={"verdict": verdict})
                return self._proposed(connection, ruled, now, asked_at or now, require)
        raise refused

    def _proposed(
        self,
        connection: Connection,
        plan: Plan,
        now: datetime,
        asked_at: datetime,
        require: Callable[[Plan], None],
    ) -> Plan:
        plan, wish = refusals.considered(connection, plan, now, self._limits.cool_down), _wish(plan)
        for known in self._known_of(connection, wish, asked_at):
            if _reads_the_same(known, plan):
                return known
            if known.state is PlanState.PROPOSED:
                self._close(connection, known, PlanState.SUPERSEDED, "A newer plan replaced this one.")
        allowed = plan.verdict.answer is Answer.ALLOW
        if not allowed:
            require(plan)
            self._require_room(connection, plan.requester)
        connection.execute(insert(plans).values(row_values(plan, wish)))
        audit.append(connection, RecordKind.PROPOSED, plan, rulings.on_record(plan.verdict), now)
        if not allowed:
            return plan
        approver = f"policy:{plan.verdict.rule}"
        word = Word(decision=Decision.APPROVE, evidence=Evidence.POLICY, approver=approver, at=now)
        self._approve(connection, plan, word)
        return required(connection, plan.id)

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
            RefusedByPolicyError: A yes, but policy denies the change by now.
            EvidenceTooWeakError: A yes, but of a kind that policy does not accept.
        """
        self._require_unexpired(plan_id)
        said = clean(reason, REASON_LIMIT)
        word = Word(decision=decision, evidence=evidence, approver=approver, reason=said, at=self._now())
        with self._store.writing() as connection:
            plan = required(connection, plan_id)
            if decision is Decision.APPROVE:
                self._require_enough(connection, plan, word)
                self._approve(connection, plan, word)
            else:
                decisions.deny(connection, plan, word)
        return self.get(plan_id)

    def _require_enough(self, connection: Connection, plan: Plan, word: Word) -> None:
        """Refuse a yes where policy denies by now, or asks for more."""
        verdict = rulings.ruling(connection, self._policy, plan, word.at)
        if verdict.answer is Answer.DENY:
            raise rulings.refused(plan, verdict)
        rulings.require_enough(plan, verdict, word.evidence, word.approver)

    def _approve(self, connection: Connection, plan: Plan, word: Word) -> None:
        note = rulings.closing_note(word.evidence, plan.verdict)
        decisions.approve(connection, plan, word, word.at + self._limits.apply_within, note)

    def begin(
        self,
        plan_id: str,
        digest: str,
        *,
        planned: PlanDraft[Any] | None = None,
        worker: str = "",
        baselines: Mapping[str, JsonValue] | None = None,
    ) -> Plan:
        """Consume the approval: exactly one caller gets through, and the intent is on record before it does.

        Args:
            plan_id: The approved plan.
            digest: The digest of the same change planned afresh, just now.
            planned: That change, for policy to see the names and tags of now.
            worker: Who executes it: a name that no other execution has.
            baselines: What was read of the first target right before, by its id, to settle by later.

        Raises:
            RefusedByPolicyError: Policy denies the action by now.
            EvidenceTooWeakError: Policy by now asks for more than this approval carries.
            PlanExpiredError: The time to apply is over.
            PlanNotPendingError: Not approved, stale, or somebody else was first.
        """
        now = self._now()
        self._require_unexpired(plan_id)
        with self._store.writing() as connection:
            plan = required(connection, plan_id)
            evidence, approver = decisions.unused_yes(connection, plan, digest)
            verdict = rulings.ruling_at_last(connection, self._policy, plan, planned, now)
            refused = rulings.refusal(connection, plan, verdict, now)
            if refused is None:
                rulings.require_enough(plan, verdict, evidence, approver)
                execution.begin(connection, plan, worker, baselines or {}, now)
                return plan
        raise refused

    def finish(self, plan_id: str, outcomes: tuple[TargetOutcome, ...]) -> Plan:
        """Record what became of the targets, as `Executions.finish`, and return the plan."""
        self.executions.finish(plan_id, outcomes)
        return self.get(plan_id)

    def close_stale(self, plan_id: str, moved: Sequence[str]) -> Plan:
        """Close a plan whose object is no longer as it was when the human saw it."""
        with self._store.writing() as connection:
            plan = required(connection, plan_id)
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
                raise not_pending(plan)
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

    def _known_of(self, connection: Connection, wish: str, asked_at: datetime) -> list[Plan]:
        """Plans of a wish that are unfinished, or ended after somebody asked for the same."""
        ended = select(audit_records.c.plan_id).where(
            audit_records.c.at > to_text(asked_at), audit_records.c.kind == RecordKind.OUTCOME.value
        )
        known = or_(plans.c.state.in_(_UNFINISHED), plans.c.id.in_(ended))
        rows = connection.execute(select(plans).where(plans.c.wish == wish, known)).all()
        return [plan for row in rows if not self._is_over(plan := plan_from(row))]

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
            stored = required(connection, plan.id)
            if stored.state in _PENDING:
                self._close(connection, stored, PlanState.EXPIRED, note)
            return required(connection, plan.id)

    def _is_over(self, plan: Plan) -> bool:
        deadline = plan.apply_by if plan.state is PlanState.APPROVED else plan.approve_by
        return plan.state in _PENDING and deadline is not None and deadline <= self._now()

    def _close(self, connection: Connection, plan: Plan, state: PlanState, note: str) -> None:
        move(connection, plan, state, closing_note=note)
        audit.append(connection, RecordKind.CLOSED, plan, {"state": state.value, "note": note}, self._now())


def _wish(plan: Plan) -> str:
    same: list[JsonValue] = [
        plan.requester,
        plan.instance.address,
        plan.action,
        *sorted(t.id for t in plan.targets),
    ]
    return hashlib.sha256(canonical_json(same).encode()).hexdigest()


def _reads_the_same(pending: Plan, plan: Plan) -> bool:
    """The same meaning, under the names that the person was shown, and policy asks for the same."""
    shown, named = ([target.name for target in one.targets] for one in (pending, plan))
    same_verdict = pending.verdict.strictness == plan.verdict.strictness
    return pending.digest == plan.digest and shown == named and same_verdict
