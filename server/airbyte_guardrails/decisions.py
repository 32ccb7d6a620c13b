"""The one decision on a plan: who said what, on what evidence, bound to the digest that was shown."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select

from airbyte_guardrails import audit, refusals
from airbyte_guardrails.audit import RecordKind
from airbyte_guardrails.evidence import Decision, Evidence
from airbyte_guardrails.moves import move, not_pending
from airbyte_guardrails.plans import Plan
from airbyte_guardrails.schema import approvals
from airbyte_guardrails.states import PlanState
from airbyte_guardrails.timestamps import to_text


@dataclass(frozen=True, kw_only=True)
class Word:
    """What somebody said to a plan."""

    decision: Decision
    evidence: Evidence
    approver: str
    reason: str = ""
    at: datetime

    def record(self, plan: Plan) -> dict[str, str]:
        """The word as a row and as a part of an audit record."""
        return {
            "plan_id": plan.id,
            "decision": self.decision.value,
            "evidence": self.evidence.value,
            "approver": self.approver,
            "reason": self.reason,
            "decided_at": to_text(self.at),
        }


def approve(connection: Connection, plan: Plan, word: Word, apply_by: datetime, note: str) -> None:
    """A yes, to be used until `apply_by`.

    Raises:
        PlanNotPendingError: The plan waits for no decision any more.
    """
    move(connection, plan, PlanState.APPROVED, apply_by=to_text(apply_by), closing_note=note)
    _store(connection, plan, word)
    noted = {"note": note} if note else {}
    audit.append(connection, RecordKind.DECIDED, plan, {**word.record(plan), **noted}, word.at)


def deny(connection: Connection, plan: Plan, word: Word) -> None:
    """A no, or the taking back of a yes that was not used yet: its approval stays on record, void.

    Raises:
        PlanNotPendingError: It is too late for a no.
    """
    move(connection, plan, PlanState.DENIED, closing_note=word.reason)
    if plan.state is PlanState.PROPOSED:
        _store(connection, plan, word)
    audit.append(connection, RecordKind.DECIDED, plan, {**word.record(plan)}, word.at)
    refusals.remember(connection, plan, word.at)


def unused_yes(connection: Connection, plan: Plan, digest: str) -> tuple[Evidence, str]:
    """The evidence and the approver of an approval that nobody has used yet, for exactly this digest.

    Raises:
        PlanNotPendingError: There is none.
    """
    row = connection.execute(
        select(approvals).where(approvals.c.plan_id == plan.id, approvals.c.decision == Decision.APPROVE)
    ).first()
    if plan.state is not PlanState.APPROVED or row is None or row.digest != digest:
        raise not_pending(plan)
    return Evidence(row.evidence), row.approver


def _store(connection: Connection, plan: Plan, word: Word) -> None:
    connection.execute(insert(approvals).values(word.record(plan) | {"digest": plan.digest}))
