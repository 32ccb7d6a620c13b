"""Traces: one chain from the client's call to each request to Airbyte, and nothing in it that is anybody's secret."""

import json
import threading
from collections import Counter
from contextlib import AsyncExitStack, suppress
from typing import Any

import anyio
import anyio.to_thread
import httpx
import pytest
from mcp.shared.exceptions import MCPError
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from airbyte_answers import CONNECTION_ID, connection, job
from airbyte_mcp_server.operating.clean_spans import CleanSpans
from approval_pages import NAME, PASSWORD, Browser, planned, serving_command, users
from harness import (
    CLIENT_SECRET,
    HEALTHY,
    TOKEN,
    Desk,
    Era,
    Person,
    client_on,
    client_wire,
    connected,
    network_server,
)
from scripted_airbyte import Reply, Request, answer, scripted_airbyte
from trace_collector import CALLER, ENVELOPE, TRACE, Collector, SeenSpan, trace_collector, traced, tree

pytestmark = pytest.mark.ci

ANOTHER_TRACE = "a" * 32
SIGNED_IN = {
    "AIRBYTE_CLIENT_ID": "",
    "AIRBYTE_CLIENT_SECRET": "",
    "AIRBYTE_SECRET_ACCESS_TOKEN": "planted-token",
}
READ = ["tools/call list_jobs", ["POST /applications/token", "GET /connections", "GET /jobs"]]


def only(spans: list[SeenSpan], name: str) -> SeenSpan:
    """The one span of this name."""
    (one,) = [span for span in spans if span.name == name]
    return one


def below(spans: list[SeenSpan], name: str) -> set[str]:
    """The names of what stands directly below the spans of this name."""
    above = {span.span_id for span in spans if span.name == name}
    return {span.name for span in spans if span.parent_id in above}


async def observed(desk: Desk, collector: Collector, transport: str, era: Era) -> None:
    """A read and an approved change in one trace, and a read in a trace that nobody records."""
    settings = collector.environment | {"AIRBYTE_MCP_LOG_LEVEL": "info", "AIRBYTE_MCP_LOG_FORMAT": "json"}
    async with connected(desk, transport, era, Person(), settings) as client:
        await client.call_tool("list_jobs", {"connection": HEALTHY}, meta=traced())
        await client.call_tool("trigger_sync", {"connections": [HEALTHY]}, meta=traced())
        await client.call_tool("list_jobs", {}, meta=traced(ANOTHER_TRACE, sampled=False))


async def test_a_trace_leads_from_the_client_to_every_request_to_airbyte(desk: Desk) -> None:
    with trace_collector() as collector:
        await observed(desk, collector, "stdio", Era.MODERN)
    spans = collector.spans(TRACE)
    requests = [span for span in spans if "http.request.method" in span.attributes]

    assert tree(spans, CALLER)[:2] == READ
    steps = {f"{step} trigger_sync" for step in ("plan", "ask", "apply")}
    assert below(spans, "tools/call trigger_sync") == steps
    assert "execute trigger_sync" in below(spans, "apply trigger_sync")
    assert "POST /jobs" in below(spans, "execute trigger_sync")
    assert "POST /jobs" not in below(spans, "plan trigger_sync"), "what plans only reads"
    *sent, _of_the_unsampled_call = desk.sandbox.requests()
    methods = [span.attributes["http.request.method"] for span in requests if "token" not in span.name]
    assert Counter(methods) == Counter(request.method for request in sent)
    assert collector.spans(ANOTHER_TRACE) == []
    assert {span.service for span in spans} == {"airbyte-mcp-server"}
    by_id = {span.span_id: span for span in spans}
    for request in requests:
        assert request.kind == "client"
        assert by_id[request.parent_id].started <= request.started <= request.ended
        assert request.ended <= by_id[request.parent_id].ended


async def test_the_spans_say_what_the_conventions_ask_for(desk: Desk) -> None:
    with trace_collector() as collector:
        await observed(desk, collector, "http", Era.LEGACY)
    spans = collector.spans(TRACE)
    host, _, port = desk.sandbox.api_url.split("/")[2].partition(":")

    called = only(spans, "tools/call trigger_sync")
    assert called.kind == "server"
    assert (
        called.attributes.items()
        >= {
            "mcp.method.name": "tools/call",
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": "trigger_sync",
            "mcp.protocol.version": "2025-11-25",
            "network.transport": "tcp",
        }.items()
    )
    assert only(spans, "elicitation/create").kind == "client"
    assert below(spans, "ask trigger_sync") == {"elicitation/create"}
    assert only(spans, "POST /jobs").attributes == {
        "airbyte.operation": "trigger_sync",
        "airbyte_mcp.instance": "default",
        "http.request.method": "POST",
        "http.response.status_code": 200,
        "server.address": host,
        "server.port": int(port),
        "url.template": "/jobs",
    }
    plan_ids = {
        span.attributes["airbyte_mcp.plan.id"] for span in spans if "airbyte_mcp.plan.id" in span.attributes
    }
    assert len(plan_ids) == 1
    assert [
        only(spans, f"{step} trigger_sync").attributes["airbyte_mcp.plan.state"]
        for step in ("plan", "ask", "apply")
    ] == ["proposed", "approved", "executed"]


