"""The memory of noes: what a person refused is not asked again at once.

It holds for everybody who would ask, not only for the requester who was
refused: an assistant that starts afresh is still the same assistant.
"""

from datetime import datetime, timedelta

from sqlalchemy import Connection, insert, select, update

from airbyte_guardrails.errors import CoolingDownError
from airbyte_guardrails.plans import Plan
from airbyte_guardrails.schema import refusals
from airbyte_guardrails.timestamps import from_text, to_text

REMEMBERED = timedelta(hours=24)


def remember(connection: Connection, plan: Plan, now: datetime) -> None:
    """Note a no for each target of the plan, to what it comes to: a way around leads to the same."""
    for target_id in {target.id for target in plan.targets}:
        connection.execute(
            insert(refusals).values(
                plan_id=plan.id,
                target_id=target_id,
                action=plan.acts_as or plan.action,
                address=plan.instance.address,
                refused_at=to_text(now),
            )
        )


def considered(connection: Connection, plan: Plan, now: datetime, cool_down: timedelta) -> Plan:
    """The plan, with a warning if a person refused the same within a day.

    Raises:
        CoolingDownError: The last no is younger than `cool_down` and was not lifted.
    """
    newest = connection.execute(
        select(refusals)
        .where(
            refusals.c.action.in_((plan.action, plan.acts_as or plan.action)),
            refusals.c.address == plan.instance.address,
            refusals.c.target_id.in_([target.id for target in plan.targets]),
            refusals.c.refused_at > to_text(now - REMEMBERED),
        )
        .order_by(refusals.c.refused_at.desc())
        .limit(1)
    ).first()
    if newest is None:
        return plan
    ago = now - from_text(newest.refused_at)
    if ago < cool_down and not newest.lifted:
        raise CoolingDownError(newest.plan_id, ago, cool_down)
    warning = f"A person refused this {_minutes(ago)} before this question was made."
    return plan.model_copy(update={"warnings": (*plan.warnings, warning)})


def lift(connection: Connection, plan: Plan) -> bool:
    """End the cool-down of a refused plan; whether there was one to end."""
    lifted = connection.execute(
        update(refusals).where(refusals.c.plan_id == plan.id, refusals.c.lifted == 0).values(lifted=1)
    )
    return lifted.rowcount > 0


def _minutes(span: timedelta) -> str:
    minutes = max(int(span.total_seconds() // 60), 1)
    return "1 minute" if minutes == 1 else f"{minutes} minutes"
