"""Surrounds every tool: arguments, policy, question, applying, errors.

Tools never call this and never know that it is there, so no tool can forget
it. A read runs; a change is planned, asked about, and only then applied.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, cast

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
from airbyte_guardrails.plans import ChangeRecord, Plan, WantedChanges
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
from airbyte_mcp_server.changing.settling import Settler
from airbyte_mcp_server.instances.airbytes import Airbyte, Airbytes
from airbyte_mcp_server.instances.argument import ARGUMENT, BY_PLAN, headed
from airbyte_mcp_server.instances.choosing import chosen
from airbyte_mcp_server.operating.spans import step
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
    no_progress,
)

if TYPE_CHECKING:
    from airbyte_guardrails.store import Store

TOOLS: dict[str, AnyTool] = {tool.name: tool for tool in (*ALL_TOOLS, APPLY_PLAN)}

Reply = CallToolResult | InputRequiredResult


@dataclass(frozen=True)
class Call:
    """One `tools/call`: what the client sent, who asks, of which Airbyte, and what the tool may use."""

    ctx: RequestContext
    params: CallToolRequestParams
    requester: str
    airbyte: Airbyte
    context: ToolContext
    arguments: Arguments


class Dispatch:
    """Answers `tools/call` for one runtime."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._people = People(runtime, self._apply_outside)
        self._admission = Admission(runtime.settings, lambda: runtime.store)
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
            await self.admit(requester)
            if not tool.hints.read_only:
                answers = params.request_state is not None
                await self._admission.require_change(tool.name, requester, answers=answers)
                self._runtime.policy.require_permitted(tool.name)
            airbyte, own = chosen(self._runtime.airbytes, tool.name, params.arguments or {})
            arguments = _parsed(tool, own)
            context = self.context_for(airbyte, requester, ctx.session.report_progress)
            return await self._run(tool, arguments, Call(ctx, params, requester, airbyte, context, arguments))
        except Exception as error:  # noqa: BLE001 - the one boundary: wire.error_result decides what may be told
            return error_result(error)

    async def answer(self, name: str, given: Mapping[str, object], requester: str) -> Answer:
        """What a tool that only reads answers, for a resource.

        Raises:
            Exception: As the tool raises; `wire.told` says what may be told of it.
        """
        await self.admit(requester)
        tool = TOOLS[name]
        assert isinstance(tool, ReadTool)  # noqa: S101 - resources name reading tools only, held by a test
        reading = cast("AnyReadTool", tool)
        airbyte, own = chosen(self._runtime.airbytes, name, given)
        return await reading.run(self.context_for(airbyte, requester), _parsed(reading, own))

    def airbyte_named(self, name: str | None) -> Airbyte:
        """The Airbyte that a completion is for.

        Raises:
            BadArgumentsError: There are several, and this names none of them.
        """
        airbyte, _ = chosen(self._runtime.airbytes, "completion", {ARGUMENT: name} if name else {})
        return airbyte

    async def admit(self, requester: str) -> None:
        """Count whatever `requester` has answered by Airbyte.

        Raises:
            NotAdmittedError: It is too much for one minute.
        """
        await self._admission.require_call(requester)

    async def _run(self, tool: AnyTool, arguments: Arguments, call: Call) -> Reply:
        if isinstance(tool, MutatingTool):
            return await self._change(tool, arguments, call)
        if isinstance(tool, ReadTool):
            return await self._read(cast("AnyReadTool", tool), arguments, call)
        assert isinstance(arguments, PlanArguments)  # noqa: S101 - apply_plan is the only other tool
        plan = await self.apply_plan(arguments.plan_id, call.requester, call.context.progress)
        if model_may_confirm(plan, self._runtime):
            plan = await confirmed(plan, arguments, self._runtime)
        elif plan.state is PlanState.PROPOSED:
            with step("ask", plan.action, plan) as waiting:
                plan = waiting.reached(await self._people.decision_on(plan, call.context.progress))
        return await self._go_on(plan, call)

    async def _read(self, tool: AnyReadTool, arguments: Arguments, call: Call) -> CallToolResult:
        answer: Answer = await tool.run(call.context, arguments)
        text = tool.say(answer, call.context.now())
        # A plan's own words name its Airbyte.
        return answer_result(answer, text if tool.name in BY_PLAN else self._headed(text, call.airbyte.name))

    def _headed(self, text: str, instance: str) -> str:
        return headed(text, instance, self._runtime.airbytes.choices)

    async def _change(self, tool: AnyMutatingTool, arguments: Arguments, call: Call) -> Reply:
        if call.params.request_state is not None:
            return await self._came_back(tool, call.params.request_state, call)
        asked_at = self._runtime.now()
        with step("plan", tool.name) as planning:
            draft = await tool.plan(call.context, arguments)
            if isinstance(draft, NothingToDo):
                result, text = results.nothing_to_do(draft)
                return answer_result(result, self._headed(text, call.airbyte.name))
            instance = call.airbyte.instance
            await self.settle_abandoned(instance.address)
            require = await self._people.requirement(call.ctx)
            client = asking.client_name(call.ctx)
            propose = partial(self._runtime.book.propose, client=client, asked_at=asked_at, require=require)
            plan = planning.reached(await run_sync(propose, tool.name, instance, call.requester, draft))
        if plan.state is PlanState.PROPOSED and not model_may_confirm(plan, self._runtime):
            with step("ask", tool.name, plan) as questioning:
                asked = questioning.reached(await self._people.ask(plan, call.ctx))
            if isinstance(asked, InputRequiredResult):
                return asked
            plan = asked
        return await self._go_on(plan, call)

    async def _came_back(self, tool: AnyMutatingTool, request_state: str, call: Call) -> CallToolResult:
        """The second call, after a question that was a result."""
        asked, plan_id = asking.opened_state(request_state)
        plan = await run_sync(self._runtime.book.get, plan_id, call.requester)
        if plan.action != tool.name:
            raise BadArgumentsError("This answer belongs to another tool's question; nothing was changed.")
        if not call.airbyte.is_at(plan.instance.address):
            raise BadArgumentsError(
                f"This answer belongs to a question about another Airbyte, {plan.instance.name};"
                " nothing was changed."
            )
        with step("ask", plan.action, plan) as answering:
            plan = answering.reached(
                await self._people.came_back(plan, asked, call.params.input_responses, call.ctx)
            )
        return await self._go_on(plan, call)

    async def _go_on(self, plan: Plan, call: Call) -> CallToolResult:
        """From a decision to its outcome; any other plan is told as it stands."""
        if plan.state is PlanState.APPROVED:
            # A call that goes by a plan's id was about no Airbyte yet.
            context = self.context_for(self._airbyte_for(plan), call.requester, call.context.progress)
            plan = await self._apply(plan, context)
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
        return answer_result(result, self._headed(results.in_words(plan, result), plan.instance.name))

    async def apply_plan(self, plan_id: str, requester: str | None, progress: Progress = no_progress) -> Plan:
        """Apply an approved plan of `requester` at its own Airbyte; None stands for this machine's operator.

        Raises:
            WrongInstanceError: This server does not talk to the plan's Airbyte.
        """
        plan = await self._settled(plan_id, requester)
        self._airbyte_of(plan)
        if plan.state is not PlanState.APPROVED:
            return plan
        airbyte = self._airbyte_for(plan)
        context = self.context_for(airbyte, requester or self._runtime.session, progress)
        return await self._apply(plan, context)

    async def _apply_outside(self, plan_id: str) -> Plan:
        """Apply an approved plan of this process for which no call waits any more."""
        return await self.apply_plan(plan_id, self._runtime.session)

    async def _apply(self, plan: Plan, context: ToolContext) -> Plan:
        tool = TOOLS[plan.action]
        assert isinstance(tool, MutatingTool)  # noqa: S101 - only mutating tools make plans

        def writing(gate: WriteGate) -> ToolContext:
            return replace(context, client=context.client.with_write_gate(gate))

        application = Application(
            plan=plan, tool=tool, book=self._runtime.book, reading=context, writing=writing
        )
        with step("apply", plan.action, plan) as applying:
            return applying.reached(await apply(application, self._runtime.keep_running))

    def _airbyte_of(self, plan: Plan) -> Airbyte:
        airbyte = self._runtime.airbytes.at(plan.instance.address)
        if airbyte is None:
            raise WrongInstanceError(plan, self._runtime.airbytes)
        return airbyte

    def _airbyte_for(self, plan: Plan) -> Airbyte:
        """Where a plan is applied: the person saw the name, and the policy's rules speak of it."""
        airbyte = self._airbyte_of(plan)
        if airbyte.name != plan.instance.name:
            raise RenamedInstanceError(plan, airbyte)
        return airbyte

    async def _settled(self, plan_id: str, requester: str | None) -> Plan:
        """A plan of `requester` as it stands once what was left behind at its Airbyte is settled."""
        plan = await run_sync(self._runtime.book.get, plan_id, requester)
        await self.settle_abandoned(plan.instance.address)
        return await run_sync(self._runtime.book.get, plan_id, requester)

    async def settle_abandoned(self, address: str | None = None) -> None:
        """Find out what became of changes whose server died in the middle of them.

        Args:
            address: Of the Airbyte whose changes are looked at, so that nobody waits for another one; all
                that this server talks to when left out.
        """

        def reading_at(place: str) -> ToolContext | None:
            airbyte = self._runtime.airbytes.at(place) if address in (None, place) else None
            return self.context_for(airbyte, self._runtime.session) if airbyte else None

        await Settler(book=self._runtime.book, tools=TOOLS, reading_at=reading_at).settle_abandoned()

    def context_for(self, airbyte: Airbyte, requester: str, progress: Progress = no_progress) -> ToolContext:
        """What a tool called by `requester` may use of an Airbyte; its client changes nothing."""
        settings = self._runtime.settings
        return ToolContext(
            client=airbyte.client,
            plans=PlansOf(
                store=lambda: self._runtime.store,
                airbyte=airbyte,
                settle=self.settle_abandoned,
                settled=partial(self._settled, requester=requester),
            ),
            now=self._runtime.now,
            default_workspace=airbyte.settings.workspace_id,
            timezone=settings.timezone,
            progress=progress,
            where_to_approve=self._people.where_to_approve,
        )


