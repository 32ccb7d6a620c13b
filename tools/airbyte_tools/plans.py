"""Looking at plans. Applying one is dispatch's own tool."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from airbyte_guardrails.plans import Plan
from airbyte_guardrails.states import PlanState
from airbyte_guardrails.wording import question
from airbyte_tools.answers import PlanDetail, TargetResult
from airbyte_tools.tool import Arguments, ReadTool, ToolContext
from airbyte_tools.words import iso, plain, quoted

PlanId = Annotated[str, Field(min_length=1, max_length=64)]


class PlanArguments(Arguments):
    """Which plan."""

    plan_id: PlanId


async def _run(context: ToolContext, arguments: PlanArguments) -> PlanDetail:
    plan = await context.plans.get(arguments.plan_id)
    return PlanDetail(
        plan_id=plan.id,
        status=plan.state.value,
        question=question(plan),
        approve_by=iso(plan.approve_by) or "",
        results=target_results(plan),
        next_step=plan_next_step(plan, context.where_to_approve(plan)),
    )


def target_results(plan: Plan) -> list[TargetResult]:
    """What became of each target, once the plan has been applied."""
    names = {target.id: target.name for target in plan.targets}
    return [
        TargetResult(
            id=outcome.target_id,
            name=plain(names[outcome.target_id]),
            status=outcome.status.value,
            message=plain(outcome.message),
            job_id=outcome.job_id,
        )
        for outcome in plan.outcomes
    ]


def plan_next_step(plan: Plan, where_to_approve: str) -> str:
    """What the reader can do about a plan in this state, and that no person approved it, where none did.

    Args:
        plan: The plan.
        where_to_approve: In words that follow "approve it".
    """
    note = plan.closing_note if plan.state in _APPROVED else ""
    return f"{note} {_next_step(plan, where_to_approve)}".strip()


def _next_step(plan: Plan, where_to_approve: str) -> str:
    if plan.state is PlanState.PROPOSED and not where_to_approve:
        return "Nobody can approve it from here: ask the operator where plans are approved."
    started = next((outcome.job_id for outcome in plan.outcomes if outcome.job_id), None)
    if plan.state is PlanState.EXECUTED and started:
        return f"Call wait_for_job with job_id {started} to follow it."
    if plan.state is PlanState.OUTCOME_UNKNOWN and started:
        return f"Call get_job with job_id {started} to see that job; {_NOT_AGAIN}"
    return _NEXT_STEPS.get(plan.state, "").format(
        plan_id=plan.id, where=where_to_approve, lease_until=iso(plan.lease_until)
    )


_APPROVED = (
    PlanState.APPROVED,
    PlanState.EXECUTING,
    PlanState.EXECUTED,
    PlanState.FAILED,
    PlanState.OUTCOME_UNKNOWN,
)
"""In these a plan has a closing note only if it was approved, and by no person."""

_NOT_AGAIN = "do not simply try again."
_AGAIN = "If it is still wanted, call the tool again; it proposes a new plan."
_NEXT_STEPS = {
    PlanState.PROPOSED: ("A person must approve it {where}. Then call apply_plan with plan_id {plan_id}."),
    PlanState.APPROVED: "It is approved: call apply_plan with plan_id {plan_id}.",
    PlanState.EXECUTING: (
        "Call get_plan with plan_id {plan_id} to see how it ends. If the server that does it has died, this"
        " is found out after {lease_until}, by looking at what Airbyte did, as soon as Airbyte can be read."
    ),
    PlanState.OUTCOME_UNKNOWN: f"Call get_connection and list_jobs to see what Airbyte did; {_NOT_AGAIN}",
    PlanState.DENIED: "Do not ask again unless the person brings it up.",
    PlanState.FAILED: "If it is still wanted, call the tool again, only for what failed.",
    PlanState.EXPIRED: _AGAIN,
    PlanState.STALE: _AGAIN,
    PlanState.SUPERSEDED: _AGAIN,
}


def _say(answer: PlanDetail, _now: datetime) -> str:
    lines = [f"Plan {answer.plan_id} is {answer.status}.", answer.question]
    lines += [f"- {quoted(r.name)}: {r.status}, {r.message}" for r in answer.results]
    return "\n".join([*lines, answer.next_step])


GET_PLAN = ReadTool(
    name="get_plan",
    title="Show a plan",
    description="Shows a proposed change: what it would do, and whether it was approved, refused or done.",
    arguments=PlanArguments,
    answer=PlanDetail,
    run=_run,
    say=_say,
)
