"""No person holds more than a share of the sessions: a program that forgets to end its own stops nobody else.

Only clients before 2026-07-28 have sessions. The SDK bounds them all together, and ends those that rest for
long; whose they are is looked at here, at the headers that open, name and end them.
"""

import time
from collections import defaultdict
from collections.abc import Callable
from http import HTTPMethod, HTTPStatus

from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.streamable_http import MCP_SESSION_ID_HEADER
from mcp.shared.inbound import MCP_PROTOCOL_VERSION_HEADER
from mcp_types import INVALID_REQUEST, ErrorData, JSONRPCError
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class SessionShares:
    """An ASGI application before the one that has the sessions.

    Args:
        app: That one.
        most: How many sessions one person may hold.
        rest: Seconds without a request after which that application ends a session.
        clock: Seconds that only grow.
    """

    def __init__(
        self, app: ASGIApp, most: int, rest: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._app = app
        self._most = most
        self._rest = rest
        self._clock = clock
        self._held: defaultdict[str, dict[str, float]] = defaultdict(dict)
        """When each session of each person was used last."""
        self._opening: defaultdict[str, int] = defaultdict(int)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, unless it would open one session too many."""
        token, headers = get_access_token(), Headers(scope=scope)
        if token is None or headers.get(MCP_PROTOCOL_VERSION_HEADER, "") not in (
            "",
            *HANDSHAKE_PROTOCOL_VERSIONS,
        ):
            await self._app(scope, receive, send)
            return
        person, session = token.client_id, headers.get(MCP_SESSION_ID_HEADER)
        if session is None and self._number_of(person) >= self._most:
            await _refusal(self._most)(scope, receive, send)
            return

        is_good, opening = False, session is None

        async def noting(message: Message) -> None:
            nonlocal session, is_good
            if message["type"] == "http.response.start":
                session = session or Headers(raw=message["headers"]).get(MCP_SESSION_ID_HEADER)
                is_good = message["status"] < HTTPStatus.BAD_REQUEST
            await send(message)

        self._opening[person] += opening
        try:
            await self._app(scope, receive, noting)
        finally:
            self._opening[person] -= opening
            # What was refused says nothing of the session, if there is one at all.
            if session is not None and is_good:
                self._used(person, session, ended=scope["method"] == HTTPMethod.DELETE)

    def _number_of(self, person: str) -> int:
        """The person's sessions, with those that are being opened; what rested too long is forgotten."""
        oldest = self._clock() - self._rest
        held = {session: used for session, used in self._held[person].items() if used > oldest}
        self._held[person] = held
        return len(held) + self._opening[person]

    def _used(self, person: str, session: str, *, ended: bool) -> None:
        if ended:
            self._held[person].pop(session, None)
        else:
            self._held[person][session] = self._clock()


def _refusal(most: int) -> Response:
    told = (
        f"You hold {most} sessions, as many as one person may. End some of them (DELETE); those that rest end"
        " by themselves."
    )
    error = JSONRPCError(jsonrpc="2.0", id=None, error=ErrorData(code=INVALID_REQUEST, message=told))
    body = error.model_dump_json(by_alias=True, exclude_unset=True)
    return Response(body, status_code=HTTPStatus.TOO_MANY_REQUESTS, media_type="application/json")
