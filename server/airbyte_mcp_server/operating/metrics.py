"""What Prometheus is told. Needs the extra `metrics`; imported only where the setting is on.

No label holds a name or an id of anybody or anything but the operator's names of
Airbytes: those, tools, operations and states are fixed lists, so the number of
series is bounded whatever is asked.
"""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from airbyte_client.calls import Answer, Call, Observer
from airbyte_guardrails.plans import Plan

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
UNKNOWN = "unknown"
CALL_SECONDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
"""A call may wait for a person, and `wait_for_job` for a job: minutes are nothing unusual."""
REQUEST_SECONDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 180.0)


class Metrics:
    """Counts for one process.

    Args:
        tools: The names of tools that may stand in a label.
        instances: The names of Airbytes that may.
    """

    def __init__(self, tools: Iterable[str], instances: Iterable[str]) -> None:
        self._tools = frozenset(tools)
        self._instances = frozenset(instances)
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._calls = Counter(
            "airbyte_mcp_calls", "Tool calls by outcome.", ("tool", "outcome"), registry=self._registry
        )
        self._call_seconds = Histogram(
            "airbyte_mcp_call_seconds",
            "How long tool calls take, waiting for people included.",
            ("tool",),
            buckets=CALL_SECONDS,
            registry=self._registry,
        )
        self._plans = Counter(
            "airbyte_mcp_plans",
            "States that plans reached in this process.",
            ("instance", "action", "state"),
            registry=self._registry,
        )
        self._requests = Counter(
            "airbyte_mcp_upstream_requests",
            "Requests to Airbyte by HTTP status; none where no answer came.",
            ("instance", "operation", "status"),
            registry=self._registry,
        )
        self._request_seconds = Histogram(
            "airbyte_mcp_upstream_request_seconds",
            "How long requests to Airbyte take.",
            ("instance", "operation"),
            buckets=REQUEST_SECONDS,
            registry=self._registry,
        )

    def called(self, tool: str, outcome: str, seconds: float) -> None:
        """A tool call has ended; a tool that does not exist is counted as unknown."""
        label = tool if tool in self._tools else UNKNOWN
        self._calls.labels(label, outcome).inc()
        self._call_seconds.labels(label).observe(seconds)

    def moved(self, plan: Plan) -> None:
        """A plan has reached a state; any thread may say so."""
        self._plans.labels(self._known(plan.instance.name), plan.action, plan.state.value).inc()

    def requests_to(self, instance: str) -> Observer:
        """An observer for the client of one Airbyte, told when a request is over."""
        label = self._known(instance)

        def requested(call: Call, answer: Answer | None, seconds: float) -> None:
            status = "none" if answer is None else str(answer.status)
            self._requests.labels(label, call.operation.value, status).inc()
            self._request_seconds.labels(label, call.operation.value).observe(seconds)

        return requested

    def _known(self, instance: str) -> str:
        """A store that is shared holds plans for Airbytes that other servers talk to."""
        return instance if instance in self._instances else UNKNOWN

    def text(self) -> bytes:
        """Everything, in Prometheus' text format."""
        return generate_latest(self._registry)
