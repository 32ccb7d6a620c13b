"""Plans as rows of the store, and back."""

import json
from typing import Any

from pydantic import JsonValue, TypeAdapter
from sqlalchemy import Connection, Row, select

from airbyte_guardrails.plans import Plan, TargetOutcome
from airbyte_guardrails.schema import plans
from airbyte_guardrails.states import PlanState
from airbyte_guardrails.timestamps import from_text, to_text

OUTCOMES = TypeAdapter(tuple[TargetOutcome, ...])

# What lives in columns of its own, because it changes or is searched for; the rest of a plan is one document.
_COLUMNS = {
    "requester",
    "digest",
    "state",
    "created_at",
    "approve_by",
    "apply_by",
    "outcomes",
    "closing_note",
    "begun_at",
    "lease_until",
}


def row_values(plan: Plan, wish: str) -> dict[str, str | None]:
    """A new plan as a row; `wish` identifies who wants what done to which targets."""
    return {
        "id": plan.id,
        "requester": plan.requester,
        "wish": wish,
        "digest": plan.digest,
        "state": plan.state.value,
        "created_at": to_text(plan.created_at),
        "approve_by": to_text(plan.approve_by),
        "document": plan.model_dump_json(exclude=_COLUMNS),
    }


def plan_from(row: Row[Any]) -> Plan:
    """A row as a plan, in the state that is stored."""
    document: dict[str, JsonValue] = json.loads(row.document)
    return Plan.model_validate(
        document
        | {
            "requester": row.requester,
            "digest": row.digest,
            "state": PlanState(row.state),
            "created_at": from_text(row.created_at),
            "approve_by": from_text(row.approve_by),
            "apply_by": from_text(row.apply_by) if row.apply_by else None,
            "outcomes": OUTCOMES.validate_json(row.outcomes),
            "closing_note": row.closing_note,
            "begun_at": from_text(row.begun_at) if row.begun_at else None,
            "lease_until": from_text(row.lease_until) if row.lease_until else None,
        }
    )


def find(connection: Connection, plan_id: str) -> Plan | None:
    """The plan with this id, if there is one."""
    if not (plan_id.isascii() and plan_id.isprintable()):
        return None  # PostgreSQL takes no such text, and no plan has such an id
    row = connection.execute(select(plans).where(plans.c.id == plan_id)).first()
    return None if row is None else plan_from(row)