class WrongInstanceError(ToolFailureError):
    """The plan is for an Airbyte that this process does not talk to."""

    def __init__(self, plan: Plan, here: Airbytes) -> None:
        known = " or ".join(airbyte.settings.api_url for airbyte in here.values())
        super().__init__(
            f"Plan {plan.id} is for the Airbyte at {plan.instance.address}, not for {known}.",
            "Apply it where it was made: tell the assistant to go on; it calls apply_plan.",
        )


class RenamedInstanceError(WrongInstanceError):
    """The plan's Airbyte has another name here than it had when the person was asked."""

    def __init__(self, plan: Plan, here: Airbyte) -> None:
        ToolFailureError.__init__(
            self,
            f"Plan {plan.id} is for the Airbyte called {plan.instance.name!r}, which here is called"
            f" {here.name!r}; nothing was sent.",
            "Ask for the change anew, or apply the plan where it was made.",
        )


@dataclass(frozen=True, kw_only=True)
class PlansOf:
    """The plans of one requester, and the changes of one Airbyte, to read.

    Attributes:
        settled: Finds a plan of the requester, settled if its server died at it.
        airbyte: Whose changes.
        settle: Finds out what became of changes at an address whose server died at them.
        store: Opens the store.
    """

    settled: Callable[[str], Awaitable[Plan]]
    airbyte: Airbyte
    settle: Callable[[str], Awaitable[None]]
    store: "Callable[[], Store]"

    async def get(self, plan_id: str) -> Plan:
        """Return the requester's plan as it stands, or raise PlanNotFoundError."""
        return await self.settled(plan_id)

    async def changes(self, wanted: WantedChanges) -> list[ChangeRecord]:
        """Return what was changed on this Airbyte, whoever asked for it."""
        from airbyte_guardrails import history  # noqa: PLC0415 - SQLAlchemy is heavy at start-up

        address = self.airbyte.address
        await self.settle(address)
        return await run_sync(history.changes, self.store(), address, wanted)

    async def change(self, plan_id: str) -> ChangeRecord:
        """Return one of these changes, or raise PlanNotFoundError."""
        from airbyte_guardrails import history  # noqa: PLC0415 - as above

        return await run_sync(history.change, self.store(), self.airbyte.address, plan_id)


def _parsed(tool: AnyTool, given: dict[str, Any]) -> Arguments:
    try:
        # As JSON and strictly: true is no number, "6" is no number, "yes" is no truth.
        arguments: Arguments = tool.arguments.model_validate_json(json.dumps(given), strict=True)
    except ValidationError as error:
        raise bad_arguments(tool, error) from None
    return arguments
