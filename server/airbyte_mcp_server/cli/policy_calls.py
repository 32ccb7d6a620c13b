"""A call that is only imagined, so that policy can be asked about it: nothing is stored, nothing is sent."""

import difflib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import click
from pydantic import ValidationError

from airbyte_client import AirbyteError
from airbyte_guardrails.plans import MANY_TARGETS, Instance, Plan, PlanDraft, Risk, Target, plan_of
from airbyte_guardrails.policy.explaining import explained
from airbyte_guardrails.policy.reading import ALWAYS_HIGH_RISK
from airbyte_guardrails.policy.subjects import Deed
from airbyte_mcp_server.dispatch import TOOLS, Dispatch
from airbyte_mcp_server.instances.airbytes import Airbyte
from airbyte_mcp_server.runtime import Runtime
from airbyte_mcp_server.tool_sets import TOOL_SETS
from airbyte_mcp_server.wire import bad_arguments
from airbyte_tools.errors import ToolFailureError
from airbyte_tools.tool import AnyMutatingTool, Arguments, MutatingTool, NothingToDo


@dataclass(frozen=True, kw_only=True)
class Imagined:
    """What somebody could ask for.

    Attributes:
        tool: The tool's name.
        arguments: Its arguments, as JSON.
        moment: When, aware.
        requester: Who, as the audit would show them.
        client: What their program calls itself.
        workspace: The connections' workspace, where Airbyte is not asked.
        instance: What the Airbyte is called; None means the only one.
    """

    tool: str
    arguments: str
    moment: datetime
    requester: str
    client: str | None
    workspace: str | None
    instance: str | None


async def explanation(runtime: Runtime, call: Imagined, *, offline: bool) -> list[str]:
    """Which rule decides the call, and why the ones before it do not, line by line.

    Raises:
        click.ClickException: There is no such call.
        GuardrailError: No rule could permit it, or a rate cannot be counted without the store.
    """
    tool = _tool(call.tool)
    airbyte, arguments = _airbyte(runtime, call.instance), _arguments(tool, call.arguments)
    try:
        draft = _guessed(call, arguments) if offline else await _draft(runtime, airbyte, call, arguments)
        if isinstance(draft, NothingToDo):
            return [f"Nobody would be asked, and nothing would be done: {draft.message}"]
        plan = _plan(runtime, airbyte, call, draft)
        return list(explained(runtime.policy, plan, call.moment, lambda since: _begun(runtime, since)))
    finally:
        await runtime.aclose()


def _tool(name: str) -> AnyMutatingTool:
    tool = TOOLS.get(name)
    if not isinstance(tool, MutatingTool):
        nearest = difflib.get_close_matches(name, TOOL_SETS, n=1, cutoff=0.0)[0]
        raise click.ClickException(f"{name!r} is no tool that changes something. Did you mean {nearest!r}?")
    return tool


def _arguments(tool: AnyMutatingTool, text: str) -> Arguments:
    try:
        arguments: Arguments = tool.arguments.model_validate_json(text, strict=True)
    except ValidationError as error:
        raise click.ClickException(str(bad_arguments(tool, error))) from None
    return arguments


def _airbyte(runtime: Runtime, name: str | None) -> Airbyte:
    known, named = runtime.airbytes, bool(runtime.settings.instances)
    if (name is None and known.choices) or (name is not None and named and name not in known):
        raise click.BadParameter(f"name one of {', '.join(known)}", param_hint="--instance")
    return known[name] if name is not None and named else known.first


async def _draft(
    runtime: Runtime, airbyte: Airbyte, call: Imagined, arguments: Arguments
) -> PlanDraft[Any] | NothingToDo:
    context = Dispatch(runtime).context_for(airbyte, call.requester)
    try:
        return await _tool(call.tool).plan(context, arguments)
    except (ToolFailureError, AirbyteError) as error:
        told = f"{error.message} {error.next_step}".strip()
        raise click.ClickException(f"{told} With --offline Airbyte is not asked.") from error


def _guessed(call: Imagined, arguments: Arguments) -> PlanDraft[Any]:
    """A draft of what the arguments say by themselves; what is not known can only tighten."""
    targets = tuple(_targets(call, arguments))
    high = call.tool in ALWAYS_HIGH_RISK or len(targets) > MANY_TARGETS
    return PlanDraft(
        arguments=arguments,
        summary=call.tool,
        targets=targets,
        risk=Risk.HIGH if high else Risk.MEDIUM,
        covered={},
    )


def _targets(call: Imagined, arguments: Arguments) -> Sequence[Target]:
    given = arguments.model_dump(include={"connection", "connections"})
    references = [*(given.get("connections") or ()), *filter(None, [given.get("connection")])]
    named = [reference for reference in references if not _is_id(reference)]
    if named:
        raise click.ClickException(
            f"Without Airbyte a connection goes by its id, and {json.dumps(named[0])} is none."
        )
    if not references:
        return [Target(kind="unknown", id="unknown", name="", workspace_id=call.workspace)]
    return [Target(kind="connection", id=one, name="", workspace_id=call.workspace) for one in references]


def _is_id(reference: str) -> bool:
    try:
        UUID(reference)
    except ValueError:
        return False
    return True


def _plan(runtime: Runtime, airbyte: Airbyte, call: Imagined, draft: PlanDraft[Any]) -> Plan:
    return plan_of(
        call.tool,
        Instance(name=call.instance or airbyte.name, address=airbyte.address),
        call.requester,
        draft,
        client=call.client,
        now=call.moment,
        approve_by=call.moment + timedelta(seconds=runtime.settings.approve_seconds),
    )


def _begun(runtime: Runtime, since: datetime) -> list[Deed]:
    from airbyte_guardrails.deeds import deeds_since  # noqa: PLC0415 - only rates need the store

    with runtime.store.reading() as connection:
        return deeds_since(connection, since)
