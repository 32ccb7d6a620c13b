"""From an approved plan to its outcome, exactly once.

Whoever applies, a waiting call, `apply_plan` or the terminal, comes through
here: plan afresh, compare with what the human saw, consume the approval, send,
record. Once the approval is consumed nothing interrupts: not the caller's
cancellation, not Ctrl-C, not the end of the transport, because the request to
Airbyte may already be on its way.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from anyio.to_thread import run_sync

from airbyte_client import (
    AirbyteError,
    Operation,
    OutcomeUnknownError,
    ServerFaultError,
    TransportError,
    WriteGate,
    WriteRefusedError,
)
from airbyte_guardrails.errors import OutcomeNotRecordedError, PlanNotPendingError, StoreUnavailableError
from airbyte_guardrails.plans import Plan, Target, TargetOutcome, difference, digest_of
from airbyte_guardrails.states import PlanState
from airbyte_tools.errors import ToolFailureError
from airbyte_tools.tool import AnyMutatingTool, Arguments, NothingToDo, ToolContext
from airbyte_tools.words import plain

if TYPE_CHECKING:
    from airbyte_guardrails.life import PlanBook

logger = logging.getLogger(__name__)

BROKE_OFF = "Something went wrong inside this server while it was at it; its log tells more."

KeepRunning = Callable[["asyncio.Task[Plan]"], None]


@dataclass(frozen=True, kw_only=True)
class Application:
    """One plan about to be applied.

    Attributes:
        plan: The approved plan.
        tool: The tool that made it.
        book: Where it is stored.
        reading: A context whose client changes nothing.
        writing: Makes a context whose client changes what its gate lets through.
    """

    plan: Plan
    tool: AnyMutatingTool
    book: "PlanBook"
    reading: ToolContext
    writing: Callable[[WriteGate], ToolContext]

    @property
    def arguments(self) -> Arguments:
        """The tool's arguments, as the plan has them."""
        arguments: Arguments = self.tool.arguments.model_validate_json(self.plan.arguments)
        return arguments


async def apply(application: Application, keep_running: KeepRunning) -> Plan:
    """Apply an approved plan; a plan that was already applied comes back as it is.

    Args:
        application: What to apply, and with what.
        keep_running: Takes the task that must reach its end even if the caller goes away.

    Raises:
        GuardrailError: It cannot be applied: expired, refused by policy, or the store is gone.
        AirbyteError: Airbyte could not be read; the plan stays approved.
    """
    book, plan = application.book, application.plan
    moved, digest = await _what_moved(application, application.arguments, plan.targets)
    if not moved and digest != plan.digest:
        moved = ["The change itself reads differently when it is planned now."]
    try:
        if moved:
            return await run_sync(book.close_stale, plan.id, moved)
        execution = asyncio.create_task(_execute(application, digest))
        keep_running(execution)
        return await asyncio.shield(execution)
    except PlanNotPendingError:
        # Somebody else was first: theirs is the outcome of this plan.
        return await run_sync(book.get, plan.id)


async def _what_moved(
    application: Application, arguments: Arguments, targets: tuple[Target, ...]
) -> tuple[list[str], str]:
    """What is different now from what the human saw, in words, and the digest of the change planned now."""
    plan, tool = application.plan, application.tool
    try:
        draft = await tool.plan(application.reading, arguments)
    except ToolFailureError as failure:
        return [plain(failure.message)], ""
    if isinstance(draft, NothingToDo):
        return [plain(draft.message)], ""
    covered = {target.id: plan.covered.get(target.id) for target in targets}
    moved = [plain(sentence) for sentence in difference(covered, draft.covered)]
    return moved, digest_of(plan.action, plan.instance, draft)


async def _execute(application: Application, digest: str) -> Plan:
    begun = await run_sync(application.book.begin, application.plan.id, digest)
    outcomes = [await _apply_one(application, target) for target in begun.targets]
    try:
        return await run_sync(application.book.finish, begun.id, tuple(outcomes))
    except StoreUnavailableError as fault:
        told = "; ".join(f"{outcome.target_id}: {outcome.status}, {outcome.message}" for outcome in outcomes)
        raise OutcomeNotRecordedError(
            f"The change was sent, but its outcome could not be recorded. It was: {plain(told)}.",
            "Do not try again; tell the operator that the store of plans cannot be written.",
        ) from fault


async def _apply_one(application: Application, target: Target) -> TargetOutcome:
    tool, arguments = application.tool, application.arguments
    gate = OneEffect(tool.effects, target.id)
    try:
        if len(application.plan.targets) > 1:
            # The others took their time; this one may have moved since the whole plan was compared.
            await _require_unmoved(application, target)
        done = await tool.apply(application.writing(gate), arguments, target)
    except (AirbyteError, ToolFailureError) as error:
        return _failed(target, error, sent=gate.passed)
    except Exception:
        # A defect of ours, after which nobody knows whether the request went out.
        logger.exception("Applying %s to %s broke off", tool.name, target.id)
        return TargetOutcome(target_id=target.id, status=PlanState.OUTCOME_UNKNOWN, message=BROKE_OFF)
    return TargetOutcome(
        target_id=target.id, status=PlanState.EXECUTED, message=done.message, job_id=done.job_id
    )


async def _require_unmoved(application: Application, target: Target) -> None:
    alone = application.tool.only(application.arguments, target)
    moved, _ = await _what_moved(application, alone, (target,))
    if moved:
        raise ToolFailureError(f"It is no longer as the person saw it: {'; '.join(moved)}.", "")


def _failed(target: Target, error: AirbyteError | ToolFailureError, *, sent: bool) -> TargetOutcome:
    """Failed, or unknown where the request may have been taken although no good answer came back."""
    match error:
        case OutcomeUnknownError() | ServerFaultError() | TransportError(sent=True) if sent:
            status = PlanState.OUTCOME_UNKNOWN
        case _:
            status = PlanState.FAILED
    found = error.found if isinstance(error, OutcomeUnknownError) else None
    sentences = [error.message, error.next_step] if sent else [error.message, "Nothing was sent."]
    return TargetOutcome(
        target_id=target.id,
        status=status,
        message=" ".join(sentences).strip(),
        job_id=found.job_id if found else None,
    )


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
