"""Which tokens open the server, and by which names it is reached, as the settings say.

A token made up at the start is known to whoever started the server and to
nobody else. Where others reach it, they need tokens that somebody gave them,
and the names by which they reach it must be known: a browser that an attacker's
name leads here says that name in Host, and the attacker's page in Origin.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from mcp.server.auth.provider import AccessToken, TokenVerifier
from mcp.server.auth.settings import AuthSettings
from mcp.server.transport_security import TransportSecurityMiddleware, TransportSecuritySettings
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as RequestScope

from airbyte_mcp_server.access.one_token import OneToken
from airbyte_mcp_server.access.scopes import Scope
from airbyte_mcp_server.access.tokens_file import TokensFile
from airbyte_mcp_server.settings.model import LOOPBACK, Settings, SettingsError

LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "[::1]")


@dataclass(frozen=True)
class Door:
    """Who is let in.

    Attributes:
        verifier: Tells whose a token is.
        oauth: Where access tokens come from, for clients that ask; None without OAuth.
        security: The hosts and origins that requests may name.
        announcements: What the operator is told at the start, and nobody else: a token may be among it.
    """

    verifier: TokenVerifier
    oauth: AuthSettings | None
    security: TransportSecuritySettings
    announcements: Sequence[str]


def door_of(settings: Settings, now: Callable[[], datetime]) -> Door:
    """The door that the settings ask for.

    Args:
        settings: The operator's.
        now: The clock, aware UTC.

    Raises:
        SettingsError: It would stand open, or a file of it cannot be used.
    """
    _require_guarded(settings)
    oauth = _oauth_of(settings)
    verifiers = _verifiers(settings, now)
    announcements: list[str] = []
    if not verifiers:
        token = secrets.token_urlsafe(32)
        announcements.append(f"Bearer token for this run: {token}")
        verifiers.append(OneToken(token))
    if settings.host not in LOOPBACK:
        announcements.append(
            "Tokens travel as they are: let people reach this address only through a proxy that speaks HTTPS."
        )
    return Door(FirstThatKnows(verifiers), oauth, security_of(settings), announcements)


class FirstThatKnows:
    """Asks several verifiers in turn."""

    def __init__(self, verifiers: Sequence[TokenVerifier]) -> None:
        self._verifiers = verifiers

    async def verify_token(self, token: str) -> AccessToken | None:
        """The access that a token gives by the first verifier that knows it."""
        for verifier in self._verifiers:
            if (access := await verifier.verify_token(token)) is not None:
                return access
        return None


class OnlyKnownHosts:
    """An ASGI application around every route: 421 for a strange host, 403 for a page of a strange origin."""

    def __init__(self, app: ASGIApp, security: TransportSecuritySettings) -> None:
        self._app = app
        self._checks = TransportSecurityMiddleware(security)

    async def __call__(self, scope: RequestScope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        refusal = await self._checks.validate_request(Request(scope)) if scope["type"] == "http" else None
        await (refusal or self._app)(scope, receive, send)


def security_of(settings: Settings) -> TransportSecuritySettings:
    """Loopback and the allowed hosts; pages of other origins than these are turned away.

    A host that is given without a port may be named with any: a proxy may pass its own on.
    """
    hosts = [f"{host}:*" for host in LOOPBACK_HOSTS]
    origins = [f"http://{host}:*" for host in LOOPBACK_HOSTS]
    for host in settings.allowed_hosts:
        named = [host] if urlsplit(f"//{host}").port else [host, f"{host}:*"]
        hosts += named
        origins += [f"https://{name}" for name in named]
    return TransportSecuritySettings(
        enable_dns_rebinding_protection=True, allowed_hosts=hosts, allowed_origins=origins
    )


def _require_guarded(settings: Settings) -> None:
    if settings.token and settings.tokens_file:
        raise SettingsError(
            "token and tokens_file are both set; keep one of them. In a file, every holder has a name."
        )
    if settings.host not in LOOPBACK:
        if not (settings.token or settings.tokens_file or settings.oauth_issuer):
            raise SettingsError(
                f"{settings.host} is reached from elsewhere, where a token made up at the start is no use."
                " Give people tokens with --tokens-file (airbyte-mcp-server tokens add NAME), or name who"
                " does with --oauth-issuer and --oauth-audience; or serve on loopback: --host 127.0.0.1."
            )
        if not settings.allowed_hosts:
            raise SettingsError(
                f"{settings.host} is reached from elsewhere: say by which name with --allowed-hosts,"
                " such as --allowed-hosts airbyte-mcp.example.com."
            )


def _verifiers(settings: Settings, now: Callable[[], datetime]) -> list[TokenVerifier]:
    verifiers: list[TokenVerifier] = []
    if settings.token:
        verifiers.append(OneToken(settings.token.get_secret_value()))
    if settings.tokens_file:
        verifiers.append(TokensFile(settings.tokens_file, now))
    if settings.oauth_issuer and settings.oauth_audience:
        from airbyte_mcp_server.access.oauth import oauth_verifier  # noqa: PLC0415 - PyJWT loads only for OAuth

        verifiers.append(oauth_verifier(settings.oauth_issuer, settings.oauth_audience, settings))
    return verifiers


def _oauth_of(settings: Settings) -> AuthSettings | None:
    if settings.oauth_issuer is None or settings.oauth_audience is None:
        return None
    reached = urlsplit(settings.oauth_audience)
    names = {urlsplit(f"//{host}").hostname for host in settings.allowed_hosts} | {*LOOPBACK}
    if reached.hostname not in names:
        raise SettingsError(
            f"oauth_audience is the address by which clients reach this server, and {reached.hostname}"
            f" is not among its names: add it with --allowed-hosts {reached.netloc}."
        )
    return AuthSettings.model_validate(
        {
            "issuer_url": settings.oauth_issuer,
            "resource_server_url": settings.oauth_audience,
            "required_scopes": [Scope.READ.value],
            # Our verifier checks the audience itself.
            "validate_token_resource": False,
        }
    )
