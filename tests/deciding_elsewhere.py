"""Somebody who decides in another process on the same store: this one."""

import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

from airbyte_guardrails.evidence import Decision, Evidence
from airbyte_guardrails.life import PlanBook
from airbyte_guardrails.plans import Plan
from airbyte_guardrails.states import PlanState
from airbyte_mcp_server.runtime import STORE_FILE, utc_now
from harness import Desk
from plan_books import book_on, close_books

SECONDS = 40


@dataclass(frozen=True)
class Elsewhere:
    """The store of a desk's server, opened by this process too."""

    book: PlanBook

    def waiting_plan(self) -> Plan:
        """The one plan that waits, as soon as there is one."""
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            waiting = [plan for plan in self.book.unfinished() if plan.state is PlanState.PROPOSED]
            if waiting:
                (plan,) = waiting
                return plan
        raise AssertionError("no plan waits")

    def decide(self, decision: Decision, reason: str = "") -> Plan:
        """Decide on the one plan that waits, as an approver on the page would."""
        plan = self.waiting_plan()
        return self.book.decide(plan.id, decision, Evidence.OUT_OF_BAND, "ann", reason)

    def ended(self, plan: Plan) -> Plan:
        """The plan, once nothing can follow."""
        end = time.monotonic() + SECONDS
        while not (plan := self.book.get(plan.id)).state.is_final:
            assert time.monotonic() < end, plan.state
        return plan


@contextmanager
def elsewhere(desk: Desk) -> Generator[Elsewhere]:
    """Another process at a desk's store, which a server of the desk has made before."""
    try:
        yield Elsewhere(book_on(desk.folder / "data" / STORE_FILE, utc_now))
    finally:
        close_books()
