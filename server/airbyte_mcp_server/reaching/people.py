"""Puts a plan to a person in the ways that are open, and waits for the decision. It applies nothing."""

import math
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING

import anyio
from anyio.to_thread import run_sync
from mcp_types import ElicitResult, InputRequiredResult, InputResponses

from airbyte_guardrails.errors import PlanExpiredError, PlanNotPendingError, StoreUnavailableError
from airbyte_guardrails.evidence import Decision, Evidence
from airbyte_guardrails.plans import Plan
from airbyte_guardrails.states import PlanState
from airbyte_mcp_server.reaching import asking
from airbyte_mcp_server.reaching.asking import Abilities, Asked, PersonsAnswer, RequestContext
from airbyte_mcp_server.reaching.open_questions import OpenQuestions
from airbyte_mcp_server.reaching.opening import browser_here
from airbyte_mcp_server.reaching.ways import NobodyCanApproveError, Ways, ways_for, where_to_approve
from airbyte_mcp_server.runtime import Runtime
from airbyte_tools.tool import Progress

if TYPE_CHECKING:
    from airbyte_mcp_server.reaching.local_page import LocalPage

JOINED_SECONDS = 0.5
"""How soon a call that waits for another one's question sees that it is closed without a decision."""


class People:
    """Whoever decides on the plans of one runtime.

    Args:
        runtime: Whose plans.
        apply: Applies an approved plan, for a decision that no call waits for any more.
    """

    def __init__(self, runtime: Runtime, apply: Callable[[str], Awaitable[Plan]]) -> None:
        self._runtime = runtime
        self._apply = apply
        self._local_page: LocalPage | None = None
        self._questions = OpenQuestions()

    async def ask(self, plan: Plan, ctx: RequestContext) -> Plan | InputRequiredResult:
        """Ask about a plan: the plan once that is decided or no longer waited for, or a question to hand on.

        Raises:
            NobodyCanApproveError: No way leads to a yes that would count.
            GuardrailError: The yes did not count, or the store is gone.
        """
        abilities = asking.abilities_of(ctx)
        ways = await self._ways(plan, abilities)
        # From here to the mark that a question is open nothing may wait, or two calls would both ask it.
        plan = await self._once_answered(plan)
        if plan.state is not PlanState.PROPOSED:
            return plan
        if not ways.exist:
            raise NobodyCanApproveError(plan, self._runtime.settings)
        if not ways.form:
            self._runtime.announce_waiting(plan)
        if ways.form or ways.leading:
            if abilities.by_result:
                self._questions.handed_on(plan.id)
                return _as_result(plan, ways)
            with self._questions.during_a_call(plan.id):
                return await self._ask_now(plan, ways, ctx)
        if ways.browser:
            self._shown_here.show(plan)
        return await self.decision_on(plan, ctx.session.report_progress)

    async def requirement(self, ctx: RequestContext) -> Callable[[Plan], None]:
        """What a plan must meet to wait for a person: that somebody reached by this call can say yes."""
        settings, abilities, browser = self._runtime.settings, asking.abilities_of(ctx), await self._browser()

        def require(plan: Plan) -> None:
            daring = settings.dangerously_allow_model_confirmation
            if daring and plan.least_evidence is Evidence.MODEL_ASSERTED:
                return
            if not ways_for(plan, abilities, settings, browser=browser).exist:
                raise NobodyCanApproveError(plan, settings)

        return require

    async def came_back(
        self, plan: Plan, asked: Asked, responses: InputResponses | None, ctx: RequestContext
    ) -> Plan:
        """The plan after the client has called again with what came of a question.

        Raises:
            GuardrailError: As `ask`.
        """
        response = asking.response_in(responses)
        try:
            if asked is Asked.FORM:
                return await self._decided(plan, asking.read_form(plan, response))
            return await self._led(plan, response, ctx)
        finally:
            self._questions.came_back(plan.id)

    async def decision_on(self, plan: Plan, progress: Progress) -> Plan:
        """The plan once somebody decided on it anywhere, or as it stands when nobody waits any more."""
        if plan.state is not PlanState.PROPOSED:
            return plan
        seconds, where = self._runtime.settings.wait_seconds, self.where_to_approve(plan)

        async def report(waited: float, left: float) -> None:
            await progress(waited, seconds, f"Waiting for a person, {left:.0f} s left; approve it {where}")

        return await self._runtime.waiting.while_in((PlanState.PROPOSED,), plan, seconds, report)

    def where_to_approve(self, plan: Plan) -> str:
        """Where a person can approve a plan that waits, in words; the client that asked may be gone."""
        opened = self._local_page is not None and self._local_page.shows(plan.id)
        return where_to_approve(plan, ways_for(plan, Abilities(), self._runtime.settings, browser=opened))

    async def _ways(self, plan: Plan, abilities: Abilities) -> Ways:
        return ways_for(plan, abilities, self._runtime.settings, browser=await self._browser())

    async def _browser(self) -> bool:
        settings = self._runtime.settings
        return settings.transport == "stdio" and await run_sync(browser_here, settings.open_browser)

    @property
    def _shown_here(self) -> "LocalPage":
        if self._local_page is None:
            from airbyte_mcp_server.reaching.local_page import LocalPage  # noqa: PLC0415 - only desktops need a web server

            self._local_page = LocalPage(self._runtime, self._apply)
            self._runtime.at_close(self._local_page.stop)
        return self._local_page

    async def _once_answered(self, plan: Plan) -> Plan:
        """The plan, once nobody is being asked about it: the same call made twice asks one person once."""
        while plan.state is PlanState.PROPOSED and self._questions.are_there_for(plan.id):
            plan = await self._runtime.waiting.while_in((PlanState.PROPOSED,), plan, JOINED_SECONDS)
        return plan

    async def _ask_now(self, plan: Plan, ways: Ways, ctx: RequestContext) -> Plan:
        if not ways.form and ways.page is not None:
            return await self._led(plan, await self._lead_now(plan, ways.page, ctx), ctx)
        seconds = max((plan.approve_by - self._runtime.now()).total_seconds(), 0.0)
        return await self._decided(plan, await asking.ask_by_request(ctx, plan, seconds))

    async def _lead_now(self, plan: Plan, address: str, ctx: RequestContext) -> ElicitResult | None:
        """Lead to the page until the client answers or somebody has decided, whatever comes first."""
        response: ElicitResult | None = None
        async with anyio.create_task_group() as group:

            async def until_decided() -> None:
                with suppress(StoreUnavailableError):  # whoever looks next says so
                    await self._runtime.waiting.while_in((PlanState.PROPOSED,), plan, math.inf)
                group.cancel_scope.cancel()

            group.start_soon(until_decided)
            response = await asking.lead_by_request(ctx, plan, address)
            group.cancel_scope.cancel()
        return response

    async def _led(self, plan: Plan, response: ElicitResult | None, ctx: RequestContext) -> Plan:
        """After the client was asked to open the page: only the page says yes, but the client can say no."""
        plan = await run_sync(self._runtime.book.get, plan.id)
        if response is not None and response.action != "accept":
            taken_back = response.action == "decline" and plan.state is PlanState.APPROVED
            if taken_back or plan.state is PlanState.PROPOSED:
                return await self._record(plan, asking.NOT_LED)
        return await self.decision_on(plan, ctx.session.report_progress)

    async def _decided(self, plan: Plan, answer: PersonsAnswer) -> Plan:
        """Record the answer; what was decided before stays, but a yes can be taken back."""
        taken_back = plan.state is PlanState.APPROVED and answer.decision is Decision.DENY
        if plan.state is PlanState.PROPOSED or taken_back:
            return await self._record(plan, answer)
        return plan

    async def _record(self, plan: Plan, answer: PersonsAnswer) -> Plan:
        book, approver = self._runtime.book, f"the person at the client of {plan.requester}"
        try:
            return await run_sync(
                book.decide, plan.id, answer.decision, Evidence.ELICITED, approver, answer.reason
            )
        except (PlanExpiredError, PlanNotPendingError):
            # Its time ran out, or it was decided elsewhere while the question was open.
            return await run_sync(book.get, plan.id)


def _as_result(plan: Plan, ways: Ways) -> InputRequiredResult:
    if ways.form or ways.page is None:
        return asking.form_result(plan)
    return asking.page_result(plan, ways.page)
