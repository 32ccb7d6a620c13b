"""A real collector of traces on loopback: takes OTLP over HTTP, and shows what came as spans that know their parents."""

import socket
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

from mcp_types import RequestParamsMeta
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1 import trace_pb2

TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
ENVELOPE = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}


def traced(trace: str = TRACE, *, sampled: bool = True) -> RequestParamsMeta:
    """What a client that is traced itself sends along."""
    return cast("RequestParamsMeta", {"traceparent": f"00-{trace}-{CALLER}-{'01' if sampled else '00'}"})


@dataclass(frozen=True)
class SeenSpan:
    """One span as it came over the wire."""

    trace_id: str
    span_id: str
    parent_id: str
    name: str
    kind: str
    failed: bool
    said: str
    started: int
    ended: int
    events: int
    attributes: dict[str, str | int]
    service: str


@dataclass
class Collector:
    """What came in."""

    url: str = ""
    bodies: list[bytes] = field(default_factory=list[bytes])
    headers: list[dict[str, str]] = field(default_factory=list[dict[str, str]])

    @property
    def environment(self) -> dict[str, str]:
        """What makes a server send here."""
        return {"AIRBYTE_MCP_TELEMETRY": "otlp", "OTEL_EXPORTER_OTLP_ENDPOINT": self.url}

    def take(self, headers: dict[str, str], body: bytes) -> None:
        """Keep one batch."""
        self.headers.append(headers)
        self.bodies.append(body)

    def spans(self, trace_id: str = "") -> list[SeenSpan]:
        """Those of one trace, or all, as they began."""
        found = [span for body in self.bodies for span in _spans_in(body)]
        return sorted((s for s in found if trace_id in ("", s.trace_id)), key=lambda span: span.started)


def tree(spans: list[SeenSpan], parent_id: str) -> list[Any]:
    """The names of all spans below one, as nested lists: `["tools/call x", ["GET /jobs"]]`."""
    found: list[Any] = []
    for span in spans:
        if span.parent_id == parent_id:
            found.append(span.name)
            below = tree(spans, span.span_id)
            if below:
                found.append(below)
    return found


@contextmanager
def trace_collector() -> Generator[Collector]:
    """A collector on a free port."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            collector.take({name.lower(): value for name, value in self.headers.items()}, body)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        collector.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield collector
        server.shutdown()


@contextmanager
def silent_collector() -> Generator[Collector]:
    """One that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield Collector(f"http://127.0.0.1:{listening.getsockname()[1]}")


def _spans_in(body: bytes) -> Iterator[SeenSpan]:
    request = ExportTraceServiceRequest()
    request.ParseFromString(body)
    for resource in request.resource_spans:
        service = str(_plain(resource.resource.attributes)["service.name"])
        for scope in resource.scope_spans:
            yield from (_seen(span, service) for span in scope.spans)


def _seen(span: trace_pb2.Span, service: str) -> SeenSpan:
    return SeenSpan(
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex(),
        name=span.name,
        kind=trace_pb2.Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_").lower(),
        failed=span.status.code == trace_pb2.Status.STATUS_CODE_ERROR,
        said=span.status.message,
        started=span.start_time_unix_nano,
        ended=span.end_time_unix_nano,
        events=len(span.events),
        attributes=_plain(span.attributes),
        service=service,
    )


def _plain(pairs: Any) -> dict[str, str | int]:
    return {pair.key: _value(pair.value) for pair in pairs if isinstance(pair, KeyValue)}


def _value(value: AnyValue) -> str | int:
    return value.int_value if value.HasField("int_value") else value.string_value
