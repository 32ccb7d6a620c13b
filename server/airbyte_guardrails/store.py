"""One database for plans, approvals and audit, so that they can never disagree.

SQLite, one file in the user's data folder, owner-only, in WAL mode. Every
write is one transaction that takes the write lock first, which is what makes
compare-and-set and the audit chain hold across threads and processes.
"""

import os
import stat
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

from pydantic import ValidationError
from sqlalchemy import (
    Column,
    Connection,
    Engine,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    event,
)
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from airbyte_guardrails.errors import StoreUnavailableError

SCHEMA_VERSION = 1
BUSY_TIMEOUT_MS = 10_000
_WRITES = "airbyte_writes"

metadata = MetaData()

# Times are ISO 8601 UTC text of one width (see `timestamps`), so that they sort as text on any database.
plans = Table(
    "plans",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("requester", String(200), nullable=False, index=True),
    Column("wish", String(64), nullable=False, index=True),
    Column("digest", String(64), nullable=False),
    Column("state", String(20), nullable=False, index=True),
    Column("created_at", String(32), nullable=False),
    Column("approve_by", String(32), nullable=False),
    Column("apply_by", String(32)),
    Column("document", Text, nullable=False),
    Column("outcomes", Text, nullable=False, default="[]"),
    Column("closing_note", Text, nullable=False, default=""),
)

# The primary key makes a decision write-once: a second one for the same plan cannot be stored.
approvals = Table(
    "approvals",
    metadata,
    Column("plan_id", String(64), ForeignKey("plans.id"), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("decision", String(10), nullable=False),
    Column("evidence", String(20), nullable=False),
    Column("approver", String(200), nullable=False),
    Column("reason", Text, nullable=False),
    Column("decided_at", String(32), nullable=False),
)

# One row: the newest record, so that an end that was cut off shows.
audit_head = Table(
    "audit_head",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("hash", String(64), nullable=False),
)

# One row for each target of a refused plan: the same action on it is not asked for again at once.
refusals = Table(
    "refusals",
    metadata,
    Column("plan_id", String(64), ForeignKey("plans.id"), primary_key=True),
    Column("target_id", String(200), primary_key=True, index=True),
    Column("action", String(100), nullable=False),
    Column("address", Text, nullable=False),
    Column("refused_at", String(32), nullable=False),
    Column("lifted", Integer, nullable=False, default=0),
)

audit_records = Table(
    "audit_records",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", String(32), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("plan_id", String(64), nullable=False, index=True),
    Column("document", Text, nullable=False),
    Column("previous_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)


class Store:
    """A database file, opened and created when first used.

    Raises:
        StoreUnavailableError: From `reading` and `writing`, when the file
            cannot be opened, read or written in time.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._engine: Engine | None = None
        self._opening = Lock()

    @contextmanager
    def reading(self) -> Generator[Connection]:
        """A connection that only reads and takes no lock that others wait for."""
        with self._faults(), self._open().begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Generator[Connection]:
        """A transaction that holds the write lock; commits at the end, rolls back on any exception."""
        with self._faults(), self._open().execution_options(**{_WRITES: True}).begin() as connection:
            yield connection

    def close(self) -> None:
        """Close every pooled connection; the store can be used again afterwards."""
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    def _open(self) -> Engine:
        with self._opening:
            if self._engine is None:
                self._engine = _opened(self._path)
            return self._engine

    @contextmanager
    def _faults(self) -> Generator[None]:
        try:
            yield
        except (SQLAlchemyError, ValidationError, OSError) as fault:
            raise StoreUnavailableError(
                f"The store of plans at {self._path} cannot be used; without it nothing is sent to Airbyte.",
                "Check that the folder is writable and has space, and that no other program locks the file.",
            ) from fault


def _opened(path: Path) -> Engine:
    _create_owner_only(path)
    engine = create_engine(f"sqlite:///{path}")
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _begin)
    # Under the write lock, so that processes that open a new file at once make its tables once.
    with engine.execution_options(**{_WRITES: True}).begin() as connection:
        _require_version(connection, path)
        metadata.create_all(connection)
    return engine


def _require_version(connection: Connection, path: Path) -> None:
    version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
    if version > SCHEMA_VERSION:
        raise StoreUnavailableError(
            f"The store of plans at {path} was made by a newer version of this program.",
            "Update this program, or name another folder (AIRBYTE_MCP_DATA_DIR).",
        )
    connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _create_owner_only(path: Path) -> None:
    """Create the file for its owner only; refuse one into which others could have written approvals."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        file, folder = os.fstat(descriptor), path.parent.stat()
    finally:
        os.close(descriptor)
    others_write = stat.S_IWGRP | stat.S_IWOTH
    if {file.st_uid, folder.st_uid} - {os.geteuid()} or file.st_mode & 0o077 or folder.st_mode & others_write:
        raise StoreUnavailableError(
            f"The store of plans at {path} is open to other users of this machine, so it is not trusted.",
            f"Make it and its folder yours alone: chmod 700 {path.parent} && chmod 600 {path}.",
        )


def _configure(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    # sqlite3's own transactions start too late, at the first INSERT; ours start in _begin.
    raw: Any = connection  # the DB-API type knows nothing of sqlite3's isolation_level
    raw.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
