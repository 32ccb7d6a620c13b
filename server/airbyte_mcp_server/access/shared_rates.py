"""So many in a minute, for each person, over all replicas: the store that they share counts.

A read must not fail because the store is down, so there each process goes on
with a count of its own. A change has no such way out: without the store it is
refused anyway.
"""

import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import anyio
from anyio.to_thread import run_sync

from airbyte_guardrails.errors import StoreUnavailableError
from airbyte_mcp_server.access.rates import Limit

if TYPE_CHECKING:
    from airbyte_guardrails.allowances import Allowance
    from airbyte_guardrails.store import Store

logger = logging.getLogger(__name__)

ANSWER_SECONDS = 3.0
"""How long a read waits for the count: more than opening the store takes, less than a person notices."""
ALONE_SECONDS = 10.0
"""How long the store is left in peace after it did not count."""


class SharedRate:
    """A minute's worth for each person, in PostgreSQL.

    Args:
        store: The store of plans, asked for when first used.
        kind: What is counted.
        per_minute: How many; 0 for no limit.
    """

    def __init__(self, store: "Callable[[], Store]", kind: str, per_minute: int) -> None:
        self._store = store
        self._kind = kind
        self._per_minute = per_minute
        self._allowance: Allowance | None = None

    async def take(self, person: str) -> float:
        """As every limit.

        Raises:
            StoreUnavailableError: The store cannot be reached.
        """
        if not self._per_minute:
            return 0.0
        if self._allowance is None:
            from airbyte_guardrails.allowances import Allowance  # noqa: PLC0415 - SQLAlchemy is heavy at start-up

            self._allowance = Allowance(self._store(), self._kind, self._per_minute)
        return await run_sync(self._allowance.take, person, abandon_on_cancel=True)


class ForgivingRate:
    """A shared limit that falls back on one of this process while the store does not answer."""

    def __init__(self, shared: SharedRate, own: Limit) -> None:
        self._shared = shared
        self._own = own
        self._alone_until = float("-inf")

    async def take(self, person: str) -> float:
        """As every limit."""
        if time.monotonic() >= self._alone_until:
            try:
                with anyio.fail_after(ANSWER_SECONDS):
                    return await self._shared.take(person)
            except (StoreUnavailableError, TimeoutError):
                logger.warning("The store does not count calls now; this process counts its own.")
                self._alone_until = time.monotonic() + ALONE_SECONDS
        return await self._own.take(person)
