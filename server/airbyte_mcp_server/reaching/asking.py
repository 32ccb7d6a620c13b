"""How a person is asked through the client: by a form, or by an address to open, in both protocol eras.

Since 2026-07-28 the server answers a call with the question and the client
calls again with what came of it; before, the server asks in the middle of the
call. What counts as a yes is the same. In a form: action accept, decision
approve, and for high risk the typed name. An address leads to the approvals
page, where the person signs in and decides; that the client opened it is never
a yes. Everything else is a no.
"""

import secrets
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import anyio
from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types import (
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitRequestParams,
    ElicitRequestURLParams,
    ElicitResult,
    InputRequiredResult,
    InputResponses,
)
from mcp_types.version import is_version_at_least
from pydantic import ValidationError

from airbyte_guardrails.evidence import Decision
from airbyte_guardrails.plans import Plan
from airbyte_guardrails.wording import is_confirmed_by, needs_name, question, what_to_type

MODERN_SINCE = "2026-07-28"
QUESTION_KEY = "approval"

RequestContext = ServerRequestContext[Any, Any]


class Asked(StrEnum):
    """What a client was asked to show."""

    FORM = "form"
    PAGE = "page"


@dataclass(frozen=True)
class Abilities:
    """What the client of one call can do for us.

    Attributes:
        form: It shows a form.
        url: It leads the person to an address.
        by_result: The question goes into the result, and the client calls again; else we send a request.
    """

    form: bool = False
    url: bool = False
    by_result: bool = False


@dataclass(frozen=True)
class PersonsAnswer:
    """The decision, and for a no, in which way it was one."""

    decision: Decision
    reason: str = ""


def abilities_of(ctx: RequestContext) -> Abilities:
    """What the client declared. It shows a form unless it declared only addresses, or nothing."""
    capabilities = ctx.session.client_capabilities
    elicitation = capabilities.elicitation if capabilities else None
    modern = is_version_at_least(ctx.protocol_version, MODERN_SINCE)
    if elicitation is None or not (modern or ctx.session.can_send_request):
        return Abilities()
    url = elicitation.url is not None
    return Abilities(form=elicitation.form is not None or not url, url=url, by_result=modern)


def client_name(ctx: RequestContext) -> str | None:
    """What the client calls itself, if it does: nobody vouches for it."""
    params = ctx.session.client_params
    return params.client_info.name if params else None


def form_result(plan: Plan) -> InputRequiredResult:
    """The question as a result; what was asked and the plan's id travel in the state that the SDK seals."""
    params = ElicitRequestFormParams(message=question(plan), requested_schema=_form(plan))
    return _asked_by_result(Asked.FORM, plan, params)


def page_result(plan: Plan, address: str) -> InputRequiredResult:
    """The way to the approvals page as a result."""
    return _asked_by_result(Asked.PAGE, plan, ElicitRequestURLParams(message=_why(plan), url=address))


def _asked_by_result(asked: Asked, plan: Plan, params: ElicitRequestParams) -> InputRequiredResult:
    return InputRequiredResult(
        input_requests={QUESTION_KEY: ElicitRequest(params=params)}, request_state=f"{asked}:{plan.id}"
    )


def opened_state(request_state: str) -> tuple[Asked, str]:
    """What was asked, and the plan's id, from a state that the SDK has found to be ours."""
    asked, _, plan_id = request_state.partition(":")
    return Asked(asked), plan_id


def response_in(responses: InputResponses | None) -> ElicitResult | None:
    """What the client brought back, if it is an answer at all."""
    response = (responses or {}).get(QUESTION_KEY)
    return response if isinstance(response, ElicitResult) else None


async def ask_by_request(ctx: RequestContext, plan: Plan, seconds: float) -> PersonsAnswer:
    """Show the form in the middle of the call and wait at most `seconds`."""
    try:
        with anyio.fail_after(seconds):
            response = await ctx.session.elicit_form(question(plan), _form(plan), ctx.request_id)
    except TimeoutError:
        return PersonsAnswer(Decision.DENY, "Nobody answered in time.")
    except (MCPError, ValidationError):
        return PersonsAnswer(
            Decision.DENY, "The client failed to ask, or to answer in a form that MCP knows."
        )
    return read_form(plan, response)


async def lead_by_request(ctx: RequestContext, plan: Plan, address: str) -> ElicitResult | None:
    """Lead the person to the page in the middle of the call; None if the client failed to."""
    try:
        return await ctx.session.elicit_url(_why(plan), address, secrets.token_urlsafe(12), ctx.request_id)
    except (MCPError, ValidationError):
        return None


def read_form(plan: Plan, response: ElicitResult | None) -> PersonsAnswer:
    """Turn what the client returned into a decision. Only one exact form is a yes."""
    if response is None:
        return PersonsAnswer(Decision.DENY, "The client came back without an answer.")
    if response.action != "accept":
        return PersonsAnswer(Decision.DENY, "The person declined, or the client could not ask.")
    content = response.content or {}
    if content.get("decision") == Decision.DENY.value:
        return PersonsAnswer(Decision.DENY, "The person said no.")
    if content.get("decision") != Decision.APPROVE.value:
        return PersonsAnswer(Decision.DENY, "The form came back without an approval.")
    if needs_name(plan) and not is_confirmed_by(plan, content.get("confirm_name")):
        return PersonsAnswer(Decision.DENY, "What was typed to confirm is not what the question asked for.")
    return PersonsAnswer(Decision.APPROVE)


NOT_LED = PersonsAnswer(
    Decision.DENY, "The person declined to open the approvals page, or the client could not open it."
)


def _why(plan: Plan) -> str:
    return f"Sign in on the approvals page to decide on this:\n{question(plan)}"


def _form(plan: Plan) -> dict[str, object]:
    properties: dict[str, object] = {
        "decision": {"type": "string", "title": "Decision", "enum": [d.value for d in Decision]}
    }
    if needs_name(plan):
        properties["confirm_name"] = {"type": "string", "title": f"To approve, type {what_to_type(plan)}"}
    return {"type": "object", "properties": properties, "required": list(properties)}
