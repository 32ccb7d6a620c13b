"""So many calls in a minute for each person, counted by the database for all processes on it.

A person's row says when all calls that were let through will be paid for, at
an even pace. A call is let through if that is then at most a minute ahead: so
a minute's worth may come at once (GCRA). One statement looks and takes, by the
database's clock. In PostgreSQL only: who has a file as store has no replicas.
"""

import time

from sqlalchemy import Connection, text

from airbyte_guardrails.store import Store

MINUTE = 60.0
PRUNED_EVERY_SECONDS = 3_600.0

_ROUNDING = 0.001

_TAKE = text("""
    INSERT INTO allowances AS known (person, kind, paid_at)
    VALUES (:person, :kind, extract(epoch FROM statement_timestamp()) + :share)
    ON CONFLICT (person, kind) DO UPDATE
    SET paid_at = greatest(known.paid_at, extract(epoch FROM statement_timestamp())) + :share
    WHERE greatest(known.paid_at, extract(epoch FROM statement_timestamp())) + :share
        <= extract(epoch FROM statement_timestamp()) + :most
    RETURNING person
""")
_MISSING = text("""
    SELECT paid_at + :share - :most - extract(epoch FROM statement_timestamp())
    FROM allowances WHERE person = :person AND kind = :kind
""")
_PRUNE = text("DELETE FROM allowances WHERE paid_at < extract(epoch FROM statement_timestamp())")


class Allowance:
    """What each person may do of one kind.

    Args:
        store: In PostgreSQL.
        kind: What is counted, in at most 20 characters; the same word in all processes.
        per_minute: How many, at least 1.
    """

    def __init__(self, store: Store, kind: str, per_minute: int) -> None:
        self._store = store
        self._kind = kind
        self._share = MINUTE / per_minute
        self._prune_at = time.monotonic()

    def take(self, person: str) -> float:
        """Take one, if there is one; returns 0, or else after how many seconds there will be one.

        Blocks on the database: call it from a worker thread.

        Raises:
            StoreUnavailableError: It cannot be counted now; nothing was taken.
        """
        asked = {"person": person, "kind": self._kind, "share": self._share, "most": MINUTE + _ROUNDING}
        with self._store.counting() as connection:
            self._prune(connection)
            if connection.execute(_TAKE, asked).first() is not None:
                return 0.0
            # What others paid for meanwhile may leave nothing to wait for; it was refused all the same.
            return max(connection.execute(_MISSING, asked).scalar() or 0.0, _ROUNDING)

    def _prune(self, connection: Connection) -> None:
        """Now and then, forget whoever has paid for everything: they have a full allowance again."""
        if time.monotonic() >= self._prune_at:
            self._prune_at = time.monotonic() + PRUNED_EVERY_SECONDS
            connection.execute(_PRUNE)
