"""Spans for what a change goes through, for whoever collects traces.

Only OpenTelemetry's API is used here, which `mcp` has loaded anyway: as long
as nobody has started `tracing`, a span is nothing and goes nowhere.
"""

from collections.abc import Generator
from contextlib import contextmanager
from typing import TypeVar

from opentelemetry.trace import (
    INVALID_SPAN,
    Span,
    StatusCode,
    format_trace_id,
    get_current_span,
    get_tracer,
    use_span,
)

from airbyte_guardrails.plans import Plan

SCOPE = "airbyte_mcp_server"
"""Spans of this scope hold nothing but what is written here and in `request_spans`."""
ACTION, PLAN_ID, PLAN_STATE = "airbyte_mcp.action", "airbyte_mcp.plan.id", "airbyte_mcp.plan.state"
ERROR_TYPE = "error.type"

T = TypeVar("T")

_tracer = get_tracer(SCOPE)


class Step:
    """A part of what a change goes through, while its span is open."""

    def __init__(self, span: Span) -> None:
        self._span = span

    def reached(self, outcome: T) -> T:
        """The outcome as it is; a plan's id and state are noted."""
        if isinstance(outcome, Plan):
            self._span.set_attributes({PLAN_ID: outcome.id, PLAN_STATE: outcome.state.value})
        return outcome


@contextmanager
def step(name: str, action: str, plan: Plan | None = None) -> Generator[Step]:
    """A span around one step; of an error only its kind is noted, never its text.

    Args:
        name: plan, ask, apply, or within that, execute.
        action: The tool that changes something.
        plan: The plan that the step is about, once there is one.
    """
    with _tracer.start_as_current_span(
        f"{name} {action}",
        attributes={ACTION: action},
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        taken = Step(span)
        taken.reached(plan)
        try:
            yield taken
        except BaseException as error:
            failed(span, type(error).__name__)
            raise


@contextmanager
def outside_traces() -> Generator[None]:
    """What goes on for long by itself would fill the trace of the call that began it: it gets no spans."""
    with use_span(INVALID_SPAN):
        yield


def failed(span: Span, kind: str) -> None:
    """Note that what the span is about went wrong, and how, in one word."""
    span.set_attribute(ERROR_TYPE, kind)
    span.set_status(StatusCode.ERROR)


def recorded_trace() -> str | None:
    """The id of the trace that is being recorded here, as collectors write it."""
    span = get_current_span()
    return format_trace_id(span.get_span_context().trace_id) if span.is_recording() else None
