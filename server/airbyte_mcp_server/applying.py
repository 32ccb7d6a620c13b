"""From an approved plan to its outcome, exactly once.

Whoever applies, a waiting call, `apply_plan` or the terminal, comes through
here: plan afresh, compare with what the human saw, consume the approval, send,
record. Once the approval is consumed nothing interrupts: not even the caller's
cancellation, because the request to Airbyte may already be on its way.
"""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

import anyio
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

ContextWithGate = Callable[[WriteGate], ToolContext]


async def apply(
    plan: Plan, tool: AnyMutatingTool, book: "PlanBook", reading: ToolContext, writing: ContextWithGate
) -> Plan:
    """Apply an approved plan; a plan that was already applied comes back as it is.

    Args:
        plan: The approved plan.
        tool: The tool that made it.
        book: Where it is stored.
        reading: A context whose client changes nothing.
        writing: Makes a context whose client changes what its gate lets through.

    Raises:
        GuardrailError: It cannot be applied: expired, refused by policy, or somebody else is at it.
        AirbyteError: Airbyte could not be read; the plan stays approved.
    """
    arguments = tool.arguments.model_validate_json(plan.arguments)
    moved, digest = await _what_moved(plan, tool, reading, arguments)
    try:
        if moved:
            return await run_sync(book.close_stale, plan.id, moved)
        with anyio.CancelScope(shield=True):
            begun = await run_sync(book.begin, plan.id, digest)
            outcomes = [await _apply_one(tool, arguments, target, writing) for target in begun.targets]
            await _record(book, plan, tuple(outcomes))
    except PlanNotPendingError:
        # Somebody else was first: theirs is the outcome of this plan.
        pass
    return await run_sync(book.get, plan.id)


async def _record(book: "PlanBook", plan: Plan, outcomes: tuple[TargetOutcome, ...]) -> None:
    try:
        await run_sync(book.finish, plan.id, outcomes)
    except StoreUnavailableError as fault:
        told = "; ".join(f"{outcome.target_id}: {outcome.status}, {outcome.message}" for outcome in outcomes)
        raise OutcomeNotRecordedError(
            f"The change was sent, but its outcome could not be recorded. It was: {plain(told)}.",
            "Do not try again; tell the operator that the store of plans cannot be written.",
        ) from fault


async def _what_moved(
    plan: Plan, tool: AnyMutatingTool, reading: ToolContext, arguments: Arguments
) -> tuple[list[str], str]:
    try:
        draft = await tool.plan(reading, arguments)
    except ToolFailureError as failure:
        return [plain(failure.message)], ""
    if isinstance(draft, NothingToDo):
        return [plain(draft.message)], ""
    digest = digest_of(plan.action, plan.instance, draft)
    moved = [plain(sentence) for sentence in difference(plan.covered, draft.covered)]
    return moved or (
        [] if digest == plan.digest else ["The planned change itself reads differently."]
    ), digest


async def _apply_one(
    tool: AnyMutatingTool, arguments: Arguments, target: Target, writing: ContextWithGate
) -> TargetOutcome:
    context = writing(gate_for(tool.effects, target.id))
    try:
        done = await tool.apply(context, arguments, target)
    except (AirbyteError, ToolFailureError) as error:
        return _failed(target, error)
    except Exception:
        # A defect of ours, after which nobody knows whether the request went out.
        logger.exception("Applying %s to %s broke off", tool.name, target.id)
        return TargetOutcome(target_id=target.id, status=PlanState.OUTCOME_UNKNOWN, message=BROKE_OFF)
    return TargetOutcome(
        target_id=target.id, status=PlanState.EXECUTED, message=done.message, job_id=done.job_id
    )


def _failed(target: Target, error: AirbyteError | ToolFailureError) -> TargetOutcome:
    """Failed, or unknown where the request may have been taken although no good answer came back."""
    match error:
        case OutcomeUnknownError() | ServerFaultError() | TransportError(sent=True):
            status = PlanState.OUTCOME_UNKNOWN
        case _:
            status = PlanState.FAILED
    found = error.found if isinstance(error, OutcomeUnknownError) else None
    return TargetOutcome(
        target_id=target.id,
        status=status,
        message=f"{error.message} {error.next_step}".strip(),
        job_id=found.job_id if found else None,
    )


def gate_for(effects: frozenset[Operation], target_id: str) -> WriteGate:
    """A gate that lets one effect through, once, if it is one of `effects` on this very target."""
    passed = False

    def gate(operation: Operation, acted_on: str) -> None:
        nonlocal passed
        if passed or operation not in effects or acted_on != target_id:
            raise WriteRefusedError(
                f"The approved plan does not cover {operation.value} on {acted_on}; it was not sent.",
                next_step="Report this as a defect of airbyte-mcp-server.",
            )
        passed = True

    return gate
