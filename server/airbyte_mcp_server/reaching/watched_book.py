"""The plan book of a running server: whoever moves a plan through it, the rest of the process hears of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from airbyte_guardrails.audit import Head, head_of
from airbyte_guardrails.evidence import Decision, Evidence
from airbyte_guardrails.life import Limits, PlanBook
from airbyte_guardrails.plans import Plan, TargetOutcome
from airbyte_guardrails.policy import Policy
from airbyte_guardrails.store import Store


@dataclass(frozen=True, kw_only=True)
class Move:
    """A plan in the state that it has just reached, and for a decision, whose it was."""

    plan: Plan
    approver: str = ""
    evidence: Evidence | None = None


class WatchedBook(PlanBook):
    """Tells `moved` of every decision and every end, in the thread that made it and after it is stored."""

    def __init__(
        self,
        store: Store,
        policy: Policy,
        *,
        now: Callable[[], datetime],
        limits: Limits,
        moved: Callable[[Move], None],
    ) -> None:
        super().__init__(store, policy, now=now, limits=limits)
        self._moved = moved

    def decide(
        self, plan_id: str, decision: Decision, evidence: Evidence, approver: str, reason: str = ""
    ) -> Plan:
        """As in `PlanBook`, and told."""
        plan = super().decide(plan_id, decision, evidence, approver, reason)
        self._moved(Move(plan=plan, approver=approver, evidence=evidence))
        return plan

    def finish(self, plan_id: str, outcomes: tuple[TargetOutcome, ...]) -> Plan:
        """As in `PlanBook`, and told."""
        plan = super().finish(plan_id, outcomes)
        self._moved(Move(plan=plan))
        return plan

    def close_stale(self, plan_id: str, moved: Sequence[str]) -> Plan:
        """As in `PlanBook`, and told."""
        plan = super().close_stale(plan_id, moved)
        self._moved(Move(plan=plan))
        return plan

    def head(self) -> Head:
        """The newest record of the audit, to be noted outside the store."""
        with self._store.reading() as connection:
            return head_of(connection)
