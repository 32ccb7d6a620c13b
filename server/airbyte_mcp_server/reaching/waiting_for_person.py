"""Waiting for a plan to move, wherever it is moved: in this process, or in another one on the same store.

A move in this process wakes whoever waits at once; one in another process, on
a terminal or on the approvals page, is seen by looking at the store.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Generator
from contextlib import contextmanager

from anyio.to_thread import run_sync

from airbyte_guardrails.plans import Plan
from airbyte_guardrails.states import PlanState

LOOK_SECONDS = 0.4
REPORT_SECONDS = 5.0

Report = Callable[[float, float], Awaitable[None]]
"""Takes the seconds that were waited and those that are left."""


async def unreported(_waited: float, _left: float) -> None:
    """For waits that nobody watches."""


class Waiting:
    """Who in this process waits for which plan.

    Args:
        look: Reads a plan from the store; blocks, so it is called in a worker thread.
    """

    def __init__(self, look: Callable[[str], Plan]) -> None:
        self._look = look
        self._bells: dict[str, list[Callable[[], None]]] = {}

    def anybody_for(self, plan_id: str) -> bool:
        """Whether somebody in this process waits for this plan now."""
        return plan_id in self._bells

    def moved(self, plan_id: str) -> None:
        """Wake whoever waits for this plan; any thread may call it."""
        for ring in tuple(self._bells.get(plan_id, ())):
            ring()

    async def while_in(
        self, states: Collection[PlanState], plan: Plan, seconds: float, report: Report = unreported
    ) -> Plan:
        """The plan once it has left `states`, or as it stands after `seconds`.

        Raises:
            StoreUnavailableError: The store cannot be read any more; the plan is as it was.
        """
        begun, reported = time.monotonic(), -REPORT_SECONDS
        with self._listening(plan.id) as bell:
            # A move between the caller's look and this line rang no bell.
            plan = await run_sync(self._look, plan.id)
            while plan.state in states and (waited := time.monotonic() - begun) < seconds:
                if waited - reported >= REPORT_SECONDS:
                    reported = waited
                    await report(waited, seconds - waited)
                await _rung(bell, min(LOOK_SECONDS, seconds - waited))
                plan = await run_sync(self._look, plan.id)
        return plan

    @contextmanager
    def _listening(self, plan_id: str) -> Generator[asyncio.Event]:
        bell, loop = asyncio.Event(), asyncio.get_running_loop()

        def ring() -> None:
            loop.call_soon_threadsafe(bell.set)

        self._bells.setdefault(plan_id, []).append(ring)
        try:
            yield bell
        finally:
            self._bells[plan_id].remove(ring)
            if not self._bells[plan_id]:
                del self._bells[plan_id]


async def _rung(bell: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(bell.wait(), seconds)
    except TimeoutError:
        return
    bell.clear()
