"""What became of a change, as the one answer that all mutating tools give."""

from airbyte_guardrails.evidence import Evidence
from airbyte_guardrails.plans import Plan
from airbyte_guardrails.states import PlanState
from airbyte_guardrails.wording import question
from airbyte_tools.answers import ChangeResult
from airbyte_tools.plans import plan_next_step, target_results
from airbyte_tools.tool import NothingToDo
from airbyte_tools.words import iso, quoted

_HEADLINES = {
    PlanState.PROPOSED: "Nothing was changed yet: a person has to approve this first.",
    PlanState.APPROVED: "Approved, not done yet.",
    PlanState.EXECUTING: "It is being done, or the server that did it has died.",
    PlanState.EXECUTED: "Done, as the person approved it.",
    PlanState.FAILED: "Approved, but it did not work out as planned.",
    PlanState.OUTCOME_UNKNOWN: "It may have been sent; what Airbyte made of it is not known for certain.",
    PlanState.DENIED: "Nothing was changed: it was not approved.",
    PlanState.EXPIRED: "Nothing was changed: its time is over.",
    PlanState.STALE: "Nothing was changed: things are no longer as the person saw them.",
    PlanState.SUPERSEDED: "Nothing was changed: a newer plan replaced this one.",
}


def nothing_to_do(answer: NothingToDo) -> tuple[ChangeResult, str]:
    """A change that is already so."""
    result = ChangeResult(status="nothing_to_do", plan_id=None, results=[], next_step=answer.next_step)
    return result, f"{answer.message} {answer.next_step}".strip()


def of_plan(plan: Plan, where_to_approve: str | None = None) -> tuple[ChangeResult, str]:
    """A plan as it stands: waiting, refused, or done with an outcome for each target.

    Args:
        plan: The plan.
        where_to_approve: In words that follow "approve it"; None for somebody who is at a terminal.
    """
    if where_to_approve is None:
        where_to_approve = on_a_terminal(plan)
    status = "approval_required" if plan.state is PlanState.PROPOSED else plan.state.value
    result = ChangeResult(
        status=status,
        plan_id=plan.id,
        results=target_results(plan),
        next_step=plan_next_step(plan, where_to_approve),
    )
    return result, in_words(plan, result)


def on_a_terminal(plan: Plan) -> str:
    """The command that approves a plan on a terminal, in words that follow "approve it"."""
    return f"on a terminal: airbyte-mcp-server approvals approve {plan.id}"


def in_words(plan: Plan, result: ChangeResult) -> str:
    """A plan as it stands, with what came of it, for a reader."""
    return "\n".join(_lines(plan, result))


def _due(plan: Plan) -> str:
    if plan.apply_by is not None:
        return f"applied until {iso(plan.apply_by)}"
    return f"approved until {iso(plan.approve_by)}"


def _headline(plan: Plan) -> str:
    if plan.state is PlanState.PROPOSED and plan.least_evidence is Evidence.MODEL_ASSERTED:
        return "Nothing was changed yet: this has to be confirmed first."
    if plan.state is PlanState.EXECUTED and plan.closing_note:
        return "Done, without a person."
    return _HEADLINES[plan.state]


def _lines(plan: Plan, result: ChangeResult) -> list[str]:
    lines = [_headline(plan)]
    if plan.closing_note not in result.next_step:
        lines.append(plan.closing_note)
    if plan.state in (PlanState.PROPOSED, PlanState.APPROVED):
        lines += [question(plan), f"Plan {plan.id}, to be {_due(plan)}."]
    lines += [f"- {quoted(r.name)} ({r.id}): {r.status}, {r.message}" for r in result.results]
    if result.next_step:
        lines.append(result.next_step)
    return lines
