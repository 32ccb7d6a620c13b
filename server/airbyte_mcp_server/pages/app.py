"""The approvals page as one ASGI application."""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from airbyte_guardrails.errors import GuardrailError
from airbyte_guardrails.sign_ins import SignIns
from airbyte_mcp_server.pages.answers import on_defect, on_http_exception, on_refusal
from airbyte_mcp_server.pages.plans import Office, Plans
from airbyte_mcp_server.pages.sessions import (
    NotSignedInError,
    Sessions,
    WrongFormError,
    on_not_signed_in,
    on_wrong_form,
)
from airbyte_mcp_server.pages.walls import Address, Walls


def approvals_app(office: Office, sign_ins: SignIns, address: Address) -> ASGIApp:
    """The page for one store and one Airbyte.

    Args:
        office: The plans and what decides on them.
        sign_ins: Who may.
        address: Where people reach the page; every other host and origin is turned away.
    """
    sessions = Sessions(sign_ins, https=address.https)
    plans = Plans(office, sessions)
    routes = [
        Route("/", plans.show_all, methods=["GET"]),
        Route("/sign-in", sessions.show, methods=["GET"]),
        Route("/sign-in", sessions.sign_in, methods=["POST"]),
        Route("/sign-out", sessions.sign_out, methods=["POST"]),
        Route("/plans/{plan_id}", plans.show, methods=["GET"]),
        Route("/plans/{plan_id}", plans.decide, methods=["POST"]),
        Route("/plans/{plan_id}/lift", plans.lift, methods=["POST"]),
        static_files(),
    ]
    handlers = {
        NotSignedInError: on_not_signed_in,
        WrongFormError: on_wrong_form,
        GuardrailError: on_refusal,
        HTTPException: on_http_exception,
        Exception: on_defect,
    }
    return Walls(Starlette(routes=routes, exception_handlers=handlers), address)


def static_files() -> Mount:
    """The style, the script and the icon, under `/static`."""
    return Mount("/static", StaticFiles(packages=[("airbyte_mcp_server.pages", "static")]))
