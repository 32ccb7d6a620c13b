"""Sends traces to a collector. Needs the extra `telemetry`; imported only where the setting is on.

OpenTelemetry's own variables say where to, with which headers, which name and
how many. A thread of its own sends, in batches: a collector that is slow or
gone delays no call, and the end of the process by a second at most.
"""

import logging
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager

from opentelemetry.exporter.otlp.proto.http import trace_exporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import set_tracer_provider

from airbyte_mcp_server import __version__
from airbyte_mcp_server.operating.clean_spans import CleanSpans
from airbyte_mcp_server.settings.model import Settings, SettingsError

SERVICE = "airbyte-mcp-server"
LAST_BATCH_SECONDS = 1.0
"""How long the last spans may take at the end; clients over stdio kill a server that takes 2 to leave."""
COMPLAINT_SECONDS = 60.0


@contextmanager
def sending_traces(settings: Settings) -> Generator[None]:
    """Record spans in this process and send them, until the block ends; once in a process.

    Raises:
        SettingsError: One of the library's own variables cannot be used.
    """
    complaints = logging.getLogger(trace_exporter.__name__)
    complaints.addFilter(_Seldom())
    try:
        provider = _provider(settings)
    except ValueError as error:
        raise SettingsError(f"An OTEL_ variable cannot be used: {error}") from error
    set_tracer_provider(provider)
    try:
        yield
    finally:
        sending = threading.Thread(target=provider.shutdown, daemon=True)
        sending.start()
        sending.join(LAST_BATCH_SECONDS)
        # A thread that is left behind must not write while the interpreter takes stderr apart.
        complaints.disabled = True


def _provider(settings: Settings) -> TracerProvider:
    # At the exit the provider would wait for the collector longer than we do.
    provider = TracerProvider(resource=_resource(), shutdown_on_exit=False)
    exporter = CleanSpans(trace_exporter.OTLPSpanExporter(), stdio=settings.transport == "stdio")
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider


def _resource() -> Resource:
    """What these spans come from: our name and version, unless the environment says otherwise."""
    ours = Resource({SERVICE_NAME: SERVICE, SERVICE_VERSION: __version__})
    return Resource.create(ours.merge(OTELResourceDetector().detect()).attributes)


class _Seldom(logging.Filter):
    """Lets one complaint of the exporter through in a minute: it has several for each batch."""

    def __init__(self) -> None:
        super().__init__()
        self._until = float("-inf")

    def filter(self, record: logging.LogRecord) -> bool:  # noqa: ARG002 - the base class's signature
        """Whether it is time for one more."""
        now = time.monotonic()
        if now < self._until:
            return False
        self._until = now + COMPLAINT_SECONDS
        return True
