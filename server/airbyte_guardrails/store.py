"""One database for plans, approvals and audit, so that they can never disagree.

Every write is one transaction that first takes the one write lock of the
store, which is what makes compare-and-set, limits and the audit chain hold
across threads, processes and replicas. What the lock is, and what a fault
means, each kind of database says itself: see `engines`.
"""

import logging
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from pydantic import ValidationError
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from airbyte_guardrails.audit import IN_FORCE, InForce
from airbyte_guardrails.engines import COUNTS, WRITES, database_at
from airbyte_guardrails.migrating import bring_up_to_date

logger = logging.getLogger(__name__)

LOCK_SECONDS = 10.0


class Store:
    """A store, opened and if need be created or migrated when first used.

    Args:
        address: A file for SQLite, or the `postgresql://` address of a PostgreSQL database.
        lock_seconds: How long a write waits for those of others.
        in_force: Digests that every audit record written through this store carries.

    Raises:
        StoreUnavailableError: At once, when `address` is of another kind; from `reading` and `writing`,
            when the database cannot be opened, read or written in time. Then nothing was written, or,
            where the connection broke at the very commit, it is not known: callers go on only without
            an error.
    """

    def __init__(
        self, address: Path | str, *, lock_seconds: float = LOCK_SECONDS, in_force: InForce | None = None
    ) -> None:
        self._database = database_at(address, lock_seconds)
        self._writes = {WRITES: True, IN_FORCE: in_force or InForce()}
        self._engine: Engine | None = None
        self._opening = Lock()

    @contextmanager
    def reading(self) -> Generator[Connection]:
        """One consistent view of the store, which takes no lock that others wait for."""
        with self._faults(), self._open().begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Generator[Connection]:
        """A transaction that holds the write lock; commits at the end, rolls back on any exception."""
        with self._faults(), self._open().execution_options(**self._writes).begin() as connection:
            yield connection

    @contextmanager
    def counting(self) -> Generator[Connection]:
        """A transaction beside the write lock, for what is only counted: soon over, never worth a wait."""
        with self._faults(), self._open().execution_options(**{COUNTS: True}).begin() as connection:
            yield connection

    def close(self) -> None:
        """Close every pooled connection; the store can be used again afterwards."""
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    def _open(self) -> Engine:
        with self._opening:
            if self._engine is None:
                engine = self._database.connect()
                try:
                    bring_up_to_date(engine, self._database.name)
                except BaseException:
                    engine.dispose()
                    raise
                self._engine = engine
            return self._engine

    @contextmanager
    def _faults(self) -> Generator[None]:
        try:
            yield
        except (SQLAlchemyError, ValidationError, OSError) as fault:
            # The driver's words, which name neither what was stored nor the address's password.
            told = fault.orig if isinstance(fault, DBAPIError) else type(fault).__name__
            logger.warning("The store at %s failed: %s", self._database.name, told)
            raise self._database.refusal(fault) from fault
