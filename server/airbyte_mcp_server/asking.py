"""How a person is asked through the client: one form, in both protocol eras.

Since 2026-07-28 the server answers a call with the question and the client
calls again with the person's answer; before, the server asks in the middle of
the call. What counts as a yes is the same: action accept, decision approve,
and for high risk the typed name. Everything else is a no.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import anyio
from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types import (
    ElicitRequest,
    ElicitRequestFormParams,
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


class WayToAsk(StrEnum):
    """What the client of this call can do for us."""

    BY_RESULT = "by_result"
    BY_REQUEST = "by_request"
    NONE = "none"


@dataclass(frozen=True)
class PersonsAnswer:
    """The decision, and for a no, in which way it was one."""

    decision: Decision
    reason: str = ""


def way_to_ask(ctx: RequestContext) -> WayToAsk:
    """How the client can show a form. It shows one unless it declared only URL mode, or nothing."""
    capabilities = ctx.session.client_capabilities
    elicitation = capabilities.elicitation if capabilities else None
    if elicitation is None or (elicitation.form is None and elicitation.url is not None):
        return WayToAsk.NONE
    if is_version_at_least(ctx.protocol_version, MODERN_SINCE):
        return WayToAsk.BY_RESULT
    return WayToAsk.BY_REQUEST if ctx.session.can_send_request else WayToAsk.NONE


def question_result(plan: Plan) -> InputRequiredResult:
    """The question as a result; the plan's id travels in the state that the SDK seals."""
    return InputRequiredResult(
        input_requests={
            QUESTION_KEY: ElicitRequest(
                params=ElicitRequestFormParams(message=question(plan), requested_schema=_form(plan))
            )
        },
        request_state=plan.id,
    )


def answer_in(plan: Plan, responses: InputResponses | None) -> PersonsAnswer:
    """The person's answer in a call that came back."""
    response = (responses or {}).get(QUESTION_KEY)
    if not isinstance(response, ElicitResult):
        return PersonsAnswer(Decision.DENY, "The client came back without an answer.")
    return read_answer(plan, response)


async def ask_by_request(ctx: RequestContext, plan: Plan, seconds: float) -> PersonsAnswer:
    """Ask in the middle of the call and wait at most `seconds`."""
    try:
        with anyio.fail_after(seconds):
            response = await ctx.session.elicit_form(question(plan), _form(plan), ctx.request_id)
    except TimeoutError:
        return PersonsAnswer(Decision.DENY, "Nobody answered in time.")
    except (MCPError, ValidationError):
        return PersonsAnswer(
            Decision.DENY, "The client failed to ask, or to answer in a form that MCP knows."
        )
    return read_answer(plan, response)


def read_answer(plan: Plan, response: ElicitResult) -> PersonsAnswer:
    """Turn what the client returned into a decision. Only one exact form is a yes."""
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


def _form(plan: Plan) -> dict[str, object]:
    properties: dict[str, object] = {
        "decision": {"type": "string", "title": "Decision", "enum": [d.value for d in Decision]}
    }
    if needs_name(plan):
        properties["confirm_name"] = {"type": "string", "title": f"To approve, type {what_to_type(plan)}"}
    return {"type": "object", "properties": properties, "required": list(properties)}
