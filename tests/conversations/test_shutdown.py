"""The server ends when its client leaves or a signal comes: exit code 0, no traceback, nothing left behind."""

import json
import signal
import subprocess
from collections.abc import Generator
from contextlib import contextmanager

import pytest

from harness import COMMAND, HEALTHY, Desk, clean_environment

INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}


@contextmanager
def talking_server(environment: dict[str, str], *arguments: str) -> Generator["subprocess.Popen[str]"]:
    """A stdio server that has answered its first request."""
    with subprocess.Popen(
        [COMMAND, *arguments],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(INITIALIZE) + "\n")
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["id"] == 1
        yield process


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM], ids=lambda stop: stop.name)
def test_a_signal_ends_a_stdio_server_whose_client_still_holds_the_pipe(
    desk: Desk, stop: signal.Signals
) -> None:
    with talking_server(desk.environment) as process:
        process.send_signal(stop)
        assert process.wait(timeout=20) == 0
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()


def test_the_end_of_input_ends_a_stdio_server(desk: Desk) -> None:
    with talking_server(desk.environment) as process:
        rest, errors = process.communicate(timeout=20)

    assert (process.returncode, rest) == (0, "")
    assert "Traceback" not in errors


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM], ids=lambda stop: stop.name)
def test_serve_with_a_sandbox_inside_answers_and_ends_with_it(stop: signal.Signals) -> None:
    call = {"name": "get_connection", "arguments": {"connection": HEALTHY}}
    with talking_server(clean_environment(), "serve", "--sandbox") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps({"jsonrpc": "2.0", "method": "notifications/initialized"}) + "\n")
        process.stdin.write(
            json.dumps({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": call}) + "\n"
        )
        process.stdin.flush()
        answer = json.loads(process.stdout.readline())
        process.send_signal(stop)
        assert process.wait(timeout=20) == 0

    assert HEALTHY in answer["result"]["content"][0]["text"]
    assert not answer["result"]["isError"]
