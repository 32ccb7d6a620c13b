"""What was changed, newest first: plans that were begun, each with the decision that let it.

A pending plan is its requester's alone. A plan that was begun is history, and
everybody who can reach this Airbyte may see it and take it back.
"""

from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, select

from airbyte_guardrails.errors import PlanNotFoundError
from airbyte_guardrails.evidence import Decision, Evidence
from airbyte_guardrails.plans import ChangeRecord, Plan, WantedChanges, canonical_json
from airbyte_guardrails.rows import find, plan_from
from airbyte_guardrails.schema import approvals, plans
from airbyte_guardrails.states import PlanState
from airbyte_guardrails.store import Store
from airbyte_guardrails.timestamps import from_text

_BEGUN = (PlanState.EXECUTING, PlanState.EXECUTED, PlanState.FAILED, PlanState.OUTCOME_UNKNOWN)
_BATCH = 100


def changes(store: Store, address: str, wanted: WantedChanges) -> list[ChangeRecord]:
    """The begun plans of one Airbyte that fit, newest first; bounded in memory, however many there are.

    Raises:
        StoreUnavailableError: The store cannot be read.
    """
    told = [address, wanted.action, wanted.connection_id]
    query = _begun().where(*(_mentions(text) for text in told if text is not None))
    query = query.order_by(*_NEWEST_FIRST).execution_options(yield_per=_BATCH)
    with store.reading() as connection, connection.execute(query) as rows:
        fitting = (record for row in rows if _fits(record := _record(row), address, wanted))
        return list(islice(fitting, wanted.offset, wanted.offset + wanted.limit))


def change(store: Store, address: str, plan_id: str) -> ChangeRecord:
    """One begun plan of one Airbyte.

    Raises:
        PlanNotFoundError: There is none of this id.
        StoreUnavailableError: The store cannot be read.
    """
    with store.reading() as connection:
        if find(connection, plan_id) is None:
            raise PlanNotFoundError(plan_id)
        row = connection.execute(_begun().where(plans.c.id == plan_id)).first()
    if row is None or (record := _record(row)).plan.instance.address != address:
        raise PlanNotFoundError(plan_id)
    return record


_AT = func.coalesce(plans.c.begun_at, approvals.c.decided_at)
_NEWEST_FIRST = (_AT.desc(), plans.c.id.desc())


def _begun() -> Select[Any]:
    approved = (approvals.c.plan_id == plans.c.id) & (approvals.c.decision == Decision.APPROVE)
    return (
        select(plans, approvals.c.approver, approvals.c.evidence, _AT.label("at"))
        .join(approvals, approved)
        .where(plans.c.state.in_(_BEGUN))
    )


def _mentions(text: str) -> ColumnElement[bool]:
    """Whether a plan's document holds this text as a JSON string: fewer rows to read; `_fits` decides."""
    return plans.c.document.contains(canonical_json(text), autoescape=True)


def _fits(record: ChangeRecord, address: str, wanted: WantedChanges) -> bool:
    plan = record.plan
    return bool(
        plan.instance.address == address
        and wanted.action in (None, plan.action)
        and (wanted.connection_id is None or wanted.connection_id in _connections(plan))
        and (wanted.workspace_id is None or _workspaces(plan) & {wanted.workspace_id, None})
    )


def _connections(plan: Plan) -> set[str]:
    return {target.connection_id or target.id for target in plan.targets}


def _workspaces(plan: Plan) -> set[str | None]:
    """The workspaces of its targets; None where older versions of Airbyte do not say."""
    return {target.workspace_id for target in plan.targets}


def _record(row: Row[Any]) -> ChangeRecord:
    return ChangeRecord(
        plan=plan_from(row),
        approver=row.approver,
        evidence=Evidence(row.evidence),
        at=from_text(row.at),
    )
