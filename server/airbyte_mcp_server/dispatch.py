"""Surrounds every tool: arguments, policy, question, applying, errors.

Tools never call this and never know that it is there, so no tool can forget
it. A read runs; a change is planned, asked about, and only then applied.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, cast

from anyio.to_thread import run_sync
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    InputRequiredResult,
)
from pydantic import ValidationError

from airbyte_client import WriteGate
from airbyte_guardrails.plans import ChangeRecord, Instance, Plan, WantedChanges
from airbyte_guardrails.states import PlanState
from airbyte_mcp_server.access.admission import Admission
from airbyte_mcp_server.changing import results
from airbyte_mcp_server.changing.application import Application
from airbyte_mcp_server.changing.apply_plan import APPLY_PLAN
from airbyte_mcp_server.changing.applying import apply
from airbyte_mcp_server.changing.model_confirmation import (
    CONFIRMING_APPLY_PLAN,
    confirmed,
    model_may_confirm,
    offering,
)
from airbyte_mcp_server.changing.settling import Settler, no_progress
from airbyte_mcp_server.reaching import asking
from airbyte_mcp_server.reaching.asking import RequestContext
from airbyte_mcp_server.reaching.people import People
from airbyte_mcp_server.runtime import Runtime
from airbyte_mcp_server.wire import BadArgumentsError, answer_result, bad_arguments, error_result
from airbyte_tools.answers import Answer
from airbyte_tools.catalogue import ALL_TOOLS
from airbyte_tools.errors import ToolFailureError
from airbyte_tools.plans import PlanArguments
from airbyte_tools.tool import (
    AnyMutatingTool,
    AnyReadTool,
    AnyTool,
    Arguments,
    MutatingTool,
    NothingToDo,
    Progress,
    ReadTool,
    ToolContext,
)

TOOLS: dict[str, AnyTool] = {tool.name: tool for tool in (*ALL_TOOLS, APPLY_PLAN)}

Reply = CallToolResult | InputRequiredResult


@dataclass(frozen=True)
class Call:
    """One `tools/call`: what the client sent, who asks, and what the tool may use."""

    ctx: RequestContext
    params: CallToolRequestParams
    requester: str
    context: ToolContext
    arguments: Arguments


class Dispatch:
    """Answers `tools/call` for one runtime."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._people = People(runtime, self._apply_outside)
        self._admission = Admission(runtime.settings)
        daring = runtime.settings.dangerously_allow_model_confirmation
        self._tools = TOOLS | ({APPLY_PLAN.name: CONFIRMING_APPLY_PLAN} if daring else {})

    async def call(self, ctx: RequestContext, params: CallToolRequestParams, requester: str) -> Reply:
        """Run one call; whatever goes wrong in it becomes a result that says what to do.

        Raises:
            MCPError: No tool has this name.
        """
        tool = self._tools.get(params.name)
        if tool is None:
            raise MCPError(code=INVALID_PARAMS, message=f"Unknown tool: {params.name[:80]!r}")
        try:
            self.admit(requester)
            if not tool.hints.read_only:
                answers = params.request_state is not None
                self._admission.require_change(tool.name, requester, answers=answers)
                self._runtime.policy.require_permitted(tool.name)
            arguments = _parsed(tool, params.arguments or {})
            context = self.context_for(requester, ctx.session.report_progress)
            return await self._run(tool, arguments, Call(ctx, params, requester, context, arguments))
        except Exception as error:  # noqa: BLE001 - the one boundary: wire.error_result decides what may be told
            return error_result(error)

    async def answer(self, name: str, given: Mapping[str, object], requester: str) -> Answer:
        """What a tool that only reads answers, for a resource.

        Raises:
            Exception: As the tool raises; `wire.told` says what may be told of it.
        """
        self.admit(requester)
        tool = TOOLS[name]
        assert isinstance(tool, ReadTool)  # noqa: S101 - resources name reading tools only, held by a test
        reading = cast("AnyReadTool", tool)
        return await reading.run(self.context_for(requester, no_progress), _parsed(reading, dict(given)))

    def admit(self, requester: str) -> None:
        """Count whatever `requester` has answered by Airbyte.

        Raises:
            NotAdmittedError: It is too much for one minute.
        """
        self._admission.require_call(requester)

    async def _run(self, tool: AnyTool, arguments: Arguments, call: Call) -> Reply:
        if isinstance(tool, MutatingTool):
            return await self._change(tool, arguments, call)
        if isinstance(tool, ReadTool):
            return await self._read(cast("AnyReadTool", tool), arguments, call.context)
        assert isinstance(arguments, PlanArguments)  # noqa: S101 - apply_plan is the only other tool
        plan = await self.apply_plan(arguments.plan_id, call.context, call.requester)
        if model_may_confirm(plan, self._runtime):
            plan = await confirmed(plan, arguments, self._runtime)
        else:
            plan = await self._people.decision_on(plan, call.context.progress)
        return await self._go_on(plan, call)

    async def _read(self, tool: AnyReadTool, arguments: Arguments, context: ToolContext) -> CallToolResult:
        answer: Answer = await tool.run(context, arguments)
        return answer_result(answer, tool.say(answer, context.now()))

    async def _change(self, tool: AnyMutatingTool, arguments: Arguments, call: Call) -> Reply:
        if call.params.request_state is not None:
            return await self._came_back(tool, call.params.request_state, call)
        asked_at = self._runtime.now()
        draft = await tool.plan(call.context, arguments)
        if isinstance(draft, NothingToDo):
            return answer_result(*results.nothing_to_do(draft))
        await self.settle_abandoned()
        instance = self._runtime.instance
        require = await self._people.requirement(call.ctx)
        client = asking.client_name(call.ctx)
        propose = partial(self._runtime.book.propose, client=client, asked_at=asked_at, require=require)
        plan = await run_sync(propose, tool.name, instance, call.requester, draft)
        decided = plan.state is not PlanState.PROPOSED or model_may_confirm(plan, self._runtime)
        asked = plan if decided else await self._people.ask(plan, call.ctx)
        return asked if isinstance(asked, InputRequiredResult) else await self._go_on(asked, call)

    async def _came_back(self, tool: AnyMutatingTool, request_state: str, call: Call) -> CallToolResult:
        """The second call, after a question that was a result."""
        asked, plan_id = asking.opened_state(request_state)
        plan = await run_sync(self._runtime.book.get, plan_id, call.requester)
        if plan.action != tool.name:
            raise BadArgumentsError("This answer belongs to another tool's question; nothing was changed.")
        plan = await self._people.came_back(plan, asked, call.params.input_responses, call.ctx)
        return await self._go_on(plan, call)

    async def _go_on(self, plan: Plan, call: Call) -> CallToolResult:
        """From a decision to its outcome; any other plan is told as it stands."""
        if plan.state is PlanState.APPROVED:
            plan = await self._apply(plan, call.context)
        if plan.state is PlanState.EXECUTING:
            # Whoever approved it was first; their outcome is this call's.
            seconds = self._runtime.settings.wait_seconds
            plan = await self._runtime.waiting.while_in((PlanState.EXECUTING,), plan, seconds)
        if plan.state is PlanState.EXECUTING:
            # They may have died at it: looking at it anew finds that out.
            plan = await call.context.plans.get(plan.id)
        return await self._followed(plan, call)

    async def _followed(self, plan: Plan, call: Call) -> CallToolResult:
        """What became of a plan, and of what it began, if this call asked to follow that."""
        result, _ = results.of_plan(plan, self._people.where_to_approve(plan))
        tool = TOOLS[plan.action]
        if isinstance(tool, MutatingTool) and tool.name == call.params.name:
            result = await tool.afterwards(call.context, call.arguments, result)
        if model_may_confirm(plan, self._runtime):
            result = offering(plan, result)
        return answer_result(result, results.in_words(plan, result))

    async def apply_plan(self, plan_id: str, context: ToolContext, requester: str | None) -> Plan:
        """Apply an approved plan of `requester`; None stands for the operator of this machine."""
        await self.settle_abandoned()
        plan = await run_sync(self._runtime.book.get, plan_id, requester)
        if plan.instance.address != self._runtime.instance.address:
            raise WrongInstanceError(plan, self._runtime.instance)
        return await self._apply(plan, context) if plan.state is PlanState.APPROVED else plan

    async def _apply_outside(self, plan_id: str) -> Plan:
        """Apply an approved plan of this process for which no call waits any more."""
        context = self.context_for(self._runtime.session, no_progress)
        return await self.apply_plan(plan_id, context, self._runtime.session)

    async def _apply(self, plan: Plan, context: ToolContext) -> Plan:
        tool = TOOLS[plan.action]
        assert isinstance(tool, MutatingTool)  # noqa: S101 - only mutating tools make plans

        def writing(gate: WriteGate) -> ToolContext:
            return replace(context, client=context.client.with_write_gate(gate))

        application = Application(
            plan=plan, tool=tool, book=self._runtime.book, reading=context, writing=writing
        )
        return await apply(application, self._runtime.keep_running)

    async def settle_abandoned(self) -> None:
        """Find out what became of changes whose server died in the middle of them."""
        context = self.context_for(self._runtime.session, no_progress)
        address = self._runtime.instance.address
        await Settler(
            book=self._runtime.book, tools=TOOLS, context=context, address=address
        ).settle_abandoned()

    def context_for(self, requester: str, progress: Progress) -> ToolContext:
        """What a tool called by `requester` may use; its client changes nothing."""
        settings = self._runtime.settings
        return ToolContext(
            client=self._runtime.client,
            plans=PlansOf(self._runtime, requester, self.settle_abandoned),
            now=self._runtime.now,
            default_workspace=settings.workspace_id,
            timezone=settings.timezone,
            progress=progress,
            where_to_approve=self._people.where_to_approve,
        )


