"""Finds out what became of a request whose answer was lost: by reading, never by asking again.

An answer is lost when the connection breaks, when Airbyte fails at it, or when
the process that waited for it dies. In the first two cases the process looks
itself, at once; in the last one whoever next opens the store and talks to the
same Airbyte does. A plan is settled once: as it was approved, or as unknown
with what is to be seen.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from anyio.to_thread import run_sync
from pydantic import JsonValue

from airbyte_client import AirbyteError, NotFoundError, OutcomeUnknownError
from airbyte_guardrails.errors import PlanNotPendingError
from airbyte_guardrails.plans import Plan, Target, TargetOutcome
from airbyte_guardrails.states import PlanState
from airbyte_mcp_server.changing.application import Application, unanswered
from airbyte_mcp_server.changing.leases import new_worker
from airbyte_mcp_server.changing.outcomes import outcome, unsent
from airbyte_tools.tool import (
    AnyMutatingTool,
    AnyTool,
    Arguments,
    MutatingTool,
    Settled,
    ToolContext,
    Unanswered,
)

if TYPE_CHECKING:
    from airbyte_guardrails.execution import Unsettled
    from airbyte_guardrails.life import PlanBook

logger = logging.getLogger(__name__)

LOOKING_SECONDS = 15.0
"""How long Airbyte may take to show what it did: a person waits for it. Half a lease."""

LOOKED_AGAIN_AFTER = (1.0, 3.0)
"""Seconds between looks while nothing is to be seen: Airbyte may still be working on the request."""

GIVEN_UP_AFTER = timedelta(days=1)

NOT_REACHED = "The server ended before it came to this one."
_DIED = "The server ended before it had Airbyte's answer."
_NOT_TOLD = Settled(status=PlanState.OUTCOME_UNKNOWN, message="Airbyte could not be asked what became of it.")


async def settled_now(
    application: Application, target: Target, baseline: JsonValue, error: Exception, lost: str
) -> TargetOutcome:
    """What became of a request of this process whose answer was lost; never raises, ends in seconds.

    Args:
        application: Whose request it was.
        target: What it was to change.
        baseline: What was read right before it.
        error: How the answer was lost.
        lost: The same in words.
    """
    request = unanswered(application.tool, application.plan, target, baseline)
    try:
        async with asyncio.timeout(LOOKING_SECONDS):
            settled = await _seen(application.tool, application.reading, request)
    except (AirbyteError, TimeoutError):
        settled = _NOT_TOLD
        if isinstance(error, OutcomeUnknownError) and error.found is not None:
            settled = Settled(status=settled.status, message=error.message, job_id=error.found.job_id)
    except Exception:
        logger.exception("Settling %s on %s broke off", application.tool.name, target.id)
        settled = _NOT_TOLD
    return _outcome(target, lost, settled)


async def _seen(tool: AnyMutatingTool, context: ToolContext, request: Unanswered[Arguments]) -> Settled:
    settled = await tool.settle(context, request)
    for wait in LOOKED_AGAIN_AFTER:
        if not settled.traceless:
            break
        await asyncio.sleep(wait)
        settled = await tool.settle(context, request)
    return settled


@dataclass(frozen=True, kw_only=True)
class Settler:
    """Settles the plans of processes that died while they executed them.

    Attributes:
        book: The plans.
        tools: Every tool, by name.
        reading_at: What they read the Airbyte at an address with; None where plans for it are left alone.
    """

    book: "PlanBook"
    tools: Mapping[str, AnyTool]
    reading_at: Callable[[str], ToolContext | None]

    async def settle_abandoned(self) -> None:
        """Settle every plan that was left behind; one that Airbyte tells nothing about now waits for later.

        Raises:
            StoreUnavailableError: The store is out of reach.
        """
        out_of_reach: set[str] = set()
        for plan in await run_sync(self.book.executions.abandoned):
            address = plan.instance.address
            if address not in out_of_reach and not await self._settle(plan):
                out_of_reach.add(address)

    async def _settle(self, plan: Plan) -> bool:
        """Whether it makes sense to go on with the next one of the same Airbyte: it could be read."""
        try:
            context = self.reading_at(plan.instance.address)
        except AirbyteError:
            # Without credentials that can be used it stays as it is, for a process that has them.
            return False
        if context is None:
            return False
        worker, executions = new_worker(), self.book.executions
        taken = await run_sync(executions.take_over, plan.id, worker)
        if taken is None:
            return True
        try:
            outcomes = [await self._what_became(taken, target, context) for target in taken.plan.targets]
        except (AirbyteError, TimeoutError):
            await run_sync(executions.give_back, plan.id, worker)
            return False
        try:
            settled = await run_sync(self.book.finish, plan.id, tuple(outcomes))
            logger.warning(
                "Plan %s was left by a process that died; it is settled as %s", plan.id, settled.state
            )
        except PlanNotPendingError:
            logger.info("Plan %s was only slow; its own process has told its outcome", plan.id)
        return True

    async def _what_became(self, taken: "Unsettled", target: Target, context: ToolContext) -> TargetOutcome:
        known = {told.target_id: told for told in taken.plan.outcomes}.get(target.id)
        if known is None and taken.plan.outcomes:
            return unsent(target, NOT_REACHED)
        if known is None or known.status is PlanState.EXECUTING:
            # No entry at all: begun by a version that kept none, so any target may have been sent.
            return _outcome(target, _DIED, await self._looked(taken, target, context))
        return known

    async def _looked(self, taken: "Unsettled", target: Target, context: ToolContext) -> Settled:
        plan, tool = taken.plan, self.tools.get(taken.plan.action)
        if not isinstance(tool, MutatingTool):
            return _NOT_TOLD
        request = unanswered(tool, plan, target, taken.baselines.get(target.id))
        try:
            async with asyncio.timeout(LOOKING_SECONDS):
                return await tool.settle(context, request)
        except NotFoundError as error:
            return Settled(status=PlanState.OUTCOME_UNKNOWN, message=error.message)
        except (AirbyteError, TimeoutError):
            if context.now() - (plan.begun_at or plan.created_at) > GIVEN_UP_AFTER:
                return _NOT_TOLD
            raise
        except Exception:
            logger.exception("Settling plan %s broke off", plan.id)
            return _NOT_TOLD


def _outcome(target: Target, lost: str, settled: Settled) -> TargetOutcome:
    return outcome(target, settled.status, lost, settled.message, job_id=settled.job_id)
