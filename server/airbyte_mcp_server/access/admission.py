"""Whether a call may run at all: what its token is for, and how many calls there were in the last minute."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from airbyte_mcp_server.access.rates import Limit, Rate
from airbyte_mcp_server.access.scopes import may_operate
from airbyte_mcp_server.access.shared_rates import ForgivingRate, SharedRate
from airbyte_mcp_server.settings.model import Settings
from airbyte_tools.errors import ToolFailureError

if TYPE_CHECKING:
    from airbyte_guardrails.store import Store


class NotAdmittedError(ToolFailureError):
    """The call was not run, whatever it asked for."""


class Admission:
    """Asked before a tool runs.

    Args:
        settings: With a store in PostgreSQL limits hold for all processes on it, else for this one.
        store: Gives that store. A file is never opened for it: tools that only read do without.
    """

    def __init__(self, settings: Settings, store: "Callable[[], Store]") -> None:
        self._calls: Limit = Rate(settings.calls_per_minute)
        self._changes: Limit = Rate(settings.changes_per_minute)
        if settings.store is not None:
            shared = SharedRate(store, "calls", settings.calls_per_minute)
            self._calls = ForgivingRate(shared, self._calls)
            self._changes = SharedRate(store, "changes", settings.changes_per_minute)

    async def require_call(self, person: str) -> None:
        """Count one call of a person.

        Raises:
            NotAdmittedError: They made too many in the last minute.
        """
        _require_none_left(await self._calls.take(person), "calls")

    async def require_change(self, tool: str, person: str, *, answers: bool) -> None:
        """Let a person call a tool that changes something.

        Args:
            tool: Its name.
            person: Who calls.
            answers: It is the second half of a call that was counted, with the answer to a question.

        Raises:
            NotAdmittedError: Their token only reads, or they made too many of these calls in the last minute.
            StoreUnavailableError: The store that counts them cannot be reached.
        """
        if not may_operate():
            raise NotAdmittedError(
                f"{tool} was not run: this token lets its holder read only.",
                "Ask the operator of this server for a token with the scope operate.",
            )
        if not answers:
            _require_none_left(await self._changes.take(person), "calls of tools that change something")


def _require_none_left(seconds: float, what: str) -> None:
    if seconds:
        raise NotAdmittedError(
            f"Not run: these are too many {what} within a minute.",
            f"Wait {math.ceil(seconds)} s, then call again; nothing was changed.",
        )
