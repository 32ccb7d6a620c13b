"""SSE and streamable HTTP on loopback, through the SDK's own runners.

Both ask for a bearer token even on loopback: otherwise any model with a fetch
tool could speak MCP itself and answer its own question. Host and Origin are
checked by the SDK on every request.
"""

import hashlib
import secrets
import signal
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager

import uvicorn
from mcp.server.auth.middleware.auth_context import AuthContextMiddleware
from mcp.server.auth.middleware.bearer_auth import BearerAuthBackend, RequireAuthMiddleware
from mcp.server.auth.provider import AccessToken, TokenVerifier
from mcp.server.sse import SseServerTransport
from mcp.server.transport_security import TransportSecuritySettings
from starlette.applications import Starlette
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.routing import Mount, Route
from starlette.types import Receive, Scope, Send

from airbyte_mcp_server.runtime import Runtime
from airbyte_mcp_server.server import build_server
from airbyte_mcp_server.settings import Settings, SettingsError
from airbyte_mcp_server.stopping import when_told_to_stop

SSE_PATH = "/sse"
MESSAGES_PATH = "/messages/"
HTTP_PATH = "/mcp"
SHUTDOWN_SECONDS = 5

ONLY_LOOPBACK = TransportSecuritySettings(
    enable_dns_rebinding_protection=True,
    allowed_hosts=["127.0.0.1:*", "localhost:*", "[::1]:*"],
    allowed_origins=["http://127.0.0.1:*", "http://localhost:*", "http://[::1]:*"],
)


async def serve_network(runtime: Runtime, announce: Callable[[str], None]) -> None:
    """Serve SSE or HTTP until SIGINT or SIGTERM.

    Raises:
        SettingsError: The address cannot be bound.
    """
    settings = runtime.settings
    configured = settings.token.get_secret_value() if settings.token else None
    token = configured or secrets.token_urlsafe(32)
    verifier = OneToken(token)
    app, path = _sse_app(runtime) if settings.transport == "sse" else _http_app(runtime, verifier)
    # What is added last runs first: see who it is, then remember it. The routes refuse whoever is nobody.
    app.add_middleware(AuthContextMiddleware)
    app.add_middleware(AuthenticationMiddleware, backend=BearerAuthBackend(verifier))
    with _bound(settings) as listening:
        announce(f"Serving MCP over {settings.transport} at {_address(settings, listening)}{path}")
        if configured is None:
            announce(f"Bearer token for this run: {token}")
        config = uvicorn.Config(
            app, log_config=None, access_log=False, timeout_graceful_shutdown=SHUTDOWN_SECONDS
        )
        server = QuietServer(config)
        when_told_to_stop(lambda: server.handle_exit(signal.SIGTERM, None))
        await server.serve(sockets=[listening])


class QuietServer(uvicorn.Server):
    """Leaves signals to us: uvicorn's own way raises them again at the end, which ends in exit code 143."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Capture nothing."""
        yield


def _http_app(runtime: Runtime, verifier: TokenVerifier) -> tuple[Starlette, str]:
    app = build_server(runtime).streamable_http_app(
        streamable_http_path=HTTP_PATH, transport_security=ONLY_LOOPBACK, token_verifier=verifier
    )
    return app, HTTP_PATH


def _sse_app(runtime: Runtime) -> tuple[Starlette, str]:
    server = build_server(runtime)
    transport = SseServerTransport(MESSAGES_PATH, ONLY_LOOPBACK)

    async def listen(scope: Scope, receive: Receive, send: Send) -> None:
        async with transport.connect_sse(scope, receive, send) as (incoming, outgoing):
            await server.run(incoming, outgoing, server.create_initialization_options())

    # RequireAuthMiddleware is an ASGI application, so the routes hand it the event stream to send itself.
    routes = [
        Route(SSE_PATH, RequireAuthMiddleware(listen, []), methods=["GET"]),
        Mount(MESSAGES_PATH, RequireAuthMiddleware(transport.handle_post_message, [])),
    ]
    return Starlette(routes=routes), SSE_PATH


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
    # With the protocol named, asyncio sends answers at once instead of waiting to fill a packet.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host, settings.port))
        # From here on a client that read the address is queued, not refused.
        listening.listen()
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
