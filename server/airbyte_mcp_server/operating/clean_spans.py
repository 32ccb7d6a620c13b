"""What of a span may leave the process: words of fixed lists, numbers, and the ids of a client's requests.

The MCP SDK makes a span of every message, with names as the client sent them
and with the text of whatever was raised. Neither goes out: no event but our own,
no description of a status, and of attributes only those listed here.
"""

import re
from collections.abc import Callable, Mapping, Sequence

from mcp_types.methods import (
    CLIENT_NOTIFICATIONS,
    CLIENT_REQUESTS,
    SERVER_NOTIFICATIONS,
    SERVER_REQUESTS,
)
from mcp_types.version import KNOWN_PROTOCOL_VERSIONS
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import SpanContext, SpanKind, Status
from opentelemetry.util.types import AttributeValue

from airbyte_mcp_server.operating.request_spans import JOINED_READ
from airbyte_mcp_server.operating.spans import ERROR_TYPE, SCOPE
from airbyte_mcp_server.prompts import PROMPTS
from airbyte_mcp_server.server import listed_tools

UNKNOWN = "unknown"
METHOD, TOOL, PROMPT = "mcp.method.name", "gen_ai.tool.name", "gen_ai.prompt.name"
TRANSPORT = "network.transport"

_WORD = re.compile(r"[A-Za-z0-9_.-]{1,40}")
_SURFACES = (CLIENT_REQUESTS, CLIENT_NOTIFICATIONS, SERVER_REQUESTS, SERVER_NOTIFICATIONS)


def _one_of(known: frozenset[str]) -> Callable[[str], str]:
    return lambda value: value if value in known else UNKNOWN


def _short_word(value: str) -> str:
    return value if _WORD.fullmatch(value) else UNKNOWN


_ALLOWED: dict[str, Callable[[str], str]] = {
    METHOD: _one_of(frozenset(method for surface in _SURFACES for method, _ in surface) | {"initialize"}),
    TOOL: _one_of(frozenset(tool.name for tool in listed_tools())),
    PROMPT: _one_of(frozenset(prompt.face.name for prompt in PROMPTS)),
    "mcp.protocol.version": _one_of(frozenset(KNOWN_PROTOCOL_VERSIONS)),
    "gen_ai.operation.name": _short_word,
    "jsonrpc.request.id": _short_word,
    "rpc.response.status_code": _short_word,
    ERROR_TYPE: _short_word,
}


class CleanSpans(SpanExporter):
    """Hands spans to another exporter, cleaned.

    Args:
        exporter: The one that sends.
        stdio: Whether clients are connected by pipes rather than TCP.
    """

    def __init__(self, exporter: SpanExporter, *, stdio: bool) -> None:
        self._exporter = exporter
        self._transport = {TRANSPORT: "pipe" if stdio else "tcp"}

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send them; called in the thread that sends."""
        return self._exporter.export([self._cleaned(span) for span in spans])

    def shutdown(self) -> None:
        """As the exporter that sends."""
        self._exporter.shutdown()

    def _cleaned(self, span: ReadableSpan) -> ReadableSpan:
        scope, given = span.instrumentation_scope, span.attributes or {}
        if scope is not None and scope.name == SCOPE:
            return _with(span, span.name, given)
        kept = _listed(given)
        name = " ".join(str(kept[key]) for key in (METHOD, TOOL, PROMPT) if key in kept)
        from_a_message = span.kind in (SpanKind.SERVER, SpanKind.CLIENT)
        return _with(span, name or UNKNOWN, kept | self._transport if from_a_message else kept)


def _listed(given: Mapping[str, AttributeValue]) -> dict[str, AttributeValue]:
    return {key: _ALLOWED[key](str(value)) for key, value in given.items() if key in _ALLOWED}


def _ids_of(context: SpanContext | None) -> SpanContext | None:
    """Without the `tracestate`, which is the client's own text."""
    if context is None:
        return None
    return SpanContext(context.trace_id, context.span_id, context.is_remote, context.trace_flags)


def _with(span: ReadableSpan, name: str, attributes: Mapping[str, AttributeValue]) -> ReadableSpan:
    """The same span with another name and other attributes, and without words of anybody's."""
    return ReadableSpan(
        name=name,
        context=_ids_of(span.get_span_context()),
        parent=_ids_of(span.parent),
        resource=span.resource,
        attributes=attributes,
        events=[event for event in span.events if event.name == JOINED_READ],
        links=span.links,
        kind=span.kind,
        instrumentation_scope=span.instrumentation_scope,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
    )
