"""The MCP inspector on its command line: it lists and calls over every transport, in both protocol eras."""

import json
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import pytest

from harness import COMMAND, HEALTHY, TOKEN, Desk, network_server
from kept_environments import Kept, NodeModules
from processes import clean_environment

pytestmark = [pytest.mark.ci, pytest.mark.timeout(300)]

INSPECTOR = "@modelcontextprotocol/inspector"
VERSION = "2.12.0"


@pytest.fixture(scope="session")
def inspector(request: pytest.FixtureRequest) -> NodeModules:
    return Kept.of(request.config).node_modules(f"{INSPECTOR}@{VERSION}")


@contextmanager
def target(desk: Desk, transport: str) -> Generator[list[str]]:
    """The arguments that name a server of ours."""
    if transport == "stdio":
        variables = [f"{name}={value}" for name, value in desk.environment.items()]
        yield [COMMAND, *(word for variable in variables for word in ("-e", variable))]
        return
    with network_server(desk, transport) as url:
        yield ["--transport", transport, "--server-url", url, "--header", f"Authorization: Bearer {TOKEN}"]


def inspect(inspector: NodeModules, desk: Desk, *arguments: str) -> Any:
    """What the inspector prints."""
    launcher = inspector.file(INSPECTOR, "clients/launcher/build/index.js")
    done = subprocess.run(
        [str(inspector.node), str(launcher), "--cli", *arguments, "--format", "json", "--quiet"],
        env=clean_environment() | {"HOME": str(desk.folder)},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def call(inspector: NodeModules, desk: Desk, server: list[str], tool: str, **arguments: object) -> Any:
    """The result of a tool."""
    given = ["--method", "tools/call", "--tool-name", tool, "--tool-args-json", json.dumps(arguments)]
    return inspect(inspector, desk, *server, *given)["result"]


@pytest.mark.parametrize("transport", ["stdio", "http", "sse"])
def test_it_lists_portable_schemas_and_calls(inspector: NodeModules, desk: Desk, transport: str) -> None:
    with target(desk, transport) as server:
        listed = inspect(inspector, desk, *server, "--method", "tools/list", "--strict")
        answer = call(inspector, desk, server, "check_sync_status", connection=HEALTHY)

    assert "check_sync_status" in {tool["name"] for tool in listed["result"]["tools"]}
    assert answer["structuredContent"]["name"] == HEALTHY


@pytest.mark.parametrize("era", ["legacy", "modern"])
def test_a_change_waits_for_a_person_whom_it_cannot_ask(inspector: NodeModules, desk: Desk, era: str) -> None:
    with target(desk, "http") as server:
        told = call(inspector, desk, [*server, "--protocol-era", era], "trigger_sync", connections=[HEALTHY])

    assert told["structuredContent"]["status"] == "approval_required"
    assert not desk.sandbox.effects()
