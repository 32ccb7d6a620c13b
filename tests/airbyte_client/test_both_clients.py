"""Both clients speak over connections of different make, and yet say the same of whatever goes wrong."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import product
from pathlib import Path

import pytest

from airbyte_answers import CONNECTION_ID, connection
from airbyte_client import (
    AirbyteError,
    AsyncAirbyteClient,
    BearerToken,
    ClientCredentials,
    NoAuth,
    Operation,
    RetryPolicy,
    UnreachableError,
    UntrustedCertificateError,
)
from certificates import self_signed, server_tls
from fault_matrix import SECRET, Cell, nobody_accepts, run, stranger, use_at
from faults import Fault, body_faults, connection_faults, redirect_faults, slow_faults, status_faults
from instant_clocks import InstantAsyncClock
from scripted_airbyte import Reply, ScriptedAirbyte, answer, page, scripted_airbyte

USES: dict[Operation, Callable[[AsyncAirbyteClient], Awaitable[object]]] = {
    Operation.GET_CONNECTION: lambda client: client.get_connection(CONNECTION_ID),
    Operation.UPDATE_CONNECTION: lambda client: client.update_connection(CONNECTION_ID, name="New"),
    Operation.TRIGGER_SYNC: lambda client: client.trigger_job(CONNECTION_ID),
}
FAULTS = [
    *(
        pytest.param(fault, id=fault.name)
        for fault in (*connection_faults(), *body_faults(), *status_faults())
    ),
    *(pytest.param(fault, id=fault.name, marks=pytest.mark.ci) for fault in slow_faults()),
]


def use_asynchronously(base_url: str, operation: Operation, timeout: float) -> tuple[str, str]:
    """One use by the asynchronous client."""

    async def use() -> None:
        client = AsyncAirbyteClient(
            base_url,
            auth=ClientCredentials("id", SECRET),
            connect_timeout=timeout,
            timeout=timeout,
            retries=RetryPolicy(attempts=2),
            clock=InstantAsyncClock(),
        )
        async with client:
            await USES[operation](client)

    try:
        asyncio.run(use())
    except AirbyteError as error:
        return type(error).__name__, str(error)
    return "answered", ""


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_comes_to_the_same_with_both(fault: Fault, server: ScriptedAirbyte) -> None:
    for operation in USES:
        cell = Cell(fault, operation, lasting=True)
        assert run(cell, server, use_asynchronously) == run(cell, server), operation


def test_neither_goes_where_a_redirect_leads(server: ScriptedAirbyte) -> None:
    with scripted_airbyte() as elsewhere:
        for fault, operation in product(redirect_faults(f"{elsewhere.base_url}/workspaces"), USES):
            cell = Cell(fault, operation, lasting=True)
            assert run(cell, server, use_asynchronously) == run(cell, server), cell
        assert elsewhere.log == []


@pytest.mark.ci
def test_where_no_connection_comes_about_both_say_the_same() -> None:
    with nobody_accepts() as silent, stranger() as unknown:
        for address, timeout in (("http://127.0.0.1:9", 15.0), (silent, 0.5), (unknown, 15.0)):
            for operation in USES:
                assert use_asynchronously(address, operation, timeout) == use_at(address, operation, timeout)


async def test_a_certificate_that_nobody_vouches_for_is_refused_and_a_named_authority_is_trusted(
    tmp_path: Path,
) -> None:
    certificate = self_signed(tmp_path / "server.pem")
    with scripted_airbyte(server_tls(certificate)) as server:
        server.on("GET /workspaces", page())
        async with AsyncAirbyteClient(server.base_url, auth=BearerToken("t")) as client:
            with pytest.raises(UntrustedCertificateError):
                await client.list_workspaces()
        assert server.log == []

        async with AsyncAirbyteClient(
            server.base_url, auth=BearerToken("t"), ca_bundle=certificate
        ) as client:
            assert await client.list_workspaces() == []
        assert server.log[0].authorization == "Bearer t"


async def test_a_proxy_of_the_environment_is_used(
    server: ScriptedAirbyte, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", server.origin)
    server.on("GET /workspaces", page({"workspaceId": "w", "name": "Behind the proxy"}))

    async with AsyncAirbyteClient("http://airbyte.invalid", auth=BearerToken("t")) as client:
        (workspace,) = await client.list_workspaces()

    assert workspace.name == "Behind the proxy"
    assert server.log[0].authorization == "Bearer t"


async def test_no_proxy_is_honoured(server: ScriptedAirbyte, monkeypatch: pytest.MonkeyPatch) -> None:
    server.on("GET /workspaces", page())
    with scripted_airbyte() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.origin)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        async with AsyncAirbyteClient(server.base_url, auth=NoAuth()) as client:
            await client.list_workspaces()

        assert proxy.log == []
    assert len(server.log) == 1


async def test_a_connection_is_used_again_until_the_server_ends_it(server: ScriptedAirbyte) -> None:
    server.on(f"GET /connections/{CONNECTION_ID}", answer(connection()))
    async with AsyncAirbyteClient(server.base_url, auth=NoAuth()) as client:
        for _ in range(3):
            await client.get_connection(CONNECTION_ID)
        assert server.connections == 1

        closing = Reply(body=answer(connection()).body, headers={"Connection": "close"})
        server.on(f"GET /connections/{CONNECTION_ID}", [closing, answer(connection())])
        await client.get_connection(CONNECTION_ID)
        await client.get_connection(CONNECTION_ID)
    assert server.connections == 2
    assert len(server.log) == 5


async def test_an_unreachable_airbyte_is_asked_again_on_the_next_call(server: ScriptedAirbyte) -> None:
    once = RetryPolicy(attempts=1)
    server.on("GET /workspaces", [Reply(raw=b""), page()])
    async with AsyncAirbyteClient(server.base_url, auth=NoAuth(), retries=once) as client:
        with pytest.raises(UnreachableError):
            await client.list_workspaces()
        assert await client.list_workspaces() == []
