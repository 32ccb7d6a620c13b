"""All routes, and the one place where errors become answers."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp

from airbyte_sandbox.api.access import Access
from airbyte_sandbox.api.answers import (
    Answer,
    ApiError,
    BareError,
    Call,
    FrameworkError,
    Problem,
    not_in_sandbox,
)
from airbyte_sandbox.api.config_calls import ConfigCalls
from airbyte_sandbox.api.connection_patch import ConnectionPatchCalls
from airbyte_sandbox.api.control_calls import ControlCalls
from airbyte_sandbox.api.fleet_calls import FleetCalls
from airbyte_sandbox.api.front import Front, FrontDesk
from airbyte_sandbox.api.job_calls import JobCalls
from airbyte_sandbox.api.stream_calls import StreamCalls
from airbyte_sandbox.api.tag_calls import TagCalls
from airbyte_sandbox.api.world_calls import WorldCalls
from airbyte_sandbox.api.writing import Writing
from airbyte_sandbox.json_value import JsonObject, JsonValue, parse_json
from airbyte_sandbox.settings import PUBLIC_API

CONFIG_API = "/api/v1"
_LOG = logging.getLogger(__name__)
_WEB_APP = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Airbyte sandbox</title></head>
<body><div id="root">Here a real Airbyte shows its web app; the sandbox has only the API.</div></body></html>
"""
# What the real public API has beside the calls below: these answer 501, everything else 404.
_KNOWN_FAMILIES = frozenset(
    {
        "applications", "connections", "connector_definitions", "dataplanes", "destinations", "groups",
        "jobs", "oauth", "organizations", "permissions", "regions", "sources", "streams", "tags", "users",
        "workspaces",
    }
)  # fmt: skip

Handler = Callable[[Call], Answer]
AsyncHandler = Callable[[Call], Awaitable[Answer]]
Endpoint = Callable[[Request], Awaitable[Response]]
ErrorBody = Callable[[ApiError], JsonObject]


@dataclass(frozen=True)
class Handlers:
    """Everything that answers calls."""

    access: Access
    fleet: FleetCalls
    patch: ConnectionPatchCalls
    jobs: JobCalls
    streams: StreamCalls
    tags: TagCalls
    config: ConfigCalls
    control: ControlCalls
    world: WorldCalls


def build_app(handlers: Handlers, desk: FrontDesk, writing: Writing) -> ASGIApp:
    """The whole HTTP application."""
    starlette = Starlette(
        routes=[
            Mount(PUBLIC_API, routes=_public_routes(handlers, writing)),
            Mount(CONFIG_API, routes=_config_routes(handlers)),
            Mount("/_sandbox", routes=_control_routes(handlers)),
            Route("/{path:path}", _web_app, methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]),
        ]
    )
    starlette.router.redirect_slashes = False
    return Front(starlette, desk)


def _public_routes(handlers: Handlers, writing: Writing) -> list[BaseRoute]:
    errors = writing.error
    fleet, jobs, patch, access = handlers.fleet, handlers.jobs, handlers.patch, handlers.access
    calls: Sequence[tuple[str, str, Handler]] = [
        ("GET", "/workspaces", fleet.list_workspaces),
        ("GET", "/workspaces/{workspaceId}", fleet.get_workspace),
        ("GET", "/sources", fleet.list_sources),
        ("GET", "/sources/{sourceId}", fleet.get_source),
        ("GET", "/destinations", fleet.list_destinations),
        ("GET", "/destinations/{destinationId}", fleet.get_destination),
        ("GET", "/connections", fleet.list_connections),
        ("GET", "/connections/{connectionId}", fleet.get_connection),
        ("PATCH", "/connections/{connectionId}", patch.patch_connection),
        ("GET", "/streams", handlers.streams.list_streams),
        ("GET", "/tags", handlers.tags.list_tags),
        ("POST", "/tags", handlers.tags.create_tag),
        ("GET", "/tags/{tagId}", handlers.tags.get_tag),
        ("PATCH", "/tags/{tagId}", handlers.tags.patch_tag),
        ("DELETE", "/tags/{tagId}", handlers.tags.delete_tag),
        ("GET", "/jobs", jobs.list_jobs),
        ("POST", "/jobs", jobs.start_job),
        ("GET", "/jobs/{jobId}", jobs.get_job),
        ("DELETE", "/jobs/{jobId}", jobs.cancel_job),
    ]
    return [
        Route("/health", _endpoint(_health), methods=["GET"]),
        Route("/applications/token", _endpoint(access.token_call, errors=errors), methods=["POST"]),
        *(Route(path, _endpoint(call, access, errors), methods=[verb]) for verb, path, call in calls),
        _rest(_unknown_public_call, access, errors),
    ]


