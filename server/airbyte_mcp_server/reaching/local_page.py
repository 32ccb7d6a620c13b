"""This process's own page for the person at this computer: there while plans wait, and opened for each."""

import asyncio
import logging
import socket
import time
from collections.abc import Awaitable, Callable
from contextvars import Context
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import uvicorn
from anyio.to_thread import run_sync

from airbyte_guardrails.errors import GuardrailError
from airbyte_guardrails.plans import Plan
from airbyte_guardrails.states import PlanState
from airbyte_mcp_server.access.slow_clients import bounded_to
from airbyte_mcp_server.reaching.local_plans import LocalDesk, Shown, local_app
from airbyte_mcp_server.reaching.opening import open_browser
from airbyte_mcp_server.runtime import Runtime
from airbyte_mcp_server.serving.listening import QuietServer, bound
from airbyte_mcp_server.settings.model import SettingsError

logger = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"
LOOK_SECONDS = 1.0
LINGER_SECONDS = 3.0
"""How long a plan that was decided stays on the page, so that the browser gets all of its outcome."""
BROWSERS_AT_ONCE = 50
MOST_WINDOWS = 3
"""More plans than this at once open no windows: a model could fill the screen with them."""
REOPEN_SECONDS = 30.0
"""The same plan, asked for again, opens no other window before this."""


@dataclass(kw_only=True)
class _Window:
    """One plan on the page: when its window was opened, and since when the plan waits no more."""

    shown: Shown
    opened_at: float = float("-inf")
    over_since: float | None = None


@dataclass(kw_only=True)
class _Run:
    """One run of the page, from the first plan to the last, on a port of its own."""

    port: int
    windows: dict[str, _Window] = field(default_factory=dict[str, _Window])
    task: "asyncio.Task[None] | None" = None


class LocalPage:
    """Shows plans of this process in the browser of the person at this computer.

    Args:
        runtime: Whose plans.
        apply: Applies an approved plan.
    """

    def __init__(self, runtime: Runtime, apply: Callable[[str], Awaitable[Plan]]) -> None:
        self._runtime = runtime
        self._apply = apply
        self._run: _Run | None = None

    def show(self, plan: Plan) -> bool:
        """Open a plan that waits in the browser; False if it cannot be, or too many are open already."""
        try:
            run = self._run = self._run or self._started()
        except SettingsError as fault:
            logger.warning("No page can be served on this computer: %s", fault)
            return False
        window = run.windows.get(plan.id)
        if window is None:
            if len(run.windows) >= MOST_WINDOWS:
                return False
            window = run.windows[plan.id] = _Window(shown=Shown(plan_id=plan.id))
        if time.monotonic() - window.opened_at >= REOPEN_SECONDS:
            window.opened_at = time.monotonic()
            open_browser(f"http://{LOOPBACK}:{run.port}/#{window.shown.secret}")
        return True

    def shows(self, plan_id: str) -> bool:
        """Whether a plan has a window now."""
        return self._run is not None and plan_id in self._run.windows

    async def stop(self) -> None:
        """Stop serving at once."""
        if self._run is not None and self._run.task is not None:
            self._run.task.cancel()
            await asyncio.wait([self._run.task])

    def _started(self) -> _Run:
        listening = bound(LOOPBACK, 0, "port")
        run, zone = _Run(port=listening.getsockname()[1]), ZoneInfo(self._runtime.settings.timezone)
        desk = LocalDesk(
            shown=lambda: [window.shown for window in run.windows.values()],
            book=self._runtime.book,
            waiting=self._runtime.waiting,
            apply=self._apply,
            now=lambda: self._runtime.now().astimezone(zone),
        )
        config = uvicorn.Config(
            local_app(desk, run.port),
            http=bounded_to(self._runtime.settings.request_seconds),
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=BROWSERS_AT_ONCE,
        )
        # It serves the plans of other calls, too: its log and its traces must not name the one that began it.
        run.task = asyncio.create_task(self._serve(run, QuietServer(config), listening), context=Context())
        return run

    async def _serve(self, run: _Run, server: QuietServer, listening: socket.socket) -> None:
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            while run.windows and not serving.done():
                await asyncio.sleep(LOOK_SECONDS)
                await self._close_what_is_over(run)
        except asyncio.CancelledError:
            server.force_exit = True
        finally:
            # From here on a plan starts another run.
            self._run = None
            server.should_exit = True
            await asyncio.wait([serving])

    async def _close_what_is_over(self, run: _Run) -> None:
        for plan_id, window in list(run.windows.items()):
            if not await self._waits(plan_id):
                window.over_since = window.over_since or time.monotonic()
                if time.monotonic() - window.over_since >= LINGER_SECONDS:
                    del run.windows[plan_id]

    async def _waits(self, plan_id: str) -> bool:
        try:
            plan = await run_sync(self._runtime.book.get, plan_id)
        except GuardrailError as fault:
            logger.warning("A plan cannot be shown in the browser any more: %s", fault)
            return False
        return plan.state is PlanState.PROPOSED
