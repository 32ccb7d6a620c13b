"""Who executes a plan and since when; people who sign in to approve; the settings of the last start."""

from alembic import op
from sqlalchemy import Column, Integer, String, Text

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the columns of execution, the tables of the approvals page, and the indexes that searches need."""
    _execution()
    _approvers()
    op.create_table(
        "settings_seen",
        Column("name", Text, primary_key=True),
        Column("digest", String(64), nullable=False),
        Column("at", String(32), nullable=False),
    )
    op.create_index("ix_audit_records_at", "audit_records", ["at"])


def _execution() -> None:
    op.add_column("plans", Column("begun_at", String(32)))
    op.add_column("plans", Column("lease_until", String(32)))
    op.add_column("plans", Column("worker", Text))
    op.add_column("plans", Column("baselines", Text, nullable=False, server_default="{}"))
    op.create_index("ix_plans_begun_at", "plans", ["begun_at"])


def _approvers() -> None:
    op.create_table(
        "approvers",
        Column("name", Text, primary_key=True),
        Column("password_hash", Text, nullable=False),
        Column("created_at", String(32), nullable=False),
        Column("disabled", Integer, nullable=False, server_default="0"),
    )
    op.create_table(
        "approver_sessions",
        Column("token_hash", String(64), primary_key=True),
        Column("approver", Text, nullable=False),
        Column("csrf", String(64), nullable=False),
        Column("created_at", String(32), nullable=False),
        Column("expires_at", String(32), nullable=False),
    )
    op.create_table(
        "sign_in_failures",
        Column("id", Integer, primary_key=True),
        Column("name", Text, nullable=False),
        Column("address", Text, nullable=False),
        Column("at", String(32), nullable=False, index=True),
    )