async def test_the_json_log_names_the_trace_of_what_it_tells(desk: Desk) -> None:
    with trace_collector() as collector:
        await observed(desk, collector, "stdio", Era.MODERN)
    told: list[dict[str, Any]] = [json.loads(line) for line in desk.log().splitlines()]
    calls = [event for event in told if event["message"].startswith("tools/call")]
    upstream = [
        event
        for event in told
        if event["logger"] == "airbyte_client.single_connection" and "POST" in event["message"]
    ]

    assert [call.get("trace_id") for call in calls] == [TRACE, TRACE, TRACE, None]
    assert {event["trace_id"] for event in upstream} == {TRACE}


async def test_nothing_that_anybody_wrote_is_in_a_span(desk: Desk) -> None:
    said = "planted-words-of-airbyte password=planted"
    planted = {
        "_meta": ENVELOPE | dict(traced()),
        "name": "planted_tool",
        "arguments": {"planted": "planted"},
    }
    with trace_collector() as collector, scripted_airbyte() as airbyte:
        airbyte.on("GET /workspaces", answer({"message": said}, 403))
        airbyte.on("GET /connections", answer({"data": [{"connectionId": "planted", "name": "planted"}]}))
        settings = (
            collector.environment
            | SIGNED_IN
            | {
                "AIRBYTE_API_URL": airbyte.base_url,
                "OTEL_EXPORTER_OTLP_HEADERS": "x-key=planted-key-of-the-collector",
                "OTEL_SERVICE_NAME": "ours",
            }
        )
        async with AsyncExitStack() as stack:
            url = stack.enter_context(network_server(desk, "http", settings))
            wire = await client_wire(stack, "http", url)
            client = await stack.enter_async_context(client_on(wire, Era.MODERN, Person()))
            for tool, given in (
                ("list_workspaces", {}),
                ("list_jobs", {"planted": "planted"}),
                ("get_connection", {"connection": "planted-connection"}),
            ):
                await client.call_tool(tool, given, meta=traced())
            with suppress(MCPError):
                await client.get_prompt("planted", {"planted": "planted"})
            with suppress(MCPError):
                await client.read_resource("airbyte://planted/planted")
            for method in ("tools/call", "planted/method"):
                await anyio.to_thread.run_sync(post, url, method, planted)
            await anyio.to_thread.run_sync(httpx.get, url.rsplit("/", 1)[0] + "/readyz")
    spans = collector.spans()

    assert collector.headers[0]["x-key"] == "planted-key-of-the-collector"
    assert {span.service for span in spans} == {"ours"}
    assert {"tools/call unknown", "prompts/get unknown", "resources/read"} <= {span.name for span in spans}
    refused = only(spans, "GET /workspaces")
    assert (refused.failed, refused.attributes["error.type"]) == (True, "403")
    assert all(span.said == "" and span.events == 0 for span in spans)
    assert all(span.parent_id for span in spans if span.kind == "client"), "a probe is nobody's call"
    for secret in ("planted", TOKEN, CLIENT_SECRET):
        assert secret.encode() not in b"".join(collector.bodies), secret


def test_what_the_sdk_notes_of_an_exception_stays_here() -> None:
    kept, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(CleanSpans(kept, stdio=True)))
    noted = {"mcp.method.name": "tools/call", "gen_ai.tool.name": "list_jobs", "planted": "planted"}
    with provider.get_tracer("mcp-python-sdk").start_as_current_span("planted", attributes=noted) as span:
        span.set_attribute("error.type", "planted words")
        span.record_exception(ValueError("planted"))
        span.set_status(StatusCode.ERROR, "planted")
    (sent,) = kept.get_finished_spans()

    assert "planted" not in sent.to_json()
    assert (sent.name, sent.status.status_code) == ("tools/call list_jobs", StatusCode.ERROR)
    assert sent.attributes == {
        "mcp.method.name": "tools/call",
        "gen_ai.tool.name": "list_jobs",
        "error.type": "unknown",
    }


def post(url: str, method: str, params: dict[str, Any]) -> None:
    """One request past everything that a decent client checks."""
    headers = {
        "Authorization": f"Bearer {TOKEN}",
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": "2026-07-28",
        "Mcp-Method": method,
        "Mcp-Name": params["name"],
    }
    body = {"jsonrpc": "2.0", "id": "planted id " * 20, "method": method, "params": params}
    httpx.post(url, json=body, headers=headers, timeout=20)


