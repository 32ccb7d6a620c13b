"""The model's own word as a yes: only under `--dangerously-allow-model-confirmation`, and marked everywhere.

Without the setting none of this exists: `apply_plan` has no such argument.
With it, a plan for which no policy rule asks for more can be confirmed in two
steps: the proposal's answer holds a confirmation that is bound to this very
plan, and `apply_plan` takes it back.
"""

import hashlib
import secrets
from dataclasses import replace
from typing import Annotated

from anyio.to_thread import run_sync
from pydantic import Field

from airbyte_guardrails.evidence import Decision, Evidence
from airbyte_guardrails.plans import Plan
from airbyte_guardrails.states import PlanState
from airbyte_mcp_server.changing.apply_plan import APPLY_PLAN
from airbyte_mcp_server.runtime import Runtime
from airbyte_mcp_server.wire import BadArgumentsError
from airbyte_tools.answers import ChangeResult
from airbyte_tools.plans import PlanArguments


class ConfirmingArguments(PlanArguments):
    """Which plan, and the confirmation that its proposal gave."""

    confirmation: Annotated[str, Field(min_length=1, max_length=64)] | None = None


CONFIRMING_APPLY_PLAN = replace(
    APPLY_PLAN,
    description=(
        "Carries out a plan that a person has approved outside this chat, or that you confirm with the"
        " confirmation of its proposal, which is recorded as not verified by a human."
        " Asked again, it returns the first outcome."
    ),
    arguments=ConfirmingArguments,
)


def model_may_confirm(plan: Plan, runtime: Runtime) -> bool:
    """Whether the model's own word would count for this plan, which still waits for one."""
    allowed = runtime.settings.dangerously_allow_model_confirmation
    return allowed and plan.state is PlanState.PROPOSED and plan.least_evidence is Evidence.MODEL_ASSERTED


def confirmation_of(plan: Plan) -> str:
    """What confirms this plan and no other one; it changes with what the plan means."""
    return hashlib.sha256(f"confirmation of {plan.id} {plan.digest}".encode()).hexdigest()[:16]


async def confirmed(plan: Plan, arguments: PlanArguments, runtime: Runtime) -> Plan:
    """The plan, approved if the arguments hold its confirmation; without any, as it is.

    Raises:
        BadArgumentsError: The confirmation is another plan's, or made up.
        EvidenceTooWeakError: Policy by now asks for more.
    """
    given = arguments.confirmation if isinstance(arguments, ConfirmingArguments) else None
    if given is None:
        return plan
    if not secrets.compare_digest(given.encode(), confirmation_of(plan).encode()):
        raise BadArgumentsError(f"apply_plan was not run: this is not the confirmation of plan {plan.id}.")
    return await run_sync(
        runtime.book.decide,
        plan.id,
        Decision.APPROVE,
        Evidence.MODEL_ASSERTED,
        f"the model of {plan.requester}",
    )


def offering(plan: Plan, result: ChangeResult) -> ChangeResult:
    """The answer about a plan that the model may confirm, with how."""
    next_step = (
        "This server's operator lets you confirm it without a person"
        " (dangerously_allow_model_confirmation); it is recorded as not verified by a human. To go on call"
        f" apply_plan with plan_id {plan.id} and confirmation {confirmation_of(plan)}."
    )
    return result.model_copy(update={"next_step": next_step})
