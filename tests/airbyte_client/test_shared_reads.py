"""Identical reads at the same time are one request; a change is never answered by an older read."""

import asyncio
import queue
from concurrent.futures import ThreadPoolExecutor

import pytest

from airbyte_answers import CONNECTION_ID, connection
from airbyte_client import AirbyteClient, AirbyteError, AsyncAirbyteClient, NoAuth, NotFoundError, Operation
from airbyte_client.calls import Call
from scripted_airbyte import Reply, Request, ScriptedAirbyte, answer

HELD = Reply(body=answer(connection()).body, hold=True)
LINE = f"GET /connections/{CONNECTION_ID}"


async def _arrived(server: ScriptedAirbyte) -> None:
    await asyncio.to_thread(server.arrived.wait, 5)


def test_a_hundred_readers_cause_one_request(server: ScriptedAirbyte) -> None:
    server.on(LINE, HELD)

    joined: list[Call] = []

    async def read_all() -> list[str]:
        async with AsyncAirbyteClient(server.base_url, auth=NoAuth(), joined=joined.append) as client:
            tasks = [asyncio.create_task(client.get_connection(CONNECTION_ID)) for _ in range(100)]
            await _arrived(server)
            server.release.set()
            return [read.name for read in await asyncio.gather(*tasks)]

    assert len(asyncio.run(read_all())) == 100
    assert len(server.log) == 1
    assert joined == [Call(Operation.GET_CONNECTION, CONNECTION_ID)] * 99


def test_a_reader_that_gives_up_does_not_disturb_the_others(server: ScriptedAirbyte) -> None:
    server.on(LINE, HELD)

    async def give_one_up() -> str:
        async with AsyncAirbyteClient(server.base_url, auth=NoAuth()) as client:
            tasks = [asyncio.create_task(client.get_connection(CONNECTION_ID)) for _ in range(2)]
            await _arrived(server)
            tasks[0].cancel()
            await asyncio.wait(tasks[:1])
            server.release.set()
            return (await tasks[1]).name

    assert asyncio.run(give_one_up()) == "Orders to warehouse"
    assert len(server.log) == 1


def test_a_reader_after_a_change_asks_anew(server: ScriptedAirbyte) -> None:
    server.on(LINE, [HELD, answer(connection(name="New"))])
    server.on(f"PATCH /connections/{CONNECTION_ID}", answer(connection(name="New")))

    async def read_change_read() -> tuple[str, str]:
        async with AsyncAirbyteClient(server.base_url, auth=NoAuth()) as client:
            early = asyncio.create_task(client.get_connection(CONNECTION_ID))
            await _arrived(server)
            await client.update_connection(CONNECTION_ID, name="New")
            late = await client.get_connection(CONNECTION_ID)
            server.release.set()
            return (await early).name, late.name

    assert asyncio.run(read_change_read()) == ("Orders to warehouse", "New")


def test_a_failure_reaches_every_waiter_and_is_not_kept(server: ScriptedAirbyte) -> None:
    server.on(LINE, [Reply(status=404, hold=True), answer(connection())])

    async def fail_then_read() -> tuple[list[object], str]:
        async with AsyncAirbyteClient(server.base_url, auth=NoAuth()) as client:
            tasks = [asyncio.create_task(client.get_connection(CONNECTION_ID)) for _ in range(3)]
            await _arrived(server)
            server.release.set()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
            return list(outcomes), (await client.get_connection(CONNECTION_ID)).name

    outcomes, name = asyncio.run(fail_then_read())

    assert all(isinstance(outcome, NotFoundError) for outcome in outcomes)
    assert name == "Orders to warehouse"
    assert len(server.log) == 2


def test_threads_share_a_read_too(server: ScriptedAirbyte) -> None:
    def reply(_: Request) -> Reply:
        return HELD

    server.on(LINE, reply)
    joined: queue.Queue[Call] = queue.Queue()
    with (
        AirbyteClient(server.base_url, auth=NoAuth(), joined=joined.put) as client,
        ThreadPoolExecutor(8) as pool,
    ):
        first = pool.submit(client.get_connection, CONNECTION_ID)
        assert server.arrived.wait(5)
        others = [pool.submit(client.get_connection, CONNECTION_ID) for _ in range(7)]
        told = [joined.get(timeout=5) for _ in others]
        server.release.set()
        names = {future.result(timeout=10).name for future in [first, *others]}

    assert names == {"Orders to warehouse"}
    assert told == [Call(Operation.GET_CONNECTION, CONNECTION_ID)] * 7
    assert len(server.log) == 1


def test_errors_are_errors_of_the_tree(server: ScriptedAirbyte) -> None:
    async def read() -> None:
        async with AsyncAirbyteClient(server.base_url, auth=NoAuth()) as client:
            await client.get_connection(CONNECTION_ID)

    with pytest.raises(AirbyteError):
        asyncio.run(read())
