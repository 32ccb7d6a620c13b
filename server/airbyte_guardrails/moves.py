"""One step of a plan from one state to the next, inside the caller's write transaction."""

from sqlalchemy import Connection, update

from airbyte_guardrails.errors import PlanNotFoundError, PlanNotPendingError
from airbyte_guardrails.plans import Plan
from airbyte_guardrails.rows import find
from airbyte_guardrails.schema import plans
from airbyte_guardrails.states import PlanState, leads_to


def required(connection: Connection, plan_id: str) -> Plan:
    """The plan with this id.

    Raises:
        PlanNotFoundError: No such plan.
    """
    plan = find(connection, plan_id)
    if plan is None:
        raise PlanNotFoundError(plan_id)
    return plan


def move(connection: Connection, plan: Plan, state: PlanState, **values: str | None) -> None:
    """Compare and set: to `state`, from a state that may lead there.

    Raises:
        PlanNotPendingError: The plan has left such a state.
    """
    moved = connection.execute(
        update(plans)
        .where(plans.c.id == plan.id, plans.c.state.in_(leads_to(state)))
        .values(state=state.value, **values)
    )
    if moved.rowcount != 1:
        raise not_pending(plan)


def not_pending(plan: Plan) -> PlanNotPendingError:
    """The refusal of a move that the plan's state does not allow."""
    return PlanNotPendingError(
        f"Plan {plan.id} is {plan.state}, so this cannot be done.",
        "Call get_plan to see what became of it, or call the tool again for a new plan.",
    )
