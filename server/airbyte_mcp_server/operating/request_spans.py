"""A span for each HTTP request to Airbyte, after OpenTelemetry's conventions for HTTP clients.

Two of these are left out on purpose: `url.full` holds ids and filters, and the
text of an error holds what Airbyte said. `url.template` and `error.type` say
what is needed.
"""

import sys
import time
from http import HTTPStatus
from urllib.parse import urlsplit

from opentelemetry.trace import SpanKind, get_current_span, get_tracer

from airbyte_client.base_url import config_base_url
from airbyte_client.calls import Answer, Call, Observer
from airbyte_client.operations import Api
from airbyte_mcp_server.operating.spans import SCOPE, failed

INSTANCE = "airbyte_mcp.instance"
OPERATION = "airbyte.operation"
JOINED_READ = "airbyte_mcp.joined_read"

_tracer = get_tracer(SCOPE)
_USUAL_PORTS = {"http": 80, "https": 443}


def request_spans(instance: str, address: str) -> Observer:
    """An observer that makes a span of each request to one Airbyte.

    The client tells it in the context of whoever asked, so the parent of the span is their call. A request
    that several calls share is told in the context of the first; see `joined_read` for the others. One that
    no call made, such as a look at readiness, has no parent and gets no span.

    Args:
        instance: How the operator calls this Airbyte.
        address: The base URL of its public API.
    """
    servers = {Api.PUBLIC: _server(address), Api.CONFIG: _server(config_base_url(address) or address)}

    def requested(call: Call, answer: Answer | None, seconds: float) -> None:
        if not get_current_span().get_span_context().is_valid:
            return
        operation, ended = call.operation, time.time_ns()
        span = _tracer.start_span(
            f"{operation.method} {operation.path}",
            kind=SpanKind.CLIENT,
            start_time=ended - int(seconds * 1e9),
            attributes={
                INSTANCE: instance,
                OPERATION: operation.value,
                "http.request.method": operation.method,
                "url.template": operation.path,
                **servers[operation.api],
            },
        )
        if answer is not None:
            span.set_attribute("http.response.status_code", answer.status)
        if answer is None or answer.status >= HTTPStatus.BAD_REQUEST:
            failed(span, str(answer.status) if answer is not None else _without_answer())
        span.end(ended)

    return requested


def joined_read(call: Call) -> None:
    """Note at the call that it waits for a request whose span belongs to somebody else's."""
    get_current_span().add_event(JOINED_READ, {OPERATION: call.operation.value})


def both(first: Observer | None, second: Observer) -> Observer:
    """One observer that tells two."""
    if first is None:
        return second

    def requested(call: Call, answer: Answer | None, seconds: float) -> None:
        first(call, answer, seconds)
        second(call, answer, seconds)

    return requested


def _server(url: str) -> dict[str, str | int]:
    parts = urlsplit(url)
    return {"server.address": parts.hostname or "", "server.port": parts.port or _USUAL_PORTS[parts.scheme]}


def _without_answer() -> str:
    """The name of the error that the client raises: it is on its way while the observer is told."""
    error = sys.exception()
    return type(error).__name__ if error is not None else "_OTHER"
