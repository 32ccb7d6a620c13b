"""How the client treats the network: few connections, kept while they are fresh, closed with their call."""

import asyncio
import threading
from datetime import UTC, datetime

import pytest

from airbyte_answers import WORKSPACE_ID, connection, job
from airbyte_client import (
    AirbyteClient,
    AsyncAirbyteClient,
    BearerToken,
    ConfigurationError,
    Connection,
    NoAuth,
    RequestTimeoutError,
    RetryPolicy,
)
from scripted_airbyte import Reply, ScriptedAirbyte, answer, page, scripted_airbyte


def test_no_more_than_twenty_requests_run_at_the_same_time(server: ScriptedAirbyte) -> None:
    for number in range(60):
        server.on(f"GET /connections/c{number}", Reply(body=answer(connection()).body, hold=True))

    async def read_all() -> int:
        async with AsyncAirbyteClient(server.base_url, auth=NoAuth()) as client:
            reads = [asyncio.create_task(client.get_connection(f"c{number}")) for number in range(60)]
            assert await asyncio.to_thread(server.wait_for, 20)
            server.release.set()
            return len(await asyncio.gather(*reads))

    assert asyncio.run(read_all()) == 60
    assert server.busiest == 20
    assert server.connections <= 60


def test_effects_have_twenty_turns_of_their_own_which_slow_reads_do_not_take(
    server: ScriptedAirbyte,
) -> None:
    for number in range(21):
        held = Reply(body=answer(connection()).body, hold=True)
        server.on(f"GET /connections/c{number}", held)
        server.on(f"PATCH /connections/c{number}", held)

    async def use_all() -> int:
        async with AsyncAirbyteClient(server.base_url, auth=NoAuth()) as client:
            uses: list[asyncio.Task[Connection]] = []
            for number in range(21):
                uses.append(asyncio.create_task(client.get_connection(f"c{number}")))
                uses.append(asyncio.create_task(client.update_connection(f"c{number}", name="New")))
                assert await asyncio.to_thread(server.wait_for, min(len(uses), 40))
            server.release.set()
            return len(await asyncio.gather(*uses))

    assert asyncio.run(use_all()) == 42
    assert server.busiest == 40
    assert len(server.effects) == 21


def test_a_connection_is_used_again(client: AirbyteClient, server: ScriptedAirbyte) -> None:
    server.on("GET /workspaces", page())

    for _ in range(5):
        client.list_workspaces()

    assert server.connections == 1


def test_cancelling_a_call_closes_its_request_at_the_server(server: ScriptedAirbyte) -> None:
    server.on("GET /connections/c", Reply(body=answer(connection()).body, hold=True))

    async def cancel() -> bool:
        async with AsyncAirbyteClient(server.base_url, auth=NoAuth()) as client:
            task = asyncio.create_task(client.get_connection("c"))
            assert await asyncio.to_thread(server.arrived.wait, 5)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            # The client is still open: it is the call that has hung up.
            return await asyncio.to_thread(server.hung_up.wait, 5)

    assert asyncio.run(cancel())


def test_the_jobs_of_a_workspace_and_a_window_are_one_paged_query(
    client: AirbyteClient, server: ScriptedAirbyte
) -> None:
    server.on(
        "GET /jobs", [page(*(job(n) for n in range(150, 50, -1))), page(*(job(n) for n in range(50, 0, -1)))]
    )

    jobs = client.list_jobs(workspace_id=WORKSPACE_ID, created_after=datetime(2026, 1, 1, tzinfo=UTC))

    assert len(jobs) == 150
    assert [request.query["offset"] for request in server.log] == [["0"], ["100"]]
    assert all("connectionId" not in request.query for request in server.log)


def test_a_proxy_of_the_environment_is_used(server: ScriptedAirbyte, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", server.origin)
    server.on("GET /workspaces", page({"workspaceId": "w", "name": "Behind the proxy"}))

    with AirbyteClient("http://airbyte.invalid", auth=BearerToken("t")) as client:
        (workspace,) = client.list_workspaces()

    assert workspace.name == "Behind the proxy"


def test_no_proxy_is_honoured(server: ScriptedAirbyte, monkeypatch: pytest.MonkeyPatch) -> None:
    server.on("GET /workspaces", page())
    with scripted_airbyte() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.origin)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        with AirbyteClient(server.base_url, auth=NoAuth()) as client:
            client.list_workspaces()

        assert proxy.log == []
    assert len(server.log) == 1


@pytest.mark.parametrize("client", [AirbyteClient, AsyncAirbyteClient])
@pytest.mark.parametrize(
    "proxy", ["ftp://127.0.0.1", "socks4://127.0.0.1", "socks5://127.0.0.1", "http://:x"]
)
def test_a_proxy_that_cannot_be_used_is_a_configuration_error(
    monkeypatch: pytest.MonkeyPatch,
    client: type[AirbyteClient | AsyncAirbyteClient],
    proxy: str,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)

    with pytest.raises(ConfigurationError, match="proxy") as refused:
        client("https://airbyte.example", auth=NoAuth())

    assert "HTTPS_PROXY" in refused.value.next_step


def test_a_slow_proxy_is_bounded_too(server: ScriptedAirbyte, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", server.origin)
    server.on("GET /workspaces", Reply(drip_headers=True))

    with (
        AirbyteClient(
            "http://airbyte.invalid", auth=NoAuth(), timeout=0.3, retries=RetryPolicy(attempts=1)
        ) as client,
        pytest.raises(RequestTimeoutError),
    ):
        client.list_workspaces()


def test_threads_are_bounded_too(server: ScriptedAirbyte) -> None:
    for number in range(30):
        server.on(f"GET /connections/c{number}", Reply(body=answer(connection()).body, hold=True))
    with AirbyteClient(server.base_url, auth=NoAuth()) as client:
        threads = [threading.Thread(target=client.get_connection, args=[f"c{n}"]) for n in range(30)]
        for thread in threads:
            thread.start()
        assert server.wait_for(20)
        server.release.set()
        for thread in threads:
            thread.join(timeout=10)

    assert server.busiest == 20
    assert len(server.log) == 30
