"""The kinds of database that a store can live in, each behind the same few names."""

from pathlib import Path
from typing import Protocol

from sqlalchemy import Engine

from airbyte_guardrails.errors import StoreUnavailableError

WRITES = "airbyte_writes"
"""The execution option of a transaction that writes: its first act is to take the store's write lock."""

COUNTS = "airbyte_counts"
"""That of one that only counts: it takes no lock but its rows', waits briefly, and may be forgotten."""


class Database(Protocol):
    """One database, not yet opened."""

    @property
    def name(self) -> str:
        """How messages name it; never with a password."""
        ...

    def connect(self) -> Engine:
        """A pool of connections whose transactions begin as `WRITES` says."""
        ...

    def refusal(self, fault: Exception) -> StoreUnavailableError:
        """What a fault of this database means, and what to do about it."""
        ...


def database_at(address: Path | str, lock_seconds: float) -> Database:
    """The database at a file's path or at a PostgreSQL address.

    Raises:
        StoreUnavailableError: `address` is text, but no PostgreSQL address.
    """
    if isinstance(address, Path):
        from airbyte_guardrails.engines.sqlite import SqliteFile  # noqa: PLC0415 - one kind is used, so one loads

        return SqliteFile(address, lock_seconds)
    from airbyte_guardrails.engines.postgresql import PostgresqlDatabase  # noqa: PLC0415 - as above

    return PostgresqlDatabase(address, lock_seconds)
