"""/healthz, /readyz and /metrics, beside MCP on SSE and HTTP."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route, request_response
from starlette.types import ASGIApp

from airbyte_mcp_server.operating.readiness import Readiness
from airbyte_mcp_server.runtime import Runtime
from airbyte_mcp_server.server import listed_tools
from airbyte_mcp_server.settings.model import SettingsError

HEALTH_PATH, READY_PATH, METRICS_PATH = "/healthz", "/readyz", "/metrics"
Endpoint = Callable[[Request], Awaitable[Response]]
UNCACHED = {"Cache-Control": "no-store"}


def operating_routes(runtime: Runtime, guarded: Callable[[ASGIApp], ASGIApp]) -> list[BaseRoute]:
    """The routes that operators use; with metrics on, the runtime begins to count.

    Args:
        runtime: The server's.
        guarded: Lets only the bearers of a token reach an application.

    Raises:
        SettingsError: Metrics are on, and what they need is not installed.
    """
    routes: list[BaseRoute] = [Route(HEALTH_PATH, _alive), Route(READY_PATH, _ready(Readiness(runtime)))]
    if runtime.settings.metrics != "off":
        counts = _counting(runtime)
        behind = guarded(request_response(counts)) if runtime.settings.metrics == "token" else counts
        routes.append(Route(METRICS_PATH, behind, methods=["GET"]))
    return routes


async def _alive(_request: Request) -> Response:
    """The process answers; nothing else is looked at."""
    return PlainTextResponse("ok\n", headers=UNCACHED)


def _ready(readiness: Readiness) -> Endpoint:
    async def ready(_request: Request) -> Response:
        states = await readiness.states()
        # One Airbyte of several that is down is no reason to send nobody to the others.
        well = states["store"] and any(state for name, state in states.items() if name != "store")
        told = {name: "ok" if state else "unavailable" for name, state in states.items()}
        return JSONResponse({"ready": well, **told}, 200 if well else 503, UNCACHED)

    return ready


def _counting(runtime: Runtime) -> Endpoint:
    """Make the runtime count, and serve what it counts."""
    try:
        from airbyte_mcp_server.operating.metrics import CONTENT_TYPE, Metrics  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise SettingsError(
            "Metrics are on, but what they need is not installed: pip install 'airbyte-mcp-server[metrics]'."
        ) from error
    runtime.meter = meter = Metrics((tool.name for tool in listed_tools()), runtime.airbytes)

    async def metrics(_request: Request) -> Response:
        return Response(meter.text(), media_type=CONTENT_TYPE, headers=UNCACHED)

    return metrics
