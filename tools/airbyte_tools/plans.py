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
        next_step=plan_next_step(plan),
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


def plan_next_step(plan: Plan) -> str:
    """What the reader can do about a plan in this state."""
    started = next((outcome.job_id for outcome in plan.outcomes if outcome.job_id), None)
    if plan.state is PlanState.EXECUTED and started:
        return f"Call wait_for_job with job_id {started} to follow it."
    return _NEXT_STEPS.get(plan.state, "").format(plan_id=plan.id)


_AGAIN = "If it is still wanted, call the tool again; it proposes a new plan."
_NEXT_STEPS = {
    PlanState.PROPOSED: (
        "A person must approve it on a terminal: airbyte-mcp-server approvals approve {plan_id}."
        " Then call apply_plan with plan_id {plan_id}."
    ),
    PlanState.APPROVED: "It is approved: call apply_plan with plan_id {plan_id}.",
    PlanState.EXECUTING: (
        "If it stays so, the server was killed while at it: call get_connection and list_jobs to see what"
        " Airbyte did."
    ),
    PlanState.OUTCOME_UNKNOWN: (
        "Call get_connection and list_jobs to see what Airbyte did; do not simply try again."
    ),
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
