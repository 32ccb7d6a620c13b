"""The store of a desk's servers, looked at and held as another program could: a file, or a PostgreSQL database."""

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from airbyte_guardrails import audit
from airbyte_guardrails.engines.postgresql import WRITE_LOCK
from airbyte_guardrails.searching import Record, Search, found
from airbyte_guardrails.store import Store
from airbyte_guardrails.timestamps import to_text
from harness import Desk


class StoreOf(ABC):
    """A store with one plan in it.

    Args:
        address: As the product opens it.
        settings: What leads servers there.
    """

    def __init__(self, address: Path | str, settings: dict[str, str]) -> None:
        self.settings = settings
        self._address = address

    @abstractmethod
    def lock(self) -> None:
        """Let nobody else write."""

    @abstractmethod
    def unlock(self) -> None:
        """Let others write again."""

    @abstractmethod
    def is_waited_for(self, pid: int) -> bool:
        """Whether a server, by the id of its process, waits until this is unlocked."""

    @abstractmethod
    def run(self, statement: str) -> Sequence[tuple[Any, ...]]:
        """Run one statement, and keep what it did; the rows that it gives."""

    def plan(self) -> tuple[str, str]:
        """The id and the state of the one plan."""
        ((plan_id, state),) = self.run("SELECT id, state FROM plans")
        return plan_id, state

    def lease(self) -> str:
        """Until when the one plan is left to its worker."""
        ((until,),) = self.run("SELECT lease_until FROM plans")
        return str(until)

    def give_up_worker(self) -> None:
        """What time does to a worker that is not heard of any more: its lease is over, and no longer its own."""
        self.run("UPDATE plans SET worker = 'gone', lease_until = '2000-01-01T00:00:00.000000Z'")

    def age(self, days: int) -> None:
        """Let the one plan have been begun so many days ago."""
        begun = to_text(datetime.now(UTC) - timedelta(days=days))
        self.run(f"UPDATE plans SET begun_at = '{begun}'")  # noqa: S608 - the time is our own

    def forget_progress(self) -> None:
        """Leave the one plan as a version did that kept no entry for each target."""
        self.run("UPDATE plans SET outcomes = '[]', baselines = '{}', lease_until = NULL")

    def records(self) -> Sequence[Record]:
        """The audit, which must be whole."""
        store = Store(self._address)
        with store.reading() as connection:
            assert audit.broken_at(connection) is None
            records = list(found(connection, Search()))
        store.close()
        return records


class FileStoreOf(StoreOf):
    """The file in a desk's data folder."""

    def __init__(self, desk: Desk) -> None:
        self._file = desk.folder / "data" / "plans.sqlite"
        super().__init__(self._file, {})
        self._holding: sqlite3.Connection | None = None

    def lock(self) -> None:
        """Begin a writing transaction."""
        self._holding = sqlite3.connect(self._file, isolation_level=None, check_same_thread=False)
        self._holding.execute("BEGIN IMMEDIATE")

    def unlock(self) -> None:
        """End it."""
        if self._holding is not None:
            self._holding.close()

    def is_waited_for(self, pid: int) -> bool:
        """Whether a thread sleeps, which none does but SQLite's, waiting for a lock."""
        tasks = Path(f"/proc/{pid}/task")
        return any("nanosleep" in (task / "wchan").read_text() for task in tasks.iterdir())

    def run(self, statement: str) -> Sequence[tuple[Any, ...]]:
        """By a connection of its own."""
        with closing(sqlite3.connect(self._file)) as raw, raw:
            return raw.execute(statement).fetchall()


class DatabaseStoreOf(StoreOf):
    """A PostgreSQL database."""

    def __init__(self, address: str) -> None:
        super().__init__(address, {"AIRBYTE_MCP_STORE": address})
        self._database = address
        self._holding: psycopg.Connection | None = None

    def lock(self) -> None:
        """Hold what every writing transaction takes first."""
        self._holding = psycopg.connect(self._database, autocommit=True)
        self._holding.execute(f"SELECT pg_advisory_lock({WRITE_LOCK})".encode())

    def unlock(self) -> None:
        """Let it go."""
        if self._holding is not None:
            self._holding.close()

    def is_waited_for(self, pid: int) -> bool:
        """Whether anybody at all waits for a lock: there is one server, whatever its process is called there."""
        del pid
        return self.run("SELECT count(*) FROM pg_locks WHERE NOT granted") != [(0,)]

    def run(self, statement: str) -> Sequence[tuple[Any, ...]]:
        """By a connection of its own."""
        with psycopg.connect(self._database) as connection:
            done = connection.execute(statement.encode())
            return done.fetchall() if done.description else []
