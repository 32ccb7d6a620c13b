"""Surrounds every tool: arguments, policy, question, applying, errors.

Tools never call this and never know that it is there, so no tool can forget
it. A read runs; a change is planned, asked about, and only then applied.
"""

import json
from dataclasses import dataclass, replace
from typing import Any, cast

from anyio.to_thread import run_sync
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS, CallToolRequestParams, CallToolResult, InputRequiredResult
from pydantic import ValidationError

from airbyte_client import WriteGate
from airbyte_guardrails.errors import PlanExpiredError, PlanNotPendingError
from airbyte_guardrails.evidence import Decision, Evidence
from airbyte_guardrails.plans import Instance, Plan
from airbyte_guardrails.states import PlanState
from airbyte_mcp_server import asking, changes
from airbyte_mcp_server.apply_plan import APPLY_PLAN
from airbyte_mcp_server.applying import Application, apply
from airbyte_mcp_server.asking import PersonsAnswer, RequestContext, WayToAsk
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


class Dispatch:
    """Answers `tools/call` for one runtime."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def call(self, ctx: RequestContext, params: CallToolRequestParams, requester: str) -> Reply:
        """Run one call; whatever goes wrong in it becomes a result that says what to do.

        Raises:
            MCPError: No tool has this name.
        """
        tool = TOOLS.get(params.name)
        if tool is None:
            raise MCPError(code=INVALID_PARAMS, message=f"Unknown tool: {params.name[:80]!r}")
        try:
            if not tool.hints.read_only:
                self._runtime.policy.require_permitted(tool.name)
            arguments = _parsed(tool, params.arguments or {})
            context = self.context_for(requester, ctx.session.report_progress)
            return await self._run(tool, arguments, Call(ctx, params, requester, context))
        except Exception as error:  # noqa: BLE001 - the one boundary: wire.error_result decides what may be told
            return error_result(error)

    async def _run(self, tool: AnyTool, arguments: Arguments, call: Call) -> Reply:
        if isinstance(tool, MutatingTool):
            return await self._change(tool, arguments, call)
        if isinstance(tool, ReadTool):
            return await self._read(cast("AnyReadTool", tool), arguments, call.context)
        assert isinstance(arguments, PlanArguments)  # noqa: S101 - apply_plan is the only other tool
        return self._told(await self.apply_plan(arguments.plan_id, call.context, call.requester))

    async def _read(self, tool: AnyReadTool, arguments: Arguments, context: ToolContext) -> CallToolResult:
        answer: Answer = await tool.run(context, arguments)
        return answer_result(answer, tool.say(answer, context.now()))

    async def _change(self, tool: AnyMutatingTool, arguments: Arguments, call: Call) -> Reply:
        if call.params.request_state is not None:
            plan = await self._asked_about(call.params.request_state, tool, call.requester)
            return await self._decided(plan, asking.answer_in(plan, call.params.input_responses), call)
        if asking.way_to_ask(call.ctx) is WayToAsk.NONE and not self._runtime.settings.terminal_approvals:
            raise NobodyCanApproveError
        draft = await tool.plan(call.context, arguments)
        if isinstance(draft, NothingToDo):
            return answer_result(*changes.nothing_to_do(draft))
        instance = self._runtime.instance
        plan = await run_sync(self._runtime.book.propose, tool.name, instance, call.requester, draft)
        return await self._ask(plan, call)

    async def _asked_about(self, plan_id: str, tool: AnyMutatingTool, requester: str) -> Plan:
        plan = await run_sync(self._runtime.book.get, plan_id, requester)
        if plan.action != tool.name:
            raise BadArgumentsError("This answer belongs to another tool's question; nothing was changed.")
        return plan

    async def _ask(self, plan: Plan, call: Call) -> Reply:
        match asking.way_to_ask(call.ctx):
            case WayToAsk.BY_RESULT:
                return asking.question_result(plan)
            case WayToAsk.BY_REQUEST:
                seconds = max((plan.approve_by - call.context.now()).total_seconds(), 0.0)
                return await self._decided(plan, await asking.ask_by_request(call.ctx, plan, seconds), call)
            case WayToAsk.NONE:
                return self._told(plan)

    async def _decided(self, plan: Plan, answer: PersonsAnswer, call: Call) -> CallToolResult:
        """Record the answer and act on it; a plan that was decided before keeps its first outcome."""
        withdrawn = plan.state is PlanState.APPROVED and answer.decision is Decision.DENY
        if plan.state is PlanState.PROPOSED or withdrawn:
            plan = await self._record(plan, answer)
        if plan.state is PlanState.APPROVED and answer.decision is Decision.APPROVE:
            plan = await self._apply(plan, call.context)
        return self._told(plan)

    async def _record(self, plan: Plan, answer: PersonsAnswer) -> Plan:
        book, approver = self._runtime.book, f"the person at the client of {plan.requester}"
        try:
            return await run_sync(
                book.decide, plan.id, answer.decision, Evidence.ELICITED, approver, answer.reason
            )
        except (PlanExpiredError, PlanNotPendingError):
            # Its time ran out, or it was decided elsewhere while the question was open.
            return await run_sync(book.get, plan.id)

    async def apply_plan(self, plan_id: str, context: ToolContext, requester: str | None) -> Plan:
        """Apply an approved plan of `requester`; None stands for the operator of this machine."""
        plan = await run_sync(self._runtime.book.get, plan_id, requester)
        if plan.instance.address != self._runtime.instance.address:
            raise WrongInstanceError(plan, self._runtime.instance)
        return await self._apply(plan, context) if plan.state is PlanState.APPROVED else plan

    async def _apply(self, plan: Plan, context: ToolContext) -> Plan:
        tool = TOOLS[plan.action]
        assert isinstance(tool, MutatingTool)  # noqa: S101 - only mutating tools make plans

        def writing(gate: WriteGate) -> ToolContext:
            return replace(context, client=context.client.with_write_gate(gate))

        application = Application(
            plan=plan, tool=tool, book=self._runtime.book, reading=context, writing=writing
        )
        return await apply(application, self._runtime.keep_running)

    def context_for(self, requester: str, progress: Progress) -> ToolContext:
        """What a tool called by `requester` may use; its client changes nothing."""
        settings = self._runtime.settings
        return ToolContext(
            client=self._runtime.client,
            plans=PlansOf(self._runtime, requester),
            now=self._runtime.now,
            default_workspace=settings.workspace_id,
            timezone=settings.timezone,
            progress=progress,
        )

    @staticmethod
    def _told(plan: Plan) -> CallToolResult:
        return answer_result(*changes.of_plan(plan))


class WrongInstanceError(ToolFailureError):
    """The plan is for another Airbyte than the one this process talks to."""

    def __init__(self, plan: Plan, here: Instance) -> None:
        super().__init__(
            f"Plan {plan.id} is for the Airbyte at {plan.instance.address}, not for {here.address}.",
            "Apply it where it was made: tell the assistant to go on; it calls apply_plan.",
        )


class NobodyCanApproveError(ToolFailureError):
    """The client shows no questions, and terminals do not count."""

    def __init__(self) -> None:
        super().__init__(
            "Nothing was changed: this client cannot ask a person, and terminal approvals are switched off.",
            "Use a client that supports elicitation, or ask the operator (AIRBYTE_MCP_TERMINAL_APPROVALS).",
        )


class PlansOf:
    """The plans of one requester, to read."""

    def __init__(self, runtime: Runtime, requester: str) -> None:
        self._runtime = runtime
        self._requester = requester

    async def get(self, plan_id: str) -> Plan:
        """Return the requester's plan, or raise PlanNotFoundError."""
        return await run_sync(self._runtime.book.get, plan_id, self._requester)


def _parsed(tool: AnyTool, given: dict[str, Any]) -> Arguments:
    try:
        # As JSON and strictly: true is no number, "6" is no number, "yes" is no truth.
        arguments: Arguments = tool.arguments.model_validate_json(json.dumps(given), strict=True)
    except ValidationError as error:
        raise bad_arguments(tool, error) from None
    return arguments
