"""Over SSE and HTTP: no token, no answer, on loopback too; other hosts and origins are turned away."""

import re
import signal
import subprocess

import httpx
import pytest

from doors import HEADERS, INITIALIZE, knock
from harness import (
    CLIENT_SECRET,
    COMMAND,
    HEALTHY,
    NETWORK,
    TOKEN,
    TRANSPORTS,
    Desk,
    Person,
    connected,
    network_server,
)


@pytest.mark.parametrize("transport", ["sse", "http"])
def test_only_the_bearer_of_the_token_on_this_host_is_let_in(desk: Desk, transport: str) -> None:
    with network_server(desk, transport) as url:
        assert knock(transport, url) == 200
        assert knock(transport, url, Authorization=None) == 401
        assert knock(transport, url, Authorization="Bearer planted-bearer-token-of-nobody") == 401
        assert knock(transport, url, Authorization=f"Basic {TOKEN}") == 401
        assert knock(transport, url, Host="airbyte.example.com") == 421
        assert knock(transport, url, Origin="https://evil.example.com") == 403


def test_messages_of_an_sse_session_need_the_token_too(desk: Desk) -> None:
    with network_server(desk, "sse") as url:
        messages = url.removesuffix("/sse") + "/messages/?session_id=" + "0" * 32
        without = httpx.post(messages, json=INITIALIZE)
        with_token = httpx.post(messages, json=INITIALIZE, headers=HEADERS)

    assert without.status_code == 401
    assert with_token.status_code == 404


@pytest.mark.parametrize("transport", NETWORK)
def test_without_a_configured_token_one_is_made_and_told_to_the_operator_only(
    desk: Desk, transport: str
) -> None:
    with subprocess.Popen(
        [COMMAND, "serve", "--transport", transport, "--port", "0"],
        env=desk.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        url = process.stderr.readline().rsplit(" ", 1)[-1].strip()
        token = process.stderr.readline().rsplit(" ", 1)[-1].strip()
        assert len(token) >= 32
        assert knock(transport, url, Authorization=f"Bearer {token}") == 200
        assert knock(transport, url, Authorization="Bearer wrong") == 401
        process.send_signal(signal.SIGTERM)
        said, errors = process.communicate(timeout=20)

    assert said == ""
    assert "Traceback" not in errors
    assert process.returncode == 0


def test_a_port_that_is_taken_is_said_to_be_taken(desk: Desk) -> None:
    with network_server(desk, "http") as url:
        port = re.findall(r":(\d+)/", url)[0]
        refused = desk.command("serve", "--transport", "http", "--port", port)

    assert refused.returncode == 1
    assert f"Port {port}" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_the_secrets_of_a_session_are_in_no_log(desk: Desk, transport: str) -> None:
    settings = {"AIRBYTE_MCP_LOG_LEVEL": "debug"}
    async with connected(desk, transport, person=Person(), settings=settings) as client:
        await client.call_tool("trigger_sync", {"connections": [HEALTHY]})

    log = desk.log()
    assert "DEBUG" in log, "the log is the one that is looked through"
    assert CLIENT_SECRET not in log
    assert TOKEN not in log
    assert "Bearer " not in log