def _config_routes(handlers: Handlers) -> list[BaseRoute]:
    access, config = handlers.access, handlers.config
    calls: Sequence[tuple[str, Handler]] = [
        ("/jobs/get_without_logs", config.get_job_without_logs),
        ("/jobs/get", config.get_job),
        ("/jobs/list", config.list_jobs),
        ("/attempt/get_for_job", config.get_attempt),
        ("/stream_statuses/list", config.list_stream_statuses),
    ]
    return [
        Route("/health", _endpoint(_config_health), methods=["GET"]),
        Route("/applications/token", _endpoint(access.config_token_call), methods=["POST"]),
        *(Route(path, _endpoint(call, access), methods=["POST"]) for path, call in calls),
        _rest(_unknown_config_call, access),
    ]


def _control_routes(handlers: Handlers) -> list[BaseRoute]:
    control, world, access = handlers.control, handlers.world, handlers.access
    calls: Sequence[tuple[str, str, Handler]] = [
        ("GET", "/clock", world.show_clock),
        ("POST", "/clock", world.set_clock),
        ("GET", "/faults", world.list_faults),
        ("POST", "/faults", world.add_fault),
        ("DELETE", "/faults", world.clear_faults),
        ("POST", "/reset", world.reset),
        ("POST", "/seed", world.seed),
    ]
    return [
        *(Route(path, _endpoint(call, access), methods=[verb]) for verb, path, call in calls),
        Route("/requests", _endpoint(control.list_requests, access)),
        Route("/jobs/{jobId}/wait", _async_endpoint(control.wait_for_job, access)),
        Route("/connections/{connectionId}/wait", _async_endpoint(control.wait_for_next_job, access)),
        Route("/sink/{connectionId}", _endpoint(control.show_sink, access)),
        _rest(_unknown_control_call, access),
    ]


def _as_it_is(error: ApiError) -> JsonObject:
    return error.body


def _rest(handler: Handler, access: Access, errors: ErrorBody = _as_it_is) -> Route:
    """Whatever no route before it took."""
    methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
    return Route("/{path:path}", _endpoint(handler, access, errors), methods=methods)


def _endpoint(handler: Handler, access: Access | None = None, errors: ErrorBody = _as_it_is) -> Endpoint:
    """An endpoint for a handler that blocks, which therefore runs in a thread."""

    async def in_thread(call: Call) -> Answer:
        return await run_in_threadpool(handler, call)

    return _async_endpoint(in_thread, access, errors)


def _async_endpoint(handler: AsyncHandler, access: Access | None, errors: ErrorBody = _as_it_is) -> Endpoint:
    """A Starlette endpoint around ``handler``, behind ``access`` if given."""

    async def endpoint(request: Request) -> Response:
        try:
            if access is not None:
                access.check(request.url.path, request.headers.get("authorization", ""))
            return _response(await handler(await _call_of(request)))
        except ApiError as error:
            return JSONResponse(errors(error), error.status)
        except Exception:  # noqa: BLE001 - a caller always gets an answer in a shape of the API
            _LOG.exception("The sandbox failed to answer %s %s", request.method, request.url.path)
            unexpected = Problem(500, "unexpected-problem", "Something went wrong in the sandbox.", {})
            return JSONResponse(errors(unexpected), unexpected.status)

    return endpoint


async def _call_of(request: Request) -> Call:
    raw = await request.body()
    parts = {name: str(value) for name, value in request.path_params.items()}
    origin = f"{request.url.scheme}://{request.url.netloc}"
    return Call(request.url.path, parts, request.query_params.multi_items(), _parsed(request, raw), origin)


def _parsed(request: Request, raw: bytes) -> JsonValue:
    """The body as JSON, or as the form in which the official SDK asks for a token.

    Raises:
        BareError: 422, it is neither.
    """
    if not raw:
        return None
    try:
        return parse_json(raw)
    except (ValueError, RecursionError):
        if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            return dict[str, JsonValue](parse_qsl(raw.decode("utf-8", "replace")))
        raise BareError(422) from None


def _response(answer: Answer) -> Response:
    if answer.text is not None:
        return PlainTextResponse(answer.text, answer.status)
    if answer.status == 204:  # noqa: PLR2004 - the status of an answer without a body
        return Response(status_code=204)
    return JSONResponse(answer.body, answer.status)


def _health(_: Call) -> Answer:
    return Answer(None, text="Successful operation")


def _config_health(_: Call) -> Answer:
    return Answer({"available": True})


def _unknown_public_call(call: Call) -> Answer:
    if call.parts["path"].split("/")[0] in _KNOWN_FAMILIES:
        raise not_in_sandbox("this call of the public API")
    raise FrameworkError(404, call.path)


def _unknown_config_call(_: Call) -> Answer:
    raise not_in_sandbox("this call of the Config API")


def _unknown_control_call(call: Call) -> Answer:
    raise FrameworkError(404, call.path)


async def _web_app(_: Request) -> Response:
    """Any other path is the web app's, which answers 200 with HTML: the trap of a wrong base URL."""
    return HTMLResponse(_WEB_APP)
