"""The asynchronous client is the original of the synchronous one: one pass through all it does."""

import asyncio

from airbyte_answers import CONNECTION_ID, WORKSPACE_ID, connection, job
from airbyte_client import AsyncAirbyteClient, ClientCredentials, NoAuth
from scripted_airbyte import ScriptedAirbyte, answer, html, page


def test_the_main_job_runs_through(server: ScriptedAirbyte) -> None:
    server.on("POST /applications/token", answer({"access_token": "t", "expires_in": 900}))
    server.on("GET /workspaces", page({"workspaceId": WORKSPACE_ID, "name": "Default"}))
    server.on("GET /connections", page(connection()))
    server.on(f"PATCH /connections/{CONNECTION_ID}", answer(connection(name="New")))
    server.on("GET /jobs", page(job(123, status="succeeded")))
    server.on("POST /jobs", answer(job(124)))
    server.on("GET /jobs/124", answer(job(124, status="succeeded", rowsSynced=3)))

    async def converse() -> list[object]:
        async with AsyncAirbyteClient(server.base_url, auth=ClientCredentials("id", "s3cret")) as client:
            (workspace,) = await client.list_workspaces()
            names = [linked.name async for linked in client.iter_connections(workspace.workspace_id)]
            changed = await client.update_connection(CONNECTION_ID, name="New")
            started = await client.trigger_job(CONNECTION_ID)
            ended = await client.get_job(started.job_id)
            return [await client.access_token, names, changed.name, ended.rows_synced]

    assert asyncio.run(converse()) == ["t", ["Orders to warehouse"], "New", 3]


def test_fifty_waiters_cause_one_token_fetch(server: ScriptedAirbyte) -> None:
    server.on("POST /applications/token", answer({"access_token": "t", "expires_in": 900}))

    async def ask() -> set[str]:
        async with AsyncAirbyteClient(server.base_url, auth=ClientCredentials("id", "s3cret")) as client:

            async def token() -> str:
                return await client.access_token

            return set(await asyncio.gather(*(token() for _ in range(50))))

    assert asyncio.run(ask()) == {"t"}
    assert len(server.log) == 1


def test_of_many_that_ask_for_a_reason_one_finds_out_that_there_is_none(server: ScriptedAirbyte) -> None:
    server.on("POST /api/v1/jobs/get_without_logs", html())

    async def explain_all() -> set[bool]:
        async with AsyncAirbyteClient(server.base_url, auth=NoAuth()) as client:
            details = await asyncio.gather(*(client.explain_job(number) for number in range(50)))
            return {told.available for told in details}

    assert asyncio.run(explain_all()) == {False}
    assert len(server.log) == 1
