"""Every change of a run held against what Airbyte was asked, what the audit says, and who said yes.

Each wish of a run is one of its kind: a connection is to run at a minute of the
month that no other wish names. So a request in Airbyte's log belongs to one plan.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass

from sqlalchemy import select

from airbyte_guardrails import audit
from airbyte_guardrails.evidence import Decision, Evidence
from airbyte_guardrails.plans import Plan
from airbyte_guardrails.rows import plan_from
from airbyte_guardrails.schema import approvals, plans
from airbyte_guardrails.searching import Record, Search, found
from airbyte_guardrails.states import PlanState
from airbyte_guardrails.store import Store
from sandboxes import LoggedRequest, Sandbox


@dataclass(frozen=True)
class Wish:
    """A connection that is to run at a minute of the month."""

    connection_id: str
    cron: str


@dataclass(frozen=True)
class Account:
    """All that is known of a run.

    Attributes:
        plans: Every plan, by its wish.
        records: The audit's records of each plan, in order.
        yeses: The plans that somebody said yes to in a form.
        sent: What Airbyte was asked to change, in order, by wish.
    """

    plans: Mapping[Wish, Plan]
    records: Mapping[str, list[Record]]
    yeses: Mapping[str, int]
    sent: Mapping[Wish, list[LoggedRequest]]

    @property
    def states(self) -> Counter[PlanState]:
        """How many plans ended in which state."""
        return Counter(plan.state for plan in self.plans.values())

    def kinds(self, plan: Plan) -> Counter[str]:
        """How many records of each kind tell of a plan."""
        return Counter(record.kind for record in self.records.get(plan.id, ()))

    def assert_balanced(self) -> None:
        """Nothing was sent that is not on record, and nothing is on record as done that was not sent, each once."""
        assert self.sent.keys() <= self.plans.keys(), "a change that nobody planned"
        for wish, plan in self.plans.items():
            requests = self.sent.get(wish, [])
            told = f"{plan.id} {plan.state}: {requests}, {dict(self.kinds(plan))}"
            begun = self.kinds(plan)["intent"]
            assert len(requests) <= begun <= 1, told
            assert self.yeses.get(plan.id, 0) >= begun, told
            if begun:
                assert plan.state in _ENDS, told
                assert self.kinds(plan)["outcome"] >= 1, told
            _assert_true(plan, [request.status for request in requests], told)


_ENDS = (PlanState.EXECUTED, PlanState.FAILED, PlanState.OUTCOME_UNKNOWN)


def _assert_true(plan: Plan, statuses: list[int | None], told: str) -> None:
    """What the plan says became of it is what Airbyte did; unknown may be either."""
    if plan.state is PlanState.EXECUTED:
        assert statuses == [200], told
    elif plan.state is not PlanState.OUTCOME_UNKNOWN:
        assert 200 not in statuses, told


def account_of(address: str, sandbox: Sandbox) -> Account:
    """What the store at an address and a sandbox's request log say; the audit's chain must be whole."""
    with closing(Store(address)) as store, store.reading() as connection:
        assert audit.broken_at(connection) is None
        every = [plan_from(row) for row in connection.execute(select(plans))]
        said = connection.execute(select(approvals)).all()
        records: dict[str, list[Record]] = defaultdict(list)
        for record in found(connection, Search()):
            records[record.plan_id].append(record)
    by_wish = {_wish_of(plan): plan for plan in every}
    assert len(by_wish) == len(every), "two plans for one wish"
    yeses = Counter(
        row.plan_id
        for row in said
        if (row.decision, row.evidence) == (Decision.APPROVE.value, Evidence.ELICITED.value)
    )
    return Account(by_wish, records, yeses, _sent(sandbox))


def _wish_of(plan: Plan) -> Wish:
    (target,) = plan.targets
    return Wish(target.id, json.loads(plan.arguments)["cron"])


def _sent(sandbox: Sandbox) -> dict[Wish, list[LoggedRequest]]:
    sent: dict[Wish, list[LoggedRequest]] = defaultdict(list)
    for request in sandbox.effects():
        assert request.method == "PATCH", request
        if request.body is None:
            # Its sender was killed between its headers and its body.
            assert request.status != 200, request
            continue
        wish = Wish(request.path.rsplit("/", 1)[-1], request.body["schedule"]["cronExpression"])
        sent[wish].append(request)
    return sent
