"""The list of plans, one plan, and the decision on it."""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from airbyte_client import AirbyteError
from airbyte_guardrails.errors import (
    EvidenceTooWeakError,
    GuardrailError,
    PlanExpiredError,
    PlanNotFoundError,
    PlanNotPendingError,
    RefusedByPolicyError,
)
from airbyte_guardrails.evidence import Decision, Evidence
from airbyte_guardrails.life import PlanBook
from airbyte_guardrails.plans import Plan
from airbyte_guardrails.sign_ins import Session
from airbyte_guardrails.states import PlanState
from airbyte_guardrails.wording import REASON_LIMIT, clean, is_confirmed_by, needs_name
from airbyte_mcp_server.pages.answers import page
from airbyte_mcp_server.pages.forms import Form
from airbyte_mcp_server.pages.sessions import PLAN_ID, Sessions
from airbyte_mcp_server.pages.views import plan_view
from airbyte_tools.errors import ToolFailureError

Apply = Callable[[str], Awaitable[object]]
"""Applies the approved plan of this id. May raise what the guardrails, the client and the tools raise."""


@dataclass(frozen=True, kw_only=True)
class Office:
    """What decisions are made with.

    Attributes:
        book: The plans.
        apply: Carries out what was approved.
        settle: Finds out what became of plans whose server died while it carried them out.
        is_here: Whether `apply` reaches the Airbyte at an address.
        now: The clock, aware, in the zone in which people here speak of times.
        read_only: Whether nothing may be approved.
    """

    book: PlanBook
    apply: Apply
    settle: Callable[[], Awaitable[None]]
    is_here: Callable[[str], bool]
    now: Callable[[], datetime]
    read_only: bool


@dataclass(frozen=True)
class Refusal:
    """Why a decision was not taken: as the status of the answer, in words, and what was typed with it."""

    status: HTTPStatus
    told: str
    reason: str = ""
    about_typed: bool = False


class Plans:
    """The pages about plans."""

    def __init__(self, office: Office, sessions: Sessions) -> None:
        self._office = office
        self._sessions = sessions

    async def show_all(self, request: Request) -> Response:
        """`GET /`: what waits, and what was approved and is not done yet."""
        session = await self._sessions.required(request)
        await self._office.settle()
        unfinished = await run_sync(self._office.book.unfinished)
        now = self._office.now()
        return page(
            "plans.html",
            session=session,
            waiting=[plan_view(p, now) for p in unfinished if p.state is PlanState.PROPOSED],
            going_on=[plan_view(p, now) for p in unfinished if p.state is not PlanState.PROPOSED],
            version=_version(*unfinished),
        )

    async def show(self, request: Request) -> Response:
        """`GET /plans/{plan_id}`."""
        session = await self._sessions.required(request)
        await self._office.settle()
        return self._page(session, await self._plan(request))

    async def decide(self, request: Request) -> Response:
        """`POST /plans/{plan_id}`: the decision on exactly what was shown."""
        session, form = await self._sessions.signed_form(request)
        plan = await self._plan(request)
        refusal = self._objection(plan, form) or await self._record(plan, form, session)
        if refusal is None and form.text("decision") == Decision.APPROVE:
            refusal = await self._apply(plan)
        if refusal is None:
            return RedirectResponse(f"/plans/{plan.id}", HTTPStatus.SEE_OTHER)
        return self._page(session, await self._plan(request), refusal)

    async def lift(self, request: Request) -> Response:
        """`POST /plans/{plan_id}/lift`: what was denied may be asked for again."""
        session, _ = await self._sessions.signed_form(request)
        plan = await self._plan(request)
        try:
            await run_sync(self._office.book.lift, plan.id, session.approver)
        except PlanNotPendingError:
            return self._page(session, plan, Refusal(HTTPStatus.CONFLICT, "There is nothing to lift here."))
        return self._page(session, plan, lifted=True)

    async def _plan(self, request: Request) -> Plan:
        plan_id: str = request.path_params["plan_id"]
        if not PLAN_ID.fullmatch(plan_id):
            raise PlanNotFoundError(plan_id)
        return await run_sync(self._office.book.get, plan_id)

    def _objection(self, plan: Plan, form: Form) -> Refusal | None:
        """What is wrong with a form before the guardrails are asked."""
        decision = form.text("decision")
        if decision not in list(Decision):
            return Refusal(HTTPStatus.BAD_REQUEST, "The form came back without a decision.")
        if form.text("digest") != plan.digest:
            return Refusal(
                HTTPStatus.CONFLICT, "That was the form of another plan. This is the one that it was sent to."
            )
        if decision == Decision.DENY:
            return None
        if self._office.read_only:
            return Refusal(HTTPStatus.FORBIDDEN, "This server is read-only: nothing can be approved.")
        if needs_name(plan) and not is_confirmed_by(plan, form.text("confirm_name")):
            told = "That is not what has to be typed; nothing was approved."
            return Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, told, _reason(form), about_typed=True)
        return None

    async def _record(self, plan: Plan, form: Form, session: Session) -> Refusal | None:
        decision, reason = Decision(form.text("decision")), _reason(form)
        try:
            await run_sync(
                self._office.book.decide, plan.id, decision, Evidence.OUT_OF_BAND, session.approver, reason
            )
        except (RefusedByPolicyError, EvidenceTooWeakError) as refusal:
            return Refusal(HTTPStatus.FORBIDDEN, str(refusal))
        except (PlanExpiredError, PlanNotPendingError) as refusal:
            return Refusal(HTTPStatus.CONFLICT, refusal.message)
        return None

    async def _apply(self, plan: Plan) -> Refusal | None:
        try:
            await self._office.apply(plan.id)
        except (AirbyteError, ToolFailureError, GuardrailError) as error:
            return Refusal(HTTPStatus.OK, str(error))
        return None

    def _page(
        self, session: Session, plan: Plan, refusal: Refusal | None = None, *, lifted: bool = False
    ) -> Response:
        return page(
            "plan.html",
            refusal.status if refusal else HTTPStatus.OK,
            session=session,
            plan=plan_view(plan, self._office.now()),
            refusal=refusal,
            lifted=lifted,
            elsewhere=not self._office.is_here(plan.instance.address),
            read_only=self._office.read_only,
            version=_version(plan),
        )


def _reason(form: Form) -> str:
    return clean(form.text("reason"), REASON_LIMIT)


def _version(*plans: Plan) -> str:
    """Differs when a page shows other plans, or the same in other states."""
    told = ";".join(f"{plan.id}={plan.state.value}" for plan in plans)
    return hashlib.sha256(told.encode()).hexdigest()[:16]
