"""One execution of one approved plan: target by target, each on record before and after its request."""

import logging
from typing import Any

from anyio.to_thread import run_sync
from pydantic import JsonValue

from airbyte_client import (
    AirbyteError,
    ApiError,
    Operation,
    OutcomeUnknownError,
    TransportError,
    WriteRefusedError,
)
from airbyte_client.problems import is_refusal
from airbyte_guardrails.errors import GuardrailError, OutcomeNotRecordedError, StoreUnavailableError
from airbyte_guardrails.plans import Plan, PlanDraft, Target, TargetOutcome, digest_of
from airbyte_guardrails.states import PlanState
from airbyte_mcp_server.changing.application import Application
from airbyte_mcp_server.changing.leases import Lease
from airbyte_mcp_server.changing.outcomes import outcome, unsent
from airbyte_mcp_server.changing.settling import settled_now
from airbyte_mcp_server.operating.spans import step
from airbyte_tools.errors import ToolFailureError
from airbyte_tools.words import plain

logger = logging.getLogger(__name__)

BROKE_OFF = "Something went wrong inside this server while it was at it; its log tells more."


async def execute(application: Application, planned: PlanDraft[Any]) -> Plan:
    """Consume the approval, change every target once, and record what became of each.

    Args:
        application: The approved plan.
        planned: The same change planned afresh, just now.

    Raises:
        GuardrailError: The approval could not be used; nothing was sent.
        AirbyteError: Airbyte could not be read; nothing was sent, and the plan stays approved.
        OutcomeNotRecordedError: It was sent, and then the store failed.
    """
    plan = application.plan
    # A span of its own: whoever waits for this may be gone before its end.
    with step("execute", plan.action, plan) as executing:
        return executing.reached(await _Execution(application).run(planned))


class _Execution:
    def __init__(self, application: Application) -> None:
        self._application = application
        self._lease = Lease(application.book, application.plan.id, application.reading.now)
        self._baselines: dict[str, JsonValue] = {}
        self._outcomes: tuple[TargetOutcome, ...] = ()

    async def run(self, planned: PlanDraft[Any]) -> Plan:
        plan = self._application.plan
        first, *others = plan.targets
        await self._read_baseline(first)
        await self._lease.begin(digest_of(plan.action, plan.instance, planned), self._baselines, planned)
        async with self._lease.renewed():
            self._outcomes = (await self._send(first),)
            for target in others:
                self._outcomes += (await self._next(target),)
            return await self._finish()

    async def _next(self, target: Target) -> TargetOutcome:
        """Change one more target; the others took their time, so it may have moved meanwhile."""
        try:
            await self._lease.record(self._baselines, self._outcomes)
            await self._application.require_unmoved(target)
            await self._read_baseline(target)
            await self._lease.record(self._baselines, (*self._outcomes, TargetOutcome.intended(target.id)))
        except (AirbyteError, ToolFailureError, GuardrailError) as error:
            return unsent(target, error.message)
        return await self._send(target)

    async def _read_baseline(self, target: Target) -> None:
        read = self._application.tool.baseline
        self._baselines[target.id] = await read(self._application.reading, target)

    async def _send(self, target: Target) -> TargetOutcome:
        tool, gate = self._application.tool, OneEffect(self._application.tool.effects, target.id)

        def leased(operation: Operation, acted_on: str) -> None:
            self._lease.require()
            gate(operation, acted_on)

        try:
            done = await tool.apply(self._application.writing(leased), self._application.arguments, target)
        except Exception as error:  # noqa: BLE001 - whatever it is, the request may be on its way
            return await self._without_answer(target, error, sent=gate.passed)
        return outcome(target, PlanState.EXECUTED, done.message, job_id=done.job_id)

    async def _without_answer(self, target: Target, error: Exception, *, sent: bool) -> TargetOutcome:
        """Failed; or, where Airbyte may have taken the request, whatever it shows of it."""
        if isinstance(error, AirbyteError | ToolFailureError):
            message, next_step = error.message, error.next_step
        else:
            logger.error(
                "Applying %s to %s broke off", self._application.tool.name, target.id, exc_info=error
            )
            message, next_step = BROKE_OFF, ""
        if not sent or (isinstance(error, TransportError) and not error.sent):
            return unsent(target, message)
        if isinstance(error, ApiError) and is_refusal(error):
            return outcome(target, PlanState.FAILED, message, next_step)
        # A defect of ours, or a value that reads differently, says nothing about what Airbyte did either.
        return await settled_now(
            self._application, target, self._baselines[target.id], error, _how_lost(error, message)
        )

    async def _finish(self) -> Plan:
        book, plan = self._application.book, self._application.plan
        try:
            return await run_sync(book.finish, plan.id, self._outcomes)
        except StoreUnavailableError as fault:
            told = "; ".join(f"{one.target_id}: {one.status}, {one.message}" for one in self._outcomes)
            logger.error("The outcome of plan %s could not be recorded: %s", plan.id, plain(told))  # noqa: TRY400 - the fault is raised on
            raise OutcomeNotRecordedError(
                f"The change was sent, but its outcome could not be recorded. It was: {plain(told)}.",
                "Do not try again; tell the operator that the store of plans cannot be written.",
            ) from fault


def _how_lost(error: Exception, message: str) -> str:
    """What broke, without what the client saw of the jobs: settling looks again, with the stored baseline."""
    cause = error.__cause__ if isinstance(error, OutcomeUnknownError) else None
    return cause.message if isinstance(cause, AirbyteError) else message


class OneEffect:
    """A write gate that lets one effect through, once, if it is one of `effects` on this very target."""

    def __init__(self, effects: frozenset[Operation], target_id: str) -> None:
        self._effects = effects
        self._target_id = target_id
        self.passed = False

    def __call__(self, operation: Operation, acted_on: str) -> None:
        """Let it pass, or raise WriteRefusedError."""
        if self.passed or operation not in self._effects or acted_on != self._target_id:
            raise WriteRefusedError(
                f"The approved plan does not cover {operation.value} on {acted_on}; it was not sent.",
                next_step="Report this as a defect of airbyte-mcp-server.",
            )
        self.passed = True
