"""/healthz, /readyz and /metrics beside MCP: who may see them, and what they give away."""

import re
import subprocess
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from airbyte_client.calls import Call
from airbyte_client.operations import Operation
from airbyte_mcp_server.operating.metrics import Metrics
from harness import FAILING, HEALTHY, TOKEN, Desk, Era, Person, client_on, client_wire, network_server

pytestmark = pytest.mark.ci

OPERATING = Path(__file__).parents[2] / "docs" / "operating.md"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


def beside(url: str, path: str, **headers: str) -> httpx.Response:
    """An answer of the server that serves MCP at `url`."""
    return httpx.get(url.rsplit("/", 1)[0] + path, headers=headers, timeout=20)


@pytest.mark.parametrize("transport", [pytest.param("sse", marks=pytest.mark.ci), "http"])
def test_a_server_at_work_is_alive_and_ready_for_whoever_asks(desk: Desk, transport: str) -> None:
    with network_server(desk, transport) as url:
        alive, ready = beside(url, "/healthz"), beside(url, "/readyz")
        foreign = beside(url, "/healthz", Host="airbyte.example.com")
        absent = beside(url, "/metrics", **BEARER)
        often = [beside(url, "/readyz").status_code for _ in range(20)]

    assert (alive.status_code, alive.text) == (200, "ok\n")
    assert (ready.status_code, ready.json()) == (200, {"ready": True, "store": "ok", "airbyte": "ok"})
    assert foreign.status_code == 421
    assert absent.status_code == 404, "metrics are off unless they are asked for"
    assert often == [200] * 20
    assert len(desk.sandbox.requests()) <= 3, "whoever asks often does not make the server ask often"


def test_readiness_names_which_of_them_does_not_answer_and_no_more(desk: Desk) -> None:
    nobody = {"AIRBYTE_API_URL": "http://127.0.0.1:9/api/public/v1"}
    with network_server(desk, "http", nobody) as url:
        ready, alive = beside(url, "/readyz"), beside(url, "/healthz")

    assert ready.status_code == 503
    assert ready.json() == {"ready": False, "store": "ok", "airbyte": "unavailable"}
    assert alive.status_code == 200


def test_readiness_fails_with_the_store(desk: Desk) -> None:
    (desk.folder / "in-the-way").write_text("a file where the folder should be")
    settings = {"AIRBYTE_MCP_DATA_DIR": str(desk.folder / "in-the-way" / "data")}
    with network_server(desk, "http", settings) as url:
        ready = beside(url, "/readyz")

    assert ready.status_code == 503
    assert ready.json()["store"] == "unavailable"
    assert "in-the-way" not in ready.text


async def counted(desk: Desk) -> tuple[str, int, int]:
    """The metrics after a read, a mistake and an approved change; their status with and without a token."""
    async with AsyncExitStack() as stack:
        url = stack.enter_context(network_server(desk, "http", {"AIRBYTE_MCP_METRICS": "token"}))
        wire = await client_wire(stack, "http", url)
        client = await stack.enter_async_context(client_on(wire, Era.MODERN, Person()))
        await client.call_tool("list_connections", {})
        await client.call_tool("list_connections", {"no_such_argument": "planted-value-of-an-argument"})
        await client.call_tool("trigger_sync", {"connections": [HEALTHY]})
        with_token, without = beside(url, "/metrics", **BEARER), beside(url, "/metrics")
    return with_token.text, with_token.status_code, without.status_code


async def test_metrics_count_calls_plans_and_requests_behind_the_token(desk: Desk) -> None:
    text, with_token, without = await counted(desk)

    assert (with_token, without) == (200, 401)
    for line in (
        'airbyte_mcp_calls_total{outcome="answered",tool="list_connections"} 1.0',
        'airbyte_mcp_calls_total{outcome="failed",tool="list_connections"} 1.0',
        'airbyte_mcp_calls_total{outcome="asked",tool="trigger_sync"} 1.0',
        'airbyte_mcp_calls_total{outcome="answered",tool="trigger_sync"} 1.0',
        'airbyte_mcp_call_seconds_count{tool="trigger_sync"} 2.0',
        'airbyte_mcp_plans_total{action="trigger_sync",instance="default",state="approved"} 1.0',
        'airbyte_mcp_plans_total{action="trigger_sync",instance="default",state="executed"} 1.0',
        'airbyte_mcp_upstream_requests_total{instance="default",operation="trigger_sync",status="200"} 1.0',
        'airbyte_mcp_upstream_requests_total{instance="default",operation="fetch_token",status="200"} 1.0',
    ):
        assert line in text.splitlines(), text
    for told in (HEALTHY, FAILING, TOKEN, "planted-value-of-an-argument", desk.sandbox.api_url):
        assert told not in text


def test_made_up_tools_make_no_series_of_their_own_and_open_metrics_need_no_token(desk: Desk) -> None:
    with network_server(desk, "http", {"AIRBYTE_MCP_METRICS": "open"}) as url:
        for number in range(20):
            call(url, f"made_up_{number}")
        opened = beside(url, "/metrics")

    assert opened.status_code == 200
    assert "made_up" not in opened.text
    assert 'airbyte_mcp_calls_total{outcome="broken_off",tool="unknown"} 20.0' in opened.text


def call(url: str, tool: str) -> httpx.Response:
    """One tool call without a client that checks names first."""
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    body: dict[str, Any] = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": tool, "arguments": {}, "_meta": meta},
    }
    headers = BEARER | {
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": "2026-07-28",
        "Mcp-Method": "tools/call",
        "Mcp-Name": tool,
    }
    return httpx.post(url, json=body, headers=headers, timeout=20)


def test_metrics_without_their_library_stop_the_start_with_what_to_install(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "sys.modules['prometheus_client'] = None  # as where the extra is not installed\n"
        "from airbyte_mcp_server.__main__ import main\n"
        "sys.argv[1:] = ['serve', '--transport', 'http', '--port', '0', '--metrics', 'token']\n"
        "main()\n"
    )
    started = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=50, cwd=tmp_path
    )

    assert started.returncode == 1
    assert "pip install 'airbyte-mcp-server[metrics]'" in started.stderr
    assert "Traceback" not in started.stderr


def test_stdio_loads_nothing_of_all_this() -> None:
    program = (
        "import sys\n"
        "from airbyte_mcp_server import dispatch\n"
        "from airbyte_mcp_server.serving import transports\n"
        "heavy = ('prometheus_client', 'airbyte_mcp_server.operating.routes')\n"
        "print([name for name in heavy if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_the_page_for_operators_names_every_metric_and_no_other() -> None:
    described = set(re.findall(r"^\| `(airbyte_mcp_\w+)` \|", OPERATING.read_text(), re.MULTILINE))
    metrics = Metrics(["list_jobs"], ["prod"])
    metrics.called("list_jobs", "answered", 0.1)
    metrics.requests_to("prod")(Call(Operation.LIST_JOBS), None, 0.1)
    counted = re.findall(
        r"^# TYPE (airbyte_mcp_\w+) (?:counter|histogram)$", metrics.text().decode(), re.MULTILINE
    )

    assert described == set(counted)
