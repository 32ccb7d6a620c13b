"""The right to execute a plan, kept for as long as this process lives.

Other processes on the same store leave a plan alone while its lease runs, and
settle it afterwards. So whoever has lost its lease, because it was suspended or
the store was out of reach, must not begin another request.
"""

import asyncio
import contextlib
import logging
import os
import platform
import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from anyio.to_thread import run_sync
from pydantic import JsonValue

from airbyte_client import WriteRefusedError
from airbyte_guardrails.errors import GuardrailError
from airbyte_guardrails.plans import LEASE, PlanDraft, TargetOutcome

if TYPE_CHECKING:
    from airbyte_guardrails.life import PlanBook

logger = logging.getLogger(__name__)

RENEWALS = 3
"""How often a lease is renewed before it would run out: one slow write of the store does not lose it."""


def new_worker() -> str:
    """A name for one execution, or one settling: no other has it, and an operator finds the process by it."""
    return f"{platform.node()[:40]}:{os.getpid()}:{secrets.token_hex(8)}"


class Lease:
    """The lease on one plan of the process that executes it.

    All methods raise what the book raises: GuardrailError when nothing may be sent.
    """

    def __init__(self, book: "PlanBook", plan_id: str, now: Callable[[], datetime]) -> None:
        self._book = book
        self._plan_id = plan_id
        self._now = now
        self._worker = new_worker()
        self._until = now()

    async def begin(
        self, digest: str, baselines: Mapping[str, JsonValue], planned: PlanDraft[Any] | None = None
    ) -> None:
        """Consume the plan's approval and put the intent to change its first target on record."""
        begin = partial(self._book.begin, worker=self._worker, baselines=baselines, planned=planned)
        await self._extended(run_sync(begin, self._plan_id, digest))

    async def record(self, baselines: Mapping[str, JsonValue], outcomes: tuple[TargetOutcome, ...]) -> None:
        """Put all that is known of the targets on record, intents included."""
        record = self._book.executions.record
        await self._extended(run_sync(record, self._plan_id, self._worker, baselines, outcomes))

    @asynccontextmanager
    async def renewed(self) -> AsyncGenerator[None]:
        """Renew it again and again until this is left."""
        renewing = asyncio.create_task(self._renew())
        try:
            yield
        finally:
            renewing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await renewing

    def require(self) -> None:
        """See that nobody else may have taken the plan over.

        Raises:
            WriteRefusedError: The lease has run out.
        """
        if self._now() >= self._until:
            raise WriteRefusedError(
                "This process was held up for so long that another one may have settled the plan.",
                next_step="Call the tool again if the change is still wanted; it proposes a new plan.",
            )

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(LEASE.total_seconds() / RENEWALS)
            try:
                await self._extended(run_sync(self._book.executions.renew, self._plan_id, self._worker))
            except GuardrailError as error:
                logger.warning("The lease on %s could not be renewed: %s", self._plan_id, error.message)

    async def _extended(self, writing: Awaitable[object]) -> None:
        asked = self._now()
        await writing
        self._until = asked + LEASE
