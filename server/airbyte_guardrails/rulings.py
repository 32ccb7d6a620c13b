"""Policy asked under the store's lock: what counts for a rate, and what goes on record."""

import logging
from datetime import datetime
from typing import Any

from pydantic import JsonValue
from sqlalchemy import Connection

from airbyte_guardrails import audit
from airbyte_guardrails.audit import RecordKind
from airbyte_guardrails.deeds import deeds_since
from airbyte_guardrails.errors import RefusedByPolicyError
from airbyte_guardrails.evidence import Evidence
from airbyte_guardrails.plans import Plan, PlanDraft
from airbyte_guardrails.policy import Policy
from airbyte_guardrails.verdicts import Answer, Verdict, strictest

logger = logging.getLogger(__name__)

NOT_VERIFIED = "Not verified by a human: the model itself confirmed it, as the operator's settings let it."


def ruling(connection: Connection, policy: Policy, plan: Plan, now: datetime) -> Verdict:
    """What policy says to the plan; counted with the caller's lock held, so that nobody slips in between.

    Raises:
        RefusedByPolicyError: No rule could permit the action.
    """
    verdict = policy.answer(plan, now, lambda since: deeds_since(connection, since))
    for sentence in verdict.shadows:
        logger.warning("%s for %s: %s", plan.action, plan.requester, sentence)
    return verdict


def ruling_at_last(
    connection: Connection, policy: Policy, plan: Plan, planned: PlanDraft[Any] | None, now: datetime
) -> Verdict:
    """What policy says to the plan, and to the same change planned afresh: the stricter of both.

    Names and tags are no part of the digest, so they may have changed since the plan was made.

    Raises:
        RefusedByPolicyError: No rule could permit the action.
    """
    verdict = ruling(connection, policy, plan, now)
    if planned is None or (planned.targets, planned.risk) == (plan.targets, plan.risk):
        return verdict
    as_it_is = plan.model_copy(update={"targets": planned.targets, "risk": planned.risk})
    return strictest((verdict, ruling(connection, policy, as_it_is, now)))


def refusal(
    connection: Connection, plan: Plan, verdict: Verdict, now: datetime
) -> RefusedByPolicyError | None:
    """For a denial the error to raise once the caller's transaction has committed its record; else None."""
    if verdict.answer is not Answer.DENY:
        return None
    audit.append(connection, RecordKind.REFUSED, plan, on_record(verdict), now)
    return refused(plan, verdict)


def refused(plan: Plan, verdict: Verdict) -> RefusedByPolicyError:
    """A denial as the error to raise; it names the rule."""
    return RefusedByPolicyError(
        f"{plan.action} was refused, and nothing was changed. {verdict.because}",
        "Do not try another way around; the operator's policy file decides this.",
    )


def require_enough(plan: Plan, verdict: Verdict, evidence: Evidence, approver: str) -> None:
    """Refuse a yes that is too weak for what policy said when the plan was made, or for what it says now.

    Raises:
        EvidenceTooWeakError: It is.
    """
    for said in (plan.verdict, verdict):
        said.require(evidence, approver, plan.requester)


def on_record(verdict: Verdict) -> dict[str, JsonValue]:
    """A verdict as part of an audit record."""
    return {"policy": verdict.model_dump(mode="json")}


def closing_note(evidence: Evidence, verdict: Verdict) -> str:
    """What every later answer about the plan has to say of a yes that no person gave."""
    if evidence is Evidence.MODEL_ASSERTED:
        return NOT_VERIFIED
    return verdict.because if evidence is Evidence.POLICY else ""
