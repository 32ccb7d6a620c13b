"""SSE and streamable HTTP, for whoever holds a token.

Both ask for a bearer token even on loopback: otherwise any model with a fetch
tool could speak MCP itself and answer its own question. Host and Origin are
checked on every route; bodies, connections, sessions and slow clients are bounded.
"""

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import Any

import uvicorn
from mcp.server.auth.middleware.auth_context import AuthContextMiddleware
from mcp.server.auth.middleware.bearer_auth import BearerAuthBackend, RequireAuthMiddleware
from mcp.server.auth.routes import build_resource_metadata_url, create_protected_resource_routes
from mcp.server.lowlevel.server import Server
from mcp.server.sse import SseServerTransport
from mcp.server.streamable_http_manager import StreamableHTTPASGIApp, StreamableHTTPSessionManager
from starlette.applications import Starlette
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as RequestScope

from airbyte_mcp_server.access.door import Door, OnlyKnownHosts, door_of
from airbyte_mcp_server.access.scopes import Scope
from airbyte_mcp_server.access.session_shares import SessionShares
from airbyte_mcp_server.access.slow_clients import bounded_to, whole_requests
from airbyte_mcp_server.operating.routes import operating_routes
from airbyte_mcp_server.runtime import Runtime
from airbyte_mcp_server.server import build_server
from airbyte_mcp_server.serving.ending import Calls
from airbyte_mcp_server.serving.listening import (
    SHUTDOWN_SECONDS,
    Service,
    authority,
    bound,
    serve_until,
)
from airbyte_mcp_server.serving.stopping import told_to_stop
from airbyte_mcp_server.settings.model import Settings

SSE_PATH = "/sse"
MESSAGES_PATH = "/messages/"
HTTP_PATH = "/mcp"
LARGEST_BODY = 1024 * 1024
IDLE_SECONDS = 75
"""How long a connection may rest between two requests. Balancers keep theirs for a minute (nginx, AWS): who
closes first must be they, or a request that sets out at that moment is lost."""


async def serve_network(runtime: Runtime, announce: Callable[[str], None]) -> None:
    """Serve SSE or HTTP until SIGINT or SIGTERM.

    Raises:
        SettingsError: The address cannot be bound, or would stand open.
    """
    settings, calls = runtime.settings, Calls()
    # Whoever reads the announcements may say stop from then on.
    told = told_to_stop()
    door = door_of(settings, runtime.now)
    server = build_server(runtime)
    server.middleware.append(calls)
    make = _sse_app if settings.transport == "sse" else _http_app
    app, path = make(server, runtime, door)
    with ExitStack() as stack:
        listening = stack.enter_context(bound(settings.host, settings.port, "port"))
        where = f"http://{authority(settings.host, listening)}{path}"
        announce(f"Serving MCP over {settings.transport} at {where}")
        for sentence in door.announcements:
            announce(sentence)
        services = [Service(_config_of(settings, _behind(door, app)), listening, calls)]
        if settings.approvals_page:
            from airbyte_mcp_server.pages.serving import approvals_service  # noqa: PLC0415 - most do without the page

            services.append(stack.enter_context(approvals_service(runtime, (), announce)))
        await serve_until(told, *services)


def _config_of(settings: Settings, app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=bounded_to(settings.request_seconds),
        # uvicorn counts the connection at hand, too.
        limit_concurrency=settings.max_connections + 1,
        log_config=None,
        access_log=False,
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )


def _behind(door: Door, app: Starlette) -> ASGIApp:
    # What is added last runs first: see who it is, then remember it. The routes refuse whoever is nobody.
    app.add_middleware(AuthContextMiddleware)
    app.add_middleware(AuthenticationMiddleware, backend=BearerAuthBackend(door.verifier))
    return OnlyKnownHosts(app, door.security)


def _http_app(server: Server[Any], runtime: Runtime, door: Door) -> tuple[Starlette, str]:
    replicated = runtime.settings.has_replicas
    manager = StreamableHTTPSessionManager(
        server,
        stateless=replicated,
        security_settings=door.security,
        max_sessions=runtime.settings.max_connections,
    )
    routes = [
        # Without sessions there is nothing to listen to (GET) and nothing to end (DELETE).
        Route(
            HTTP_PATH,
            _guarded(door, _shared(manager, runtime.settings)),
            methods=["POST"] if replicated else None,
        ),
        *_metadata(door),
        *operating_routes(runtime, partial(_guarded, door)),
    ]
    return Starlette(routes=routes, lifespan=lambda _app: manager.run()), HTTP_PATH


def _shared(manager: StreamableHTTPSessionManager, settings: Settings) -> ASGIApp:
    """The manager's sessions, of which one person holds half at most."""
    app, rest = StreamableHTTPASGIApp(manager), manager.session_idle_timeout
    if settings.has_replicas or rest is None:
        return app
    return SessionShares(app, max(1, settings.max_connections // 2), rest)


def _sse_app(server: Server[Any], runtime: Runtime, door: Door) -> tuple[Starlette, str]:
    transport = SseServerTransport(MESSAGES_PATH, door.security)

    async def listen(scope: RequestScope, receive: Receive, send: Send) -> None:
        async with transport.connect_sse(scope, receive, send) as (incoming, outgoing):
            await server.run(incoming, outgoing, server.create_initialization_options())

    routes = [
        Route(SSE_PATH, _guarded(door, listen), methods=["GET"]),
        Mount(MESSAGES_PATH, _guarded(door, transport.handle_post_message)),
        *_metadata(door),
        *operating_routes(runtime, partial(_guarded, door)),
    ]
    return Starlette(routes=routes), SSE_PATH


def _guarded(door: Door, app: ASGIApp) -> RequireAuthMiddleware:
    """An ASGI application for a route, so that what is behind it sends its event stream itself."""
    resource = door.oauth.resource_server_url if door.oauth else None
    metadata = build_resource_metadata_url(resource) if resource else None
    return RequireAuthMiddleware(whole_requests(app, LARGEST_BODY), [Scope.READ], metadata)


def _metadata(door: Door) -> list[BaseRoute]:
    """Where OAuth clients learn who gives tokens for this server (RFC 9728); open to everybody."""
    if door.oauth is None or door.oauth.resource_server_url is None:
        return []
    return [
        *create_protected_resource_routes(
            door.oauth.resource_server_url,
            authorization_servers=[door.oauth.issuer_url],
            scopes_supported=list(Scope),
            resource_name="Airbyte",
        )
    ]
