"""A desktop: a client that cannot ask, its server, and the browser that this opens, as far as HTTP goes."""

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
from anyio.to_thread import run_sync
from mcp import Client

from airbyte_guardrails.plans import Plan
from browser_hook import BrowserHook, browser_hook
from deciding_elsewhere import Elsewhere, elsewhere
from harness import HEALTHY, Desk, Era, connected

TRIGGER = {"connections": [HEALTHY]}
DIGEST = re.compile(r'name="digest" value="(\w{64})"')


@dataclass(frozen=True)
class Window:
    """What a browser would do with the address that it was given."""

    address: str

    @property
    def origin(self) -> str:
        """Where the page is."""
        return self.address.partition("/#")[0]

    @property
    def secret(self) -> str:
        """What stands in the fragment."""
        return urlsplit(self.address).fragment

    def get(self, path: str = "/", **headers: str) -> httpx.Response:
        """Open a page."""
        return httpx.get(self.origin + path, headers=headers, timeout=30)

    def post(self, headers: dict[str, str] | None = None, /, **fields: str) -> httpx.Response:
        """Send a form of the page, with the secret if the test gives no other."""
        sent = {"Origin": self.origin} | (headers or {})
        return httpx.post(self.origin, data={"secret": self.secret} | fields, headers=sent, timeout=30)

    def decide(self, decision: str, **fields: str) -> httpx.Response:
        """Open the plan and send its form."""
        (digest,) = DIGEST.findall(self.post().text)
        return self.post(**{"decision": decision, "digest": digest} | fields)

    def is_gone(self) -> bool:
        """Whether nobody listens any more."""
        try:
            self.get()
        except httpx.TransportError:
            return True
        return False


@dataclass(frozen=True)
class AtTheDesktop:
    """A client that cannot ask, its server, the browser that this opens, and somebody elsewhere."""

    client: Client
    hook: BrowserHook
    other: Elsewhere

    async def window(self) -> Window:
        """The window that the server opens next."""
        return Window(await run_sync(self.hook.address))

    async def plan_and_window(self, tool: str = "trigger_sync", **arguments: Any) -> tuple[Plan, Window]:
        """A plan for which no call waits, and its window."""
        await self.client.call_tool(tool, arguments or TRIGGER)
        return await run_sync(self.other.waiting_plan), await self.window()


@asynccontextmanager
async def at_the_desktop(desk: Desk, **settings: str) -> AsyncGenerator[AtTheDesktop]:
    """A desktop on which nobody waits long unless the settings say so."""
    with browser_hook(desk.folder) as hook:
        async with connected(desk, era=Era.MUTE, settings=hook.settings | settings) as client:
            with elsewhere(desk) as other:
                yield AtTheDesktop(client, hook, other)
