"""SSE and streamable HTTP on loopback, through the SDK's own runners.

Both ask for a bearer token even on loopback: otherwise any model with a fetch
tool could speak MCP itself and answer its own question. Host and Origin are
checked by the SDK on every request.
"""

import hashlib
import secrets
import socket

import uvicorn
from mcp.server.auth.middleware.auth_context import AuthContextMiddleware
from mcp.server.auth.middleware.bearer_auth import BearerAuthBackend, RequireAuthMiddleware
from mcp.server.auth.provider import AccessToken
from mcp.server.sse import SseServerTransport
from mcp.server.transport_security import TransportSecuritySettings
from starlette.applications import Starlette
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.routing import Mount, Route
from starlette.types import Receive, Scope, Send

from airbyte_mcp_server.runtime import Runtime
from airbyte_mcp_server.server import build_server
from airbyte_mcp_server.settings import Settings, SettingsError
from airbyte_mcp_server.transports import Announce

SSE_PATH = "/sse"
MESSAGES_PATH = "/messages/"
HTTP_PATH = "/mcp"
SHUTDOWN_SECONDS = 5

ONLY_LOOPBACK = TransportSecuritySettings(
    enable_dns_rebinding_protection=True,
    allowed_hosts=["127.0.0.1:*", "localhost:*", "[::1]:*"],
    allowed_origins=["http://127.0.0.1:*", "http://localhost:*", "http://[::1]:*"],
)


async def serve_network(runtime: Runtime, announce: Announce) -> None:
    """Serve SSE or HTTP until SIGINT or SIGTERM.

    Raises:
        SettingsError: The address cannot be bound.
    """
    settings = runtime.settings
    app, path = (
        (_sse_app(runtime), SSE_PATH) if settings.transport == "sse" else (_http_app(runtime), HTTP_PATH)
    )
    configured = settings.token.get_secret_value() if settings.token else None
    token = configured or secrets.token_urlsafe(32)
    _require_token(app, token)
    with _bound(settings) as listening:
        announce(f"Serving MCP over {settings.transport} at {_address(settings, listening)}{path}")
        if configured is None:
            announce(f"Bearer token for this run: {token}")
        config = uvicorn.Config(
            app, log_config=None, access_log=False, timeout_graceful_shutdown=SHUTDOWN_SECONDS
        )
        await uvicorn.Server(config).serve(sockets=[listening])


def _http_app(runtime: Runtime) -> Starlette:
    return build_server(runtime).streamable_http_app(
        streamable_http_path=HTTP_PATH, transport_security=ONLY_LOOPBACK
    )


def _sse_app(runtime: Runtime) -> Starlette:
    server = build_server(runtime)
    transport = SseServerTransport(MESSAGES_PATH, ONLY_LOOPBACK)

    class Listen:
        """The event stream, as an ASGI application: it sends its own answer."""

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            async with transport.connect_sse(scope, receive, send) as (incoming, outgoing):
                await server.run(incoming, outgoing, server.create_initialization_options())

    return Starlette(
        routes=[
            Route(SSE_PATH, Listen(), methods=["GET"]),
            Mount(MESSAGES_PATH, app=transport.handle_post_message),
        ]
    )


def _require_token(app: Starlette, token: str) -> None:
    # What is added last runs first: see who it is, remember it, then refuse whoever is nobody.
    app.add_middleware(RequireAuthMiddleware, required_scopes=[])
    app.add_middleware(AuthContextMiddleware)
    app.add_middleware(AuthenticationMiddleware, backend=BearerAuthBackend(OneToken(token)))


class OneToken:
    """Knows one bearer token, which lets its holder call tools and approves nothing."""

    def __init__(self, token: str) -> None:
        self._digest = _digest(token)
        self._name = _digest(f"name of {token}").hex()[:12]

    async def verify_token(self, token: str) -> AccessToken | None:
        """The access that a token gives, or None if it is not ours; compared in constant time."""
        if not secrets.compare_digest(_digest(token), self._digest):
            return None
        return AccessToken(token=token, client_id=self._name, scopes=[])


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _bound(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host, settings.port))
    except OSError as error:
        listening.close()
        raise SettingsError(
            f"Port {settings.port} on {settings.host} cannot be used: {error.strerror}."
            " Choose another with --port, or 0 for any free one."
        ) from error
    return listening


def _address(settings: Settings, listening: socket.socket) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    port: int = listening.getsockname()[1]
    return f"http://{host}:{port}"
