"""The switch for traces: nothing is loaded where it is off, and a collector that is gone is nobody's problem."""

import json
import subprocess
import sys
import time
from typing import Any

import pytest

from harness import COMMAND, Desk
from trace_collector import ENVELOPE, silent_collector, traced

pytestmark = pytest.mark.ci


@pytest.mark.parametrize("collector", ["gone", "silent"])
def test_a_collector_that_does_not_answer_delays_neither_a_call_nor_the_exit(
    desk: Desk, collector: str
) -> None:
    with silent_collector() as silent:
        settings = (
            desk.environment
            | silent.environment
            | {
                # Whoever waited for the collector would wait for ever.
                "OTEL_EXPORTER_OTLP_TIMEOUT": "3600",
                "OTEL_BSP_SCHEDULE_DELAY": "1",
            }
        )
        if collector == "gone":
            settings |= {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}
        with subprocess.Popen(
            [COMMAND, "serve"],
            env=settings,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as server:
            assert server.stdin is not None
            assert server.stdout is not None
            assert server.stderr is not None
            asked: list[tuple[str, dict[str, Any]]] = [("tools/list", {})]
            asked += [("tools/call", {"name": "list_connections", "arguments": {}})] * 3
            heard: list[dict[str, Any]] = []
            for number, (method, params) in enumerate(asked):
                request: dict[str, Any] = {"jsonrpc": "2.0", "id": number, "method": method}
                request["params"] = params | {"_meta": ENVELOPE | dict(traced())}
                server.stdin.write(json.dumps(request) + "\n")
                server.stdin.flush()
                heard.append(json.loads(server.stdout.readline()))
            left = time.monotonic()
            server.stdin.close()
            rest, complaints = server.stdout.read(), server.stderr.read()
            code = server.wait(timeout=20)
            took = time.monotonic() - left

    assert [answer["id"] for answer in heard] == [0, 1, 2, 3]
    assert all("result" in answer for answer in heard)
    assert (code, rest) == (0, "")
    assert took < 5
    assert "Traceback" not in complaints
    assert len(complaints.splitlines()) <= 1, "an outage is told once in a minute"


def ended(program: str) -> "subprocess.CompletedProcess[str]":
    """What became of a Python program whose standard input is empty."""
    return subprocess.run(
        [sys.executable, "-c", program],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )


@pytest.mark.parametrize("command", [["serve"], ["approvals", "serve"]], ids=" ".join)
def test_telemetry_without_its_library_stops_the_start_with_what_to_install(command: list[str]) -> None:
    program = (
        "import sys\n"
        "sys.modules['opentelemetry.sdk'] = None  # as where the extra is not installed\n"
        "from airbyte_mcp_server.__main__ import main\n"
        f"sys.argv[1:] = {[*command, '--telemetry', 'otlp']!r}\n"
        "main()\n"
    )
    started = ended(program)

    assert started.returncode == 1
    assert "pip install 'airbyte-mcp-server[telemetry]'" in started.stderr
    assert "Traceback" not in started.stderr


def test_a_server_without_telemetry_loads_nothing_for_it() -> None:
    program = (
        "import sys\n"
        "from airbyte_mcp_server.__main__ import main\n"
        "sys.argv[1:] = ['serve']\n"
        "try:\n"
        "    main()\n"
        "except SystemExit:\n"
        "    import airbyte_mcp_server.dispatch, airbyte_mcp_server.operating.request_spans\n"
        "    heavy = ('opentelemetry.sdk', 'opentelemetry.exporter', 'google', 'requests')\n"
        "    print([name for name in sys.modules if name.startswith(heavy)])\n"
    )
    done = ended(program)

    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr


def test_a_variable_of_the_library_that_cannot_be_used_stops_the_start_by_its_words(desk: Desk) -> None:
    started = desk.command("serve", "--telemetry", "otlp", OTEL_BSP_MAX_QUEUE_SIZE="0")

    assert started.returncode != 0
    assert "An OTEL_ variable cannot be used" in started.stderr
    assert "Traceback" not in started.stderr
