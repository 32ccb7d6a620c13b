"""Clients that read and change through a balancer while things go wrong; each has a name and a connection of its own."""

from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import anyio
from anyio.to_thread import run_sync

from accounting import Wish
from harness import Era, Person, client_on, client_wire, data_of

NEVER = 50.0


@dataclass
class Caller:
    """One person's client.

    Attributes:
        connection_id: What is changed.
        patience: How long a call is waited for, in seconds, each time anew; then the client is gone.
        before_each: What happens before each change.
        told: What came of each wish, as far as this client knows.
        reads: How often reading went well, and how often not.
    """

    url: str
    token: str
    connection_id: str
    patience: Callable[[], float] = lambda: NEVER
    before_each: Callable[[], object] = lambda: None
    person: Person = field(default_factory=Person)
    told: dict[Wish, str] = field(default_factory=dict[Wish, str])
    reads: Counter[str] = field(default_factory=Counter[str])

    async def call_until(self, over: anyio.Event) -> None:
        """Change, read, and so on."""
        while not over.is_set():
            await run_sync(self.before_each)
            minute = len(self.told)
            wish = Wish(self.connection_id, f"0 {minute % 60} {minute // 60 % 24} {1 + minute // 1440} * ?")
            self.told[wish] = await self._outcome("update_schedule", wish)
            self.reads[await self._outcome("list_workspaces", None)] += 1

    async def _outcome(self, tool: str, wish: Wish | None) -> str:
        arguments = {"connections": [wish.connection_id], "cron": wish.cron} if wish else {}
        told = "gone"
        try:
            with anyio.move_on_after(self.patience()):
                async with AsyncExitStack() as stack:
                    wire = await client_wire(stack, "http", self.url, self.token)
                    client = await stack.enter_async_context(client_on(wire, Era.MODERN, self.person))
                    result = await client.call_tool(tool, arguments)
                    told = "error" if result.is_error else str(data_of(result).get("status", "read"))
        except Exception:  # noqa: BLE001 - whatever becomes of a client whose server is killed, it must not count
            told = "broken"
        return told