async def test_a_request_that_gets_no_answer_says_in_one_word_why(desk: Desk) -> None:
    with trace_collector() as collector, scripted_airbyte() as airbyte:
        airbyte.on("GET /workspaces", Reply(reset=True))
        settings = collector.environment | SIGNED_IN | {"AIRBYTE_API_URL": airbyte.base_url}
        async with connected(desk, settings=settings) as client:
            await client.call_tool("list_workspaces", {}, meta=traced())
        tried = len(airbyte.log)
    spans = [span for span in collector.spans(TRACE) if span.name == "GET /workspaces"]

    assert len(spans) == tried > 1, "each attempt is a request of its own"
    assert {(span.failed, span.attributes["error.type"]) for span in spans} == {(True, "UnreachableError")}
    assert only(collector.spans(TRACE), "tools/call list_workspaces").failed


async def test_a_read_that_joins_another_ones_request_says_so(desk: Desk) -> None:
    with trace_collector() as collector, scripted_airbyte() as airbyte:
        airbyte.on("GET /workspaces", Reply(body=answer({"data": []}).body, hold=True))
        airbyte.on("GET /sources", answer({"data": []}))
        settings = collector.environment | SIGNED_IN | {"AIRBYTE_API_URL": airbyte.base_url}
        async with connected(desk, settings=settings) as client, anyio.create_task_group() as group:

            async def ask(trace: str) -> None:
                await client.call_tool("list_workspaces", {}, meta=traced(trace))

            group.start_soon(ask, TRACE)
            await anyio.to_thread.run_sync(airbyte.arrived.wait, 20)
            group.start_soon(ask, ANOTHER_TRACE)
            # A call that began later has been to Airbyte and back: the second reader waits by now.
            await client.call_tool("list_sources", {})
            airbyte.release.set()

    assert tree(collector.spans(TRACE), CALLER) == ["tools/call list_workspaces", ["GET /workspaces"]]
    (joined,) = collector.spans(ANOTHER_TRACE)
    assert joined.events == 1


async def test_a_change_whose_caller_has_left_is_traced_to_its_end(desk: Desk) -> None:
    begun = threading.Event()

    def begin(_request: Request) -> Reply:
        begun.set()
        return Reply(body=answer(job()).body, hold=True)

    with trace_collector() as collector, scripted_airbyte() as airbyte:
        airbyte.on(f"GET /connections/{CONNECTION_ID}", answer(connection()))
        airbyte.on("GET /jobs", answer({"data": []}))
        airbyte.on("POST /jobs", begin)
        settings = collector.environment | SIGNED_IN | {"AIRBYTE_API_URL": airbyte.base_url}
        async with connected(desk, era=Era.LEGACY, person=Person(), settings=settings) as client:
            async with anyio.create_task_group() as group:
                wish = {"connections": [CONNECTION_ID]}
                group.start_soon(lambda: client.call_tool("trigger_sync", wish, meta=traced()))
                assert await anyio.to_thread.run_sync(begun.wait, 20)
                group.cancel_scope.cancel()
            airbyte.release.set()
    spans = collector.spans(TRACE)

    assert only(spans, "apply trigger_sync").attributes["error.type"] == "CancelledError"
    assert only(spans, "execute trigger_sync").attributes["airbyte_mcp.plan.state"] == "executed"
    assert below(spans, "execute trigger_sync") >= {"POST /jobs"}


async def test_a_watch_that_goes_on_does_not_fill_the_trace_of_who_began_it(desk: Desk) -> None:
    with trace_collector() as collector, scripted_airbyte() as airbyte:
        airbyte.on("GET /jobs/124", answer(job()))
        settings = collector.environment | SIGNED_IN | {"AIRBYTE_API_URL": airbyte.base_url}
        async with connected(desk, settings=settings) as client:
            async with client.listen(resource_subscriptions=["airbyte://jobs/124"]):
                assert await anyio.to_thread.run_sync(airbyte.wait_for, 3)

    assert only(collector.spans(), "subscriptions/listen").kind == "server"
    assert [span.name for span in collector.spans() if span.kind == "client"] == []


def test_what_the_approvals_page_applies_is_traced_too(desk: Desk) -> None:
    users(desk, "add", NAME, password=PASSWORD)
    plan = planned(desk, "trigger_sync", {"connections": [HEALTHY]})
    with trace_collector() as collector:
        with serving_command(desk, settings=collector.environment) as url:
            browser = Browser(url)
            browser.sign_in()
            browser.decide(plan, "approve")
            browser.http.close()
    applied = only(collector.spans(), "apply trigger_sync")

    assert applied.attributes["airbyte_mcp.plan.id"] == plan.id
    assert applied.attributes["airbyte_mcp.plan.state"] == "executed"
    assert "POST /jobs" in below(collector.spans(applied.trace_id), "execute trigger_sync")
