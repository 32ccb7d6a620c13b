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
from airbyte_mcp_server.reaching.opening import browser_here
from airbyte_mcp_server.reaching.ways import NobodyCanApproveError, Ways, ways_for, where_to_approve
from airbyte_mcp_server.runtime import Runtime
from airbyte_tools.tool import Progress

if TYPE_CHECKING:
    from airbyte_mcp_server.reaching.local_page import LocalPage


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

    async def ask(self, plan: Plan, ctx: RequestContext) -> Plan | InputRequiredResult:
        """Ask about a plan: the plan once that is decided or no longer waited for, or a question to hand on.

        Raises:
            NobodyCanApproveError: No way leads to a yes that would count.
            GuardrailError: The yes did not count, or the store is gone.
        """
        abilities = asking.abilities_of(ctx)
        ways = await self._ways(plan, abilities)
        if not ways.exist:
            raise NobodyCanApproveError(plan, self._runtime.settings)
        if ways.form:
            return asking.form_result(plan) if abilities.by_result else await self._ask_now(plan, ctx)
        self._runtime.announce_waiting(plan)
        if ways.leading and ways.page is not None:
            if abilities.by_result:
                return asking.page_result(plan, ways.page)
            return await self._led(plan, await self._lead_now(plan, ways.page, ctx), ctx)
        if ways.browser:
            self._shown_here.show(plan)
        return await self.decision_on(plan, ctx.session.report_progress)

    async def came_back(
        self, plan: Plan, asked: Asked, responses: InputResponses | None, ctx: RequestContext
    ) -> Plan:
        """The plan after the client has called again with what came of a question.

        Raises:
            GuardrailError: As `ask`.
        """
        response = asking.response_in(responses)
        if asked is Asked.FORM:
            return await self._decided(plan, asking.read_form(plan, response))
        return await self._led(plan, response, ctx)

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
        settings = self._runtime.settings
        browser = settings.transport == "stdio" and await run_sync(browser_here, settings.open_browser)
        return ways_for(plan, abilities, settings, browser=browser)

    @property
    def _shown_here(self) -> "LocalPage":
        if self._local_page is None:
            from airbyte_mcp_server.reaching.local_page import LocalPage  # noqa: PLC0415 - only desktops need a web server

            self._local_page = LocalPage(self._runtime, self._apply)
            self._runtime.at_close(self._local_page.stop)
        return self._local_page

    async def _ask_now(self, plan: Plan, ctx: RequestContext) -> Plan:
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