class WrongInstanceError(ToolFailureError):
    """The plan is for another Airbyte than the one this process talks to."""

    def __init__(self, plan: Plan, here: Instance) -> None:
        super().__init__(
            f"Plan {plan.id} is for the Airbyte at {plan.instance.address}, not for {here.address}.",
            "Apply it where it was made: tell the assistant to go on; it calls apply_plan.",
        )


class PlansOf:
    """The plans of one requester, to read."""

    def __init__(self, runtime: Runtime, requester: str, settle: Callable[[], Awaitable[None]]) -> None:
        self._runtime = runtime
        self._requester = requester
        self._settle = settle

    async def get(self, plan_id: str) -> Plan:
        """Return the requester's plan, or raise PlanNotFoundError."""
        await self._settle()
        return await run_sync(self._runtime.book.get, plan_id, self._requester)

    async def changes(self, wanted: WantedChanges) -> list[ChangeRecord]:
        """Return what was changed on this Airbyte, whoever asked for it."""
        from airbyte_guardrails import history  # noqa: PLC0415 - SQLAlchemy is heavy at start-up

        await self._settle()
        address = self._runtime.instance.address
        return await run_sync(history.changes, self._runtime.store, address, wanted)

    async def change(self, plan_id: str) -> ChangeRecord:
        """Return one of these changes, or raise PlanNotFoundError."""
        from airbyte_guardrails import history  # noqa: PLC0415 - as above

        address = self._runtime.instance.address
        return await run_sync(history.change, self._runtime.store, address, plan_id)


def _parsed(tool: AnyTool, given: dict[str, Any]) -> Arguments:
    try:
        # As JSON and strictly: true is no number, "6" is no number, "yes" is no truth.
        arguments: Arguments = tool.arguments.model_validate_json(json.dumps(given), strict=True)
    except ValidationError as error:
        raise bad_arguments(tool, error) from None
    return arguments
