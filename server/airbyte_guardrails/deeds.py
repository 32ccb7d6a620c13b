"""What was begun, target by target, as far as rates ask: a few short columns, never whole plans.

Rates are counted under the store's one write lock, so what is read for them is
grouped by the database: its size grows with the connections and the people of
a period, not with the changes.
"""

from datetime import datetime

from sqlalchemy import Connection, func, insert, select

from airbyte_guardrails.plans import Plan
from airbyte_guardrails.policy.subjects import Deed, Subject, subjects_of
from airbyte_guardrails.schema import deeds
from airbyte_guardrails.timestamps import from_text, to_text

_FACTS = (
    deeds.c.action,
    deeds.c.instance,
    deeds.c.address,
    deeds.c.workspace,
    deeds.c.connection,
    deeds.c.principal,
)


def note(connection: Connection, plan: Plan, now: datetime) -> None:
    """Put on record that the plan is begun."""
    subjects = enumerate(subjects_of(plan))
    rows = [
        {"plan_id": plan.id, "place": place, "begun_at": to_text(now), **_row(one)} for place, one in subjects
    ]
    connection.execute(insert(deeds), rows)


def deeds_since(connection: Connection, since: datetime) -> list[Deed]:
    """Each target of each plan that was begun after `since`, whatever came of it; the same of many as one."""
    rows = connection.execute(
        select(*_FACTS, func.count().label("times"), func.max(deeds.c.begun_at).label("at"))
        .where(deeds.c.begun_at > to_text(since))
        .group_by(*_FACTS)
    ).all()
    return [
        Deed(
            Subject(
                action=row.action,
                instance=row.instance,
                address=row.address,
                workspace=row.workspace,
                connection=row.connection,
                principal=row.principal,
            ),
            from_text(row.at),
            row.times,
        )
        for row in rows
    ]


def _row(subject: Subject) -> dict[str, str | None]:
    return {
        "action": subject.action,
        "instance": subject.instance,
        "address": subject.address,
        "workspace": subject.workspace,
        "connection": subject.connection,
        "principal": subject.principal,
    }
