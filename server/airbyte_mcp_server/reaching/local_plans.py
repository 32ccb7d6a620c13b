"""One plan in the browser of the person at this computer, and the decision on it.

The address that is opened holds a secret in its fragment, which no browser
sends anywhere; the page's script posts it, and only then a plan is shown.
Nothing is remembered in the browser, a GET shows and changes nothing, and
after its decision a secret is good for nothing more than seeing the outcome.
"""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus

from anyio.to_thread import run_sync
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from airbyte_client import AirbyteError
from airbyte_guardrails.errors import GuardrailError
from airbyte_guardrails.evidence import Decision, Evidence
from airbyte_guardrails.life import PlanBook
from airbyte_guardrails.plans import Plan
from airbyte_guardrails.states import PlanState
from airbyte_guardrails.wording import REASON_LIMIT, clean, is_confirmed_by, needs_name
from airbyte_mcp_server.pages.answers import on_defect, on_http_exception, on_refusal, page, problem
from airbyte_mcp_server.pages.app import static_files
from airbyte_mcp_server.pages.forms import Form, form_of
from airbyte_mcp_server.pages.views import plan_view
from airbyte_mcp_server.pages.walls import Address, Walls
from airbyte_mcp_server.reaching.loopback_peer import is_of_this_user
from airbyte_mcp_server.reaching.waiting_for_person import Waiting
from airbyte_tools.errors import ToolFailureError

APPROVER = "the person at this computer's browser"
CALL_SECONDS = 10.0
"""How long the call that waits for a plan has to apply it, before the page does."""


@dataclass(kw_only=True)
class Shown:
    """One plan on the page: the secret that opens it, and whether it was used to decide."""

    plan_id: str
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    spent: bool = False


@dataclass(frozen=True, kw_only=True)
class LocalDesk:
    """What decisions are made with.

    Attributes:
        shown: The plans that can be opened now.
        book: Where they are stored.
        waiting: The calls that wait for them.
        apply: Applies an approved plan.
        now: The clock, aware, in the zone in which people here speak of times.
    """

    shown: Callable[[], list[Shown]]
    book: PlanBook
    waiting: Waiting
    apply: Callable[[str], Awaitable[Plan]]
    now: Callable[[], datetime]


def local_app(desk: LocalDesk, port: int) -> ASGIApp:
    """The page on one port of loopback; every other host, origin and user is turned away."""
    plans = LocalPlans(desk)
    routes = [
        Route("/", plans.empty, methods=["GET"]),
        Route("/", plans.answer, methods=["POST"]),
        static_files(),
    ]
    handlers = {GuardrailError: on_refusal, HTTPException: on_http_exception, Exception: on_defect}
    app = Starlette(routes=routes, exception_handlers=handlers)
    address = Address(origins=frozenset({f"http://127.0.0.1:{port}"}), https=False)
    return Walls(OnlyThisUser(app, port), address)


class OnlyThisUser:
    """An ASGI application around another one, which answers only this user's own processes."""

    def __init__(self, inner: ASGIApp, port: int) -> None:
        self._inner = inner
        self._port = port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        answerer = self._inner
        if scope["type"] == "http" and not await run_sync(is_of_this_user, scope["client"][1], self._port):
            answerer = PlainTextResponse("This page is for another user of this computer.\n", 403)
        await answerer(scope, receive, send)


class LocalPlans:
    """The pages about the plans of this process."""

    def __init__(self, desk: LocalDesk) -> None:
        self._desk = desk

    async def empty(self, _request: Request) -> Response:
        """`GET /`: the same for everybody; its script posts the secret that the address holds."""
        return page("local.html", session=None)

    async def answer(self, request: Request) -> Response:
        """`POST /`: the plan that a secret opens, or with a decision, what became of it."""
        form = await form_of(request)
        shown = self._opened_by(form.text("secret"))
        if shown is None:
            return problem(
                HTTPStatus.FORBIDDEN, "Nothing waits here.", "If it is still wanted, tell the assistant."
            )
        plan = await run_sync(self._desk.book.get, shown.plan_id)
        if form.text("decision") and plan.state is PlanState.PROPOSED and not shown.spent:
            return await self._decide(shown, plan, form)
        return self._page(shown, plan)

    def _opened_by(self, secret: str) -> Shown | None:
        """The plan of a secret; every secret is compared, each in constant time."""
        given = secret.encode()
        fitting = [s for s in self._desk.shown() if secrets.compare_digest(s.secret.encode(), given)]
        return fitting[0] if fitting else None

    async def _decide(self, shown: Shown, plan: Plan, form: Form) -> Response:
        if told := _objection(plan, form):
            return self._page(shown, plan, told, status=HTTPStatus.UNPROCESSABLE_ENTITY)
        decision, reason = Decision(form.text("decision")), clean(form.text("reason"), REASON_LIMIT)
        # Asked before the decision, for that is what ends the call's waiting.
        somebody_waits = self._desk.waiting.anybody_for(plan.id)
        try:
            plan = await run_sync(
                self._desk.book.decide, plan.id, decision, Evidence.LOCAL_BROWSER, APPROVER, reason
            )
            shown.spent = True
            if plan.state is PlanState.APPROVED:
                plan = await self._carried_out(plan, somebody_waits=somebody_waits)
        except (GuardrailError, AirbyteError, ToolFailureError) as error:
            return self._page(shown, await run_sync(self._desk.book.get, plan.id), str(error))
        return self._page(shown, plan)

    async def _carried_out(self, plan: Plan, *, somebody_waits: bool) -> Plan:
        """By the call that waits for it, if there is one, else by this page."""
        if somebody_waits:
            going_on = (PlanState.APPROVED, PlanState.EXECUTING)
            plan = await self._desk.waiting.while_in(going_on, plan, CALL_SECONDS)
        return await self._desk.apply(plan.id) if plan.state is PlanState.APPROVED else plan

    def _page(self, shown: Shown, plan: Plan, told: str = "", *, status: int = HTTPStatus.OK) -> Response:
        return page(
            "local_plan.html",
            status,
            session=None,
            plan=plan_view(plan, self._desk.now()),
            told=told,
            hidden={"secret": shown.secret, "digest": plan.digest},
        )


def _objection(plan: Plan, form: Form) -> str:
    """What is wrong with a form before the guardrails are asked; empty if nothing is."""
    decision = form.text("decision")
    if decision not in list(Decision):
        return "The form came back without a decision."
    if not secrets.compare_digest(form.text("digest").encode(), plan.digest.encode()):
        return "That was the form of another plan; this is the one that waits."
    if decision == Decision.DENY or not needs_name(plan) or is_confirmed_by(plan, form.text("confirm_name")):
        return ""
    return "That is not what has to be typed; nothing was approved."
