"""Who a request is from: sign-in, sign-out, and the cookie between them.

The cookie is Strict, so no page of another site can use it; a link from a
chat would then show the sign-in page to somebody who is signed in. So the
first answer to such a link is a page of ours that goes on by itself.
"""

import re
import secrets
from http import HTTPStatus
from urllib.parse import quote

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from airbyte_guardrails.errors import SignInRefusedError, TooManySignInsError
from airbyte_guardrails.sign_ins import Session, SignIns
from airbyte_mcp_server.pages.answers import page
from airbyte_mcp_server.pages.forms import Form, form_of

REFRESH_HEADER = "x-refresh"
"""Sent by our script when it looks for news: with nobody behind it, it keeps no session alive."""
ARRIVED = "arrived"
HASHES_AT_ONCE = 2
PLAN_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_INSIDE = re.compile(rf"/(?:plans/{PLAN_ID.pattern})?")


class NotSignedInError(Exception):
    """The request needs a person who is signed in."""


class WrongFormError(Exception):
    """The form was not made for this session."""


class Sessions:
    """Signs people in and out, and knows them again by their cookie."""

    def __init__(self, sign_ins: SignIns, *, https: bool) -> None:
        self._sign_ins = sign_ins
        self._https = https
        # The prefix makes browsers refuse one that was set without HTTPS or by a neighbouring host.
        self._cookie = "__Host-approver" if https else "approver"
        self._hashing = CapacityLimiter(HASHES_AT_ONCE)

    async def required(self, request: Request) -> Session:
        """Whose request it is.

        Raises:
            NotSignedInError: Nobody's, or the session is over.
        """
        secret = request.cookies.get(self._cookie)
        seen = REFRESH_HEADER not in request.headers
        session = await run_sync(lambda: self._sign_ins.session(secret, seen=seen)) if secret else None
        if session is None:
            raise NotSignedInError
        return session

    async def signed_form(self, request: Request) -> tuple[Session, Form]:
        """Whose form it is, and the form.

        Raises:
            NotSignedInError: Nobody's.
            WrongFormError: It carries another token than this session's forms do.
        """
        session, form = await self.required(request), await form_of(request)
        if not secrets.compare_digest(form.text("csrf").encode(), session.csrf.encode()):
            raise WrongFormError
        return session, form

    async def show(self, request: Request) -> Response:
        """`GET /sign-in`."""
        return _sign_in_page(_inside(request.query_params.get("to", "")))

    async def sign_in(self, request: Request) -> Response:
        """`POST /sign-in`: a new session, whatever cookie came along."""
        form = await form_of(request)
        to, name, password = _inside(form.text("to")), form.text("name"), form.text("password")
        address = request.client.host if request.client else ""
        try:
            signed_in = await run_sync(self._sign_ins.sign_in, name, password, address, limiter=self._hashing)
        except SignInRefusedError as refusal:
            return _sign_in_page(to, str(refusal), HTTPStatus.UNAUTHORIZED)
        except TooManySignInsError as refusal:
            return _sign_in_page(to, str(refusal), HTTPStatus.TOO_MANY_REQUESTS)
        await self._end(request)
        answer = RedirectResponse(to, HTTPStatus.SEE_OTHER)
        answer.set_cookie(
            self._cookie, signed_in.secret, path="/", secure=self._https, httponly=True, samesite="strict"
        )
        return answer

    async def sign_out(self, request: Request) -> Response:
        """`POST /sign-out`."""
        await self.signed_form(request)
        await self._end(request)
        answer = RedirectResponse("/sign-in", HTTPStatus.SEE_OTHER)
        answer.delete_cookie(self._cookie, path="/", secure=self._https, httponly=True, samesite="strict")
        return answer

    async def _end(self, request: Request) -> None:
        if secret := request.cookies.get(self._cookie):
            await run_sync(self._sign_ins.sign_out, secret)


async def on_not_signed_in(request: Request, _error: Exception) -> Response:
    """To the sign-in page, and back to where the person wanted to go."""
    to = _inside(request.url.path)
    from_elsewhere = request.headers.get("sec-fetch-site") == "cross-site"
    if from_elsewhere and request.method == "GET" and ARRIVED not in request.query_params:
        return page("arriving.html", session=None, to=f"{to}?{ARRIVED}=1")
    return RedirectResponse(f"/sign-in?to={quote(to, safe='')}", HTTPStatus.SEE_OTHER)


async def on_wrong_form(_request: Request, _error: Exception) -> Response:
    """A form that was open while its person signed out or in, or one that somebody else made."""
    told = "This form does not belong to your session; nothing was changed."
    return page(
        "problem.html",
        HTTPStatus.FORBIDDEN,
        session=None,
        told=told,
        next_step="Open the plan again and decide there.",
    )


def _sign_in_page(to: str, error: str = "", status: int = HTTPStatus.OK) -> Response:
    return page("sign_in.html", status, session=None, to=to, error=error)


def _inside(path: str) -> str:
    """The path, if it is one of our pages; else the list."""
    return path if _INSIDE.fullmatch(path) else "/"
