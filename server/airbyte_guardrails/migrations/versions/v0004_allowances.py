"""Limits on calls that hold for all replicas."""

from alembic import op
from sqlalchemy import Column, Double, String, Text

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the table; everybody begins with a full allowance."""
    op.create_table(
        "allowances",
        Column("person", Text, primary_key=True),
        Column("kind", String(20), primary_key=True),
        Column("paid_at", Double, nullable=False),
    )
