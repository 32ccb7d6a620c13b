"""Brings a store's tables to what this program knows: created at once, or migrated step by step.

The stored revision is compared by plain SQL; alembic, which takes longer to
import than all the rest of a mutation, loads only when there is a step to take.
"""

from pathlib import Path

from sqlalchemy import Connection, Engine, insert, inspect, select

from airbyte_guardrails.engines import WRITES
from airbyte_guardrails.errors import StoreUnavailableError
from airbyte_guardrails.schema import REVISION, metadata, revision

FIRST_REVISION = "0001"


def bring_up_to_date(engine: Engine, name: str) -> None:
    """Create or migrate the tables, once, whoever else tries at the same time.

    Raises:
        StoreUnavailableError: A newer version of this program made them.
    """
    with engine.begin() as connection:
        stored = stored_revision(connection)
    _require_known(stored, name)
    if stored != REVISION:
        with engine.execution_options(**{WRITES: True}).begin() as connection:
            # Again, now that nobody else writes: another process may have been first.
            _change(connection, stored_revision(connection), name)


def _change(connection: Connection, stored: str | None, name: str) -> None:
    _require_known(stored, name)
    if stored is None:
        metadata.create_all(connection, checkfirst=False)
        connection.execute(insert(revision).values(version_num=REVISION))
    elif stored != REVISION:
        migrate(connection)
    if connection.dialect.name == "sqlite":
        # Versions from before migrations know only this number, and leave a file with a higher one alone.
        connection.exec_driver_sql(f"PRAGMA user_version = {int(REVISION)}")


def migrate(connection: Connection, target: str = "head") -> None:
    """Take every step from the stored revision to `target`, inside the caller's write transaction."""
    from alembic import command  # noqa: PLC0415 - a third of a second, for the rare start that needs it
    from alembic.config import Config  # noqa: PLC0415 - as above

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    if not inspect(connection).has_table(revision.name) and inspect(connection).has_table("plans"):
        command.stamp(config, FIRST_REVISION)
    command.upgrade(config, target)


def stored_revision(connection: Connection) -> str | None:
    """The revision of the tables, or None where there are none."""
    tables = inspect(connection)
    if tables.has_table(revision.name):
        return connection.scalar(select(revision.c.version_num))
    # Files from before migrations have plans and no revision; on PostgreSQL such plans are somebody else's.
    before_migrations = connection.dialect.name == "sqlite" and tables.has_table("plans")
    return FIRST_REVISION if before_migrations else None


def _require_known(stored: str | None, name: str) -> None:
    if stored is not None and stored > REVISION:
        raise StoreUnavailableError(
            f"The store of plans at {name} was made by a newer version of this program.",
            "Update this program, or name another store (AIRBYTE_MCP_DATA_DIR, AIRBYTE_MCP_STORE).",
        )
