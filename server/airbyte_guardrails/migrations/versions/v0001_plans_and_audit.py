"""Plans, approvals, refusals and the audit.

Files from before migrations have the same tables; where they name a length
and this does not, SQLite never looked at it.
"""

from alembic import op
from sqlalchemy import Column, ForeignKey, Integer, String, Text

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    _plans()
    _decisions()
    _audit()


def _plans() -> None:
    op.create_table(
        "plans",
        Column("id", String(64), primary_key=True),
        Column("requester", Text, nullable=False, index=True),
        Column("wish", String(64), nullable=False, index=True),
        Column("digest", String(64), nullable=False),
        Column("state", String(20), nullable=False, index=True),
        Column("created_at", String(32), nullable=False),
        Column("approve_by", String(32), nullable=False),
        Column("apply_by", String(32)),
        Column("document", Text, nullable=False),
        Column("outcomes", Text, nullable=False),
        Column("closing_note", Text, nullable=False),
    )


def _decisions() -> None:
    op.create_table(
        "approvals",
        Column("plan_id", String(64), ForeignKey("plans.id"), primary_key=True),
        Column("digest", String(64), nullable=False),
        Column("decision", String(10), nullable=False),
        Column("evidence", String(20), nullable=False),
        Column("approver", Text, nullable=False),
        Column("reason", Text, nullable=False),
        Column("decided_at", String(32), nullable=False),
    )
    op.create_table(
        "refusals",
        Column("plan_id", String(64), ForeignKey("plans.id"), primary_key=True),
        Column("target_id", Text, primary_key=True, index=True),
        Column("action", Text, nullable=False),
        Column("address", Text, nullable=False),
        Column("refused_at", String(32), nullable=False),
        Column("lifted", Integer, nullable=False),
    )


def _audit() -> None:
    op.create_table(
        "audit_records",
        Column("number", Integer, primary_key=True, autoincrement=False),
        Column("at", String(32), nullable=False),
        Column("kind", String(20), nullable=False),
        Column("plan_id", String(64), nullable=False, index=True),
        Column("document", Text, nullable=False),
        Column("previous_hash", String(64), nullable=False),
        Column("hash", String(64), nullable=False),
    )
    op.create_table(
        "audit_head",
        Column("number", Integer, primary_key=True, autoincrement=False),
        Column("hash", String(64), nullable=False),
    )
