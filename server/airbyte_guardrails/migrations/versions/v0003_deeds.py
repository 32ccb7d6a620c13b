"""What rates count, in rows of its own: whole plans are too much to read under the store's lock."""

import json
from collections.abc import Iterator
from typing import Any

from alembic import op
from sqlalchemy import Column, ForeignKey, Integer, Row, String, Text, column, select, table

revision = "0003"
down_revision = "0002"

_PRINCIPALS = ("token:", "oauth:")


def upgrade() -> None:
    """Make the table, with what was begun before in it, so that no rate forgets."""
    deeds = op.create_table(
        "deeds",
        Column("plan_id", String(64), ForeignKey("plans.id"), primary_key=True),
        Column("place", Integer, primary_key=True, autoincrement=False),
        Column("begun_at", String(32), nullable=False, index=True),
        Column("action", Text, nullable=False),
        Column("instance", Text, nullable=False),
        Column("address", Text, nullable=False),
        Column("workspace", Text),
        Column("connection", Text),
        Column("principal", Text),
    )
    plans = table("plans", *map(column, ("id", "requester", "begun_at", "document")))
    for row in op.get_bind().execute(select(plans).where(plans.c.begun_at.is_not(None))).all():
        op.bulk_insert(deeds, list(_deeds(row)))


def _deeds(row: Row[Any]) -> Iterator[dict[str, str | int | None]]:
    plan = json.loads(row.document)
    actions = dict.fromkeys((plan["action"], plan.get("acts_as") or plan["action"]))
    done = [(action, target) for action in actions for target in plan["targets"]]
    for place, (action, target) in enumerate(done):
        is_connection = target["kind"] == "connection"
        yield {
            "plan_id": row.id,
            "place": place,
            "begun_at": row.begun_at,
            "action": action,
            "instance": plan["instance"]["name"],
            "address": plan["instance"]["address"],
            "workspace": target.get("workspace_id"),
            "connection": target["id"] if is_connection else target.get("connection_id"),
            "principal": row.requester if row.requester.startswith(_PRINCIPALS) else None,
        }
