"""The tables of the store, the same on every database.

Times are ISO 8601 UTC text of one width (see `timestamps`), so that they sort
as text anywhere. Text that people or other systems wrote has no length limit
here, because PostgreSQL would enforce one that SQLite ignores. A change of
this module needs a new migration, which leads to the same schema.
"""

from sqlalchemy import (
    Column,
    Double,
    ForeignKey,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
)

REVISION = "0004"
"""The newest migration. Revisions are four digits, so that their order is their text's."""

metadata = MetaData()

revision = Table(
    "airbyte_mcp_revision",
    metadata,
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="airbyte_mcp_revision_pkc"),
)

plans = Table(
    "plans",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("requester", Text, nullable=False, index=True),
    Column("wish", String(64), nullable=False, index=True),
    Column("digest", String(64), nullable=False),
    Column("state", String(20), nullable=False, index=True),
    Column("created_at", String(32), nullable=False),
    Column("approve_by", String(32), nullable=False),
    Column("apply_by", String(32)),
    Column("document", Text, nullable=False),
    Column("outcomes", Text, nullable=False, default="[]"),
    Column("closing_note", Text, nullable=False, default=""),
    # Who executes it, since when, and until when others leave it alone; what stood there before, as JSON.
    Column("begun_at", String(32), index=True),
    Column("lease_until", String(32)),
    Column("worker", Text),
    Column("baselines", Text, nullable=False, server_default="{}"),
)

# One row for each target of a plan that was begun, and for each action that it comes to: what rates count.
deeds = Table(
    "deeds",
    metadata,
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

# The primary key makes a decision write-once: a second one for the same plan cannot be stored.
approvals = Table(
    "approvals",
    metadata,
    Column("plan_id", String(64), ForeignKey("plans.id"), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("decision", String(10), nullable=False),
    Column("evidence", String(20), nullable=False),
    Column("approver", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("decided_at", String(32), nullable=False),
)

# One row for each target of a refused plan: the same action on it is not asked for again at once.
refusals = Table(
    "refusals",
    metadata,
    Column("plan_id", String(64), ForeignKey("plans.id"), primary_key=True),
    Column("target_id", Text, primary_key=True, index=True),
    Column("action", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("refused_at", String(32), nullable=False),
    Column("lifted", Integer, nullable=False, default=0),
)

audit_records = Table(
    "audit_records",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", String(32), nullable=False, index=True),
    Column("kind", String(20), nullable=False),
    Column("plan_id", String(64), nullable=False, index=True),
    Column("document", Text, nullable=False),
    Column("previous_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)

# One row: the newest record, so that an end that was cut off shows.
audit_head = Table(
    "audit_head",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("hash", String(64), nullable=False),
)

approvers = Table(
    "approvers",
    metadata,
    Column("name", Text, primary_key=True),
    Column("password_hash", Text, nullable=False),
    Column("created_at", String(32), nullable=False),
    Column("disabled", Integer, nullable=False, server_default="0"),
)

approver_sessions = Table(
    "approver_sessions",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("approver", Text, nullable=False),
    Column("csrf", String(64), nullable=False),
    Column("created_at", String(32), nullable=False),
    Column("expires_at", String(32), nullable=False),
)

sign_in_failures = Table(
    "sign_in_failures",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("at", String(32), nullable=False, index=True),
)

# How many calls a person makes, where replicas share a store: until when those that were let through will be
# paid for at an even pace, in seconds since 1970 by the database's own clock.
allowances = Table(
    "allowances",
    metadata,
    Column("person", Text, primary_key=True),
    Column("kind", String(20), primary_key=True),
    Column("paid_at", Double, nullable=False),
)

# What was in force at the last start, so that a change is noticed.
settings_seen = Table(
    "settings_seen",
    metadata,
    Column("name", Text, primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("at", String(32), nullable=False),
)
