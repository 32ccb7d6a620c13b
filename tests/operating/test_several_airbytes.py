"""Doctor, readiness and metrics of a server with several Airbytes: each is looked at, and named."""

import json
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
from anyio.to_thread import run_sync

from harness import CLIENT_SECRET, HEALTHY, TOKEN, Desk, Era, Person, client_on, client_wire, network_server
from several_airbytes import PROD, STAGING, naming

pytestmark = pytest.mark.ci

NOBODY = "http://127.0.0.1:9/api/public/v1"


@pytest.fixture
def settings(desk: Desk) -> dict[str, str]:
    """One Airbyte that is there, and one that is not."""
    return naming(desk, {PROD: desk.sandbox.api_url, STAGING: NOBODY})


def test_the_doctor_looks_at_each_airbyte_and_says_of_which_it_speaks(
    desk: Desk, settings: dict[str, str]
) -> None:
    examined = desk.command("doctor", "--json", **settings)
    findings: list[dict[str, Any]] = json.loads(examined.stdout)["findings"]
    told = {name: [f for f in findings if f["message"].startswith(f"{name}: ")] for name in (PROD, STAGING)}

    assert examined.returncode == 1
    assert {finding["check"] for finding in told[PROD]} >= {
        "reachable",
        "base url",
        "token",
        "rights",
        "clock",
    }
    assert {finding["verdict"] for finding in told[PROD]} == {"OK"}
    (lost,) = told[STAGING]
    assert (lost["check"], lost["verdict"]) == ("reachable", "FAIL")
    assert f"Airbyte prod at {desk.sandbox.api_url}; staging at {NOBODY}" in findings[0]["message"]
    assert CLIENT_SECRET not in examined.stdout + examined.stderr


def test_advice_about_an_airbyte_with_a_name_names_the_keys_of_its_table(desk: Desk) -> None:
    settings, secret = naming(desk, {PROD: desk.sandbox.api_url}), desk.folder / "secret"
    secret.write_text(CLIENT_SECRET)
    secret.chmod(0o644)
    file = desk.folder / "settings.toml"
    in_a_file = file.read_text().replace(f'secret = "{CLIENT_SECRET}"', f'secret_file = "{secret}"')
    file.write_text(in_a_file + 'workspace_id = "0f31738c-0000-4ab0-9b5a-3b2b1e5a1111"\n')
    told = desk.command("doctor", **settings).stdout

    assert "check instances.prod.workspace_id" in told
    assert f"{secret} (instances.prod.client_secret_file) can be read by other users" in told


async def test_the_server_is_ready_while_one_airbyte_is_and_counts_each_by_its_name(
    desk: Desk, settings: dict[str, str]
) -> None:
    async with AsyncExitStack() as stack:
        url = stack.enter_context(network_server(desk, "http", settings | {"AIRBYTE_MCP_METRICS": "open"}))
        wire = await client_wire(stack, "http", url, TOKEN)
        client = await stack.enter_async_context(client_on(wire, Era.MODERN, Person()))
        await client.call_tool("trigger_sync", {"connections": [HEALTHY], "instance": PROD})
        ready, metrics = [await run_sync(beside, url, path) for path in ("readyz", "metrics")]

    assert ready.status_code == 200
    assert ready.json() == {
        "ready": True,
        "store": "ok",
        "airbyte.prod": "ok",
        "airbyte.staging": "unavailable",
    }
    for line in (
        'airbyte_mcp_plans_total{action="trigger_sync",instance="prod",state="executed"} 1.0',
        'airbyte_mcp_upstream_requests_total{instance="prod",operation="trigger_sync",status="200"} 1.0',
    ):
        assert line in metrics.text.splitlines()


def beside(url: str, path: str) -> httpx.Response:
    """An answer of the server that serves MCP at `url`."""
    return httpx.get(f"{url.rsplit('/', 1)[0]}/{path}", timeout=20)
