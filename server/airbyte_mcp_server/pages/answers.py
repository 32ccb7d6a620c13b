"""HTML answers, and what goes wrong as a page that says what to do next."""

import logging
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from airbyte_guardrails.errors import GuardrailError, PlanNotFoundError
from airbyte_mcp_server.pages.rendering import render

logger = logging.getLogger(__name__)

_SENTENCES = {
    HTTPStatus.NOT_FOUND: "There is no such page.",
    HTTPStatus.METHOD_NOT_ALLOWED: "This page cannot be used like that.",
}


def page(template: str, status: int = HTTPStatus.OK, **values: object) -> HTMLResponse:
    """A template as an answer; `session` is among its values, None where nobody is signed in."""
    return HTMLResponse(render(template, **values), status)


def problem(status: int, told: str, next_step: str = "") -> HTMLResponse:
    """A page that says what went wrong and what to do."""
    return page("problem.html", status, session=None, told=told, next_step=next_step)


async def on_http_exception(_request: Request, error: Exception) -> Response:
    """Starlette's own refusals, and those of the forms."""
    assert isinstance(error, HTTPException)  # noqa: S101 - the application registers it for these only
    told = _SENTENCES.get(HTTPStatus(error.status_code), error.detail)
    answer = problem(error.status_code, told)
    answer.headers.update(error.headers or {})
    return answer


async def on_refusal(_request: Request, error: Exception) -> Response:
    """What the guardrails refuse outside of a decision: no such plan, or no store."""
    assert isinstance(error, GuardrailError)  # noqa: S101 - the application registers it for these only
    if isinstance(error, PlanNotFoundError):
        return problem(HTTPStatus.NOT_FOUND, "There is no such plan.", "It may belong to another store.")
    logger.error("%s", error)
    return problem(HTTPStatus.SERVICE_UNAVAILABLE, error.message, error.next_step)


async def on_defect(_request: Request, _error: Exception) -> Response:
    """A defect of ours; the log has it, the page does not."""
    return problem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "Something went wrong inside this server.",
        "Its log tells more. Look at the plan again before you decide again.",
    )
