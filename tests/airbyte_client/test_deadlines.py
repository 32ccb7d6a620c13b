"""A whole operation ends in time, whichever part of the answer is slow, in both clients."""

import asyncio
import time
from pathlib import Path

import pytest

from airbyte_client import (
    AirbyteClient,
    AsyncAirbyteClient,
    NoAuth,
    RequestTimeoutError,
    RetryPolicy,
)
from certificates import self_signed, server_tls
from fault_matrix import nobody_accepts
from scripted_airbyte import Reply, ScriptedAirbyte, page, scripted_airbyte

ONCE = RetryPolicy(attempts=1)
SLOW = {
    "nothing": Reply(hold=True),
    "headers byte by byte": Reply(drip_headers=True),
    "headers, then nothing": Reply(stall=True, body=b"{}"),
    "body byte by byte": Reply(drip=True, body=b" " * 100_000),
}


@pytest.mark.parametrize("slow", SLOW)
def test_the_synchronous_client_ends_in_time(server: ScriptedAirbyte, slow: str) -> None:
    server.on("GET /workspaces", SLOW[slow])
    started = time.monotonic()

    with (
        AirbyteClient(server.base_url, auth=NoAuth(), timeout=0.3, retries=ONCE) as client,
        pytest.raises(RequestTimeoutError) as refused,
    ):
        client.list_workspaces()

    assert refused.value.sent
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("slow", SLOW)
def test_the_asynchronous_client_ends_in_time(server: ScriptedAirbyte, slow: str) -> None:
    server.on("GET /workspaces", SLOW[slow])

    async def read() -> None:
        async with AsyncAirbyteClient(server.base_url, auth=NoAuth(), timeout=0.3, retries=ONCE) as client:
            await client.list_workspaces()

    with pytest.raises(RequestTimeoutError):
        asyncio.run(read())


def test_tls_changes_nothing_about_it(tmp_path: Path) -> None:
    certificate = self_signed(tmp_path / "server.pem")
    with scripted_airbyte(server_tls(certificate)) as server:
        server.on("GET /workspaces", Reply(drip_headers=True))
        with (
            AirbyteClient(
                server.base_url, auth=NoAuth(), timeout=0.5, retries=ONCE, ca_bundle=certificate
            ) as client,
            pytest.raises(RequestTimeoutError),
        ):
            client.list_workspaces()


def test_a_connection_that_is_never_made_was_not_used() -> None:
    with (
        nobody_accepts() as base_url,
        AirbyteClient(base_url, auth=NoAuth(), connect_timeout=0.2, retries=ONCE) as client,
        pytest.raises(RequestTimeoutError) as refused,
    ):
        client.list_workspaces()

    assert not refused.value.sent


def test_a_deadline_ends_with_its_operation(server: ScriptedAirbyte) -> None:
    server.on("GET /workspaces", [Reply(drip_headers=True), page()])

    with AirbyteClient(server.base_url, auth=NoAuth(), timeout=0.3, retries=ONCE) as client:
        with pytest.raises(RequestTimeoutError):
            client.list_workspaces()

        assert client.list_workspaces() == []
