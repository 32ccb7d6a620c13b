"""What policy looks at: one target of one plan, as facts.

Ids, the instance and the authenticated principal are facts of ours. Names,
tags and what a client calls itself come from outside; `None` means unknown.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from airbyte_guardrails.plans import Plan, Risk, Target
from airbyte_guardrails.verdicts import principal_of


@dataclass(frozen=True, kw_only=True)
class Subject:
    """One target of a change.

    Attributes:
        action: What is done, a tool's name.
        instance: What the operator calls this Airbyte.
        address: The base URL of its API.
        workspace: The workspace's id.
        connection: The connection's id.
        principal: Who asks, `token:NAME` or `oauth:SUBJECT`; None where nobody signed in.
        high_risk: Whether the plan is of high risk.
        name: The connection's name.
        tags: The names of its tags.
        client: What the requester's program calls itself.
    """

    action: str
    instance: str
    address: str
    workspace: str | None
    connection: str | None
    principal: str | None
    high_risk: bool = False
    name: str | None = None
    tags: tuple[str, ...] | None = None
    client: str | None = None


@dataclass(frozen=True)
class Deed:
    """A change that was begun, and so counts for rates: so many `times`, the last one at `at`."""

    subject: Subject
    at: datetime
    times: int = 1


History = Callable[[datetime], Sequence[Deed]]
"""The deeds begun after a moment; asked only where a rate has to be counted."""


def subjects_of(plan: Plan) -> list[Subject]:
    """Each target of the plan, under its action and under the one that it comes to, where that is another."""
    actions = dict.fromkeys((plan.action, plan.acts_as or plan.action))
    return [_subject(plan, target, action) for action in actions for target in plan.targets]


def _subject(plan: Plan, target: Target, action: str) -> Subject:
    is_connection = target.kind == "connection"
    return Subject(
        action=action,
        instance=plan.instance.name,
        address=plan.instance.address,
        workspace=target.workspace_id,
        connection=target.id if is_connection else target.connection_id,
        principal=principal_of(plan.requester),
        high_risk=plan.risk is Risk.HIGH,
        name=target.name or None,
        tags=target.tags,
        client=plan.client,
    )
