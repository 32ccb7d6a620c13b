"""Around every request and every answer of a page, errors too.

Another host than the one that people use is turned away (a name that an
attacker lets point here), and so is a POST from a page of another origin, and
plain HTTP where the page is reached by HTTPS. Every answer carries headers
that allow it no script but ours, no frame, no other origin and no cache.
"""

from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self';"
        " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    # Not no-referrer: with that, browsers say "Origin: null" when they post a form.
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
ONLY_HTTPS = "max-age=31536000"
_CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})


@dataclass(frozen=True)
class Address:
    """Where people reach the page.

    Attributes:
        origins: Its origins as browsers write them, such as `https://approvals.example.com`.
        https: Whether they reach it by HTTPS.
    """

    origins: frozenset[str]
    https: bool

    @property
    def hosts(self) -> frozenset[str]:
        """The Host headers that go with the origins."""
        return frozenset(urlsplit(origin).netloc for origin in self.origins)


class Walls:
    """An ASGI application around another one."""

    def __init__(self, inner: ASGIApp, address: Address) -> None:
        self._inner = inner
        self._address = address
        self._hosts = address.hosts
        self._headers = HEADERS | ({"Strict-Transport-Security": ONLY_HTTPS} if address.https else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self._headers)
            await send(message)

        answerer = self._refusal(scope) or self._inner
        await answerer(scope, receive, send_with_headers)

    def _refusal(self, scope: Scope) -> PlainTextResponse | None:
        headers = Headers(scope=scope)
        if headers.get("host", "").lower() not in self._hosts:
            return PlainTextResponse(
                "This page is not reached by that name.\n", HTTPStatus.MISDIRECTED_REQUEST
            )
        if self._address.https and scope["scheme"] != "https":
            return PlainTextResponse("This page is reached by HTTPS only.\n", HTTPStatus.FORBIDDEN)
        if scope["method"] in _CHANGING and headers.get("origin", "").lower() not in self._address.origins:
            return PlainTextResponse("Another page may not post here.\n", HTTPStatus.FORBIDDEN)
        return None
