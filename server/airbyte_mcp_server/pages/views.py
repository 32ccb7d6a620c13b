"""A plan as the page shows it: frozen, cleaned, and with nothing left to decide for a template.

Everything that comes from Airbyte goes through `wording.clean`; templates put
it into elements of its own, never into a sentence of ours.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import humanize

from airbyte_guardrails.plans import Change, Plan, Risk, Target, TargetOutcome
from airbyte_guardrails.states import PlanState
from airbyte_guardrails.wording import HEADLINES, NAME_LIMIT, clean, needs_name, quoted, sides, what_to_type
from airbyte_mcp_server.pages.differing import Piece, pieces

SENTENCE_LIMIT = 1_000

_OUTCOMES = {
    PlanState.EXECUTING: "Being done",
    PlanState.EXECUTED: "Done",
    PlanState.FAILED: "Failed",
    PlanState.OUTCOME_UNKNOWN: "Outcome unknown",
}


@dataclass(frozen=True)
class ChangeView:
    """One value before and after."""

    field: str
    before: tuple[Piece, ...]
    after: tuple[Piece, ...]


@dataclass(frozen=True)
class OutcomeView:
    """What became of one target."""

    state: PlanState
    headline: str
    message: str


@dataclass(frozen=True, kw_only=True)
class TargetView:
    """One Airbyte object that the plan would change."""

    kind: str
    id: str
    name: str
    workspace_id: str
    changes: tuple[ChangeView, ...]
    notes: tuple[str, ...]
    outcome: OutcomeView | None


@dataclass(frozen=True)
class Deadline:
    """Until when something can be done, and how long that is from now."""

    at: datetime
    seconds: int
    left: str


@dataclass(frozen=True, kw_only=True)
class PlanView:
    """One plan.

    Attributes:
        headline: Where the plan stands, in words.
        requester: Who asked, and under which name of a program; both are only what they say of themselves.
        policy: What the operator's policy says to it; empty where no rule is about it.
        to_type: What must be typed to approve, in words that show it; empty where a click is enough.
        deadline: Until when it can be decided or, once approved, applied; None when nothing waits.
        note: Why it was closed, or the reason that the person gave.
    """

    id: str
    digest: str
    action: str
    summary: str
    instance: str
    address: str
    requester: str
    policy: str
    risk: Risk
    state: PlanState
    headline: str
    targets: tuple[TargetView, ...]
    effects: tuple[str, ...]
    irreversible: tuple[str, ...]
    warnings: tuple[str, ...]
    to_type: str
    created_at: datetime
    deadline: Deadline | None
    note: str

    @property
    def can_be_approved(self) -> bool:
        """Whether a yes is still awaited."""
        return self.state is PlanState.PROPOSED

    @property
    def can_be_denied(self) -> bool:
        """Whether a no still counts: an unused yes can be taken back."""
        return self.state in (PlanState.PROPOSED, PlanState.APPROVED)

    @property
    def may_still_move(self) -> bool:
        """Whether it was sent and a later look can show more."""
        return self.state in (PlanState.EXECUTING, PlanState.OUTCOME_UNKNOWN)


def plan_view(plan: Plan, now: datetime) -> PlanView:
    """A plan at a moment; its times are shown in the zone of `now`, which is aware."""
    return PlanView(
        id=plan.id,
        digest=plan.digest,
        action=clean(plan.action, NAME_LIMIT),
        summary=clean(plan.summary, SENTENCE_LIMIT),
        instance=clean(plan.instance.name, NAME_LIMIT),
        address=clean(plan.instance.address, SENTENCE_LIMIT),
        requester=clean(f"{plan.requester}, {plan.client}" if plan.client else plan.requester, NAME_LIMIT),
        policy=clean(plan.verdict.because, SENTENCE_LIMIT),
        risk=plan.risk,
        state=plan.state,
        headline=HEADLINES[plan.state],
        targets=_targets(plan),
        effects=_sentences(plan.effects),
        irreversible=_sentences(plan.irreversible),
        warnings=_sentences(plan.warnings),
        to_type=what_to_type(plan) if needs_name(plan) else "",
        created_at=plan.created_at.astimezone(now.tzinfo),
        deadline=_deadline(plan, now),
        note=clean(plan.closing_note, SENTENCE_LIMIT),
    )


def _sentences(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(clean(text, SENTENCE_LIMIT) for text in texts)


def _deadline(plan: Plan, now: datetime) -> Deadline | None:
    at = {PlanState.PROPOSED: plan.approve_by, PlanState.APPROVED: plan.apply_by}.get(plan.state)
    if at is None:
        return None
    seconds = max(int((at - now).total_seconds()), 0)
    left = humanize.precisedelta(timedelta(seconds=seconds), minimum_unit="seconds", format="%0.0f")
    return Deadline(at.astimezone(now.tzinfo), seconds, left)


def _targets(plan: Plan) -> tuple[TargetView, ...]:
    outcomes = {outcome.target_id: _outcome(outcome) for outcome in plan.outcomes}
    return tuple(_target(target, outcomes.get(target.id)) for target in plan.targets)


def _target(target: Target, outcome: OutcomeView | None) -> TargetView:
    return TargetView(
        kind=clean(target.kind, NAME_LIMIT),
        id=clean(target.id, NAME_LIMIT),
        name=quoted(target.name),
        workspace_id=clean(target.workspace_id or "", NAME_LIMIT),
        changes=tuple(map(_change, target.changes)),
        notes=_sentences(target.notes),
        outcome=outcome,
    )


def _change(change: Change) -> ChangeView:
    before, after = pieces(*sides(change))
    return ChangeView(clean(change.field, NAME_LIMIT), before, after)


def _outcome(outcome: TargetOutcome) -> OutcomeView:
    headline = _OUTCOMES.get(outcome.status, outcome.status.value)
    return OutcomeView(outcome.status, headline, clean(outcome.message, SENTENCE_LIMIT))
