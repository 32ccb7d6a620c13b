"""Whoever next opens the store settles what a dead server left, once, and a slow one loses nothing."""

from contextlib import suppress
from typing import Any

import anyio
import pytest
from anyio.to_thread import run_sync
from mcp import Client

from faulty_proxy import Fault, faulty_proxy
from harness import HEALTHY, Desk, Person, connected, data_of, text_of
from killing import (
    BOTH,
    JOBS,
    SECOND,
    TRIGGER,
    At,
    Boundary,
    Gate,
    Stop,
    assert_recorded,
    becomes,
    call_and_kill,
    client_of,
    newest_job,
    serving,
)
from stores_outside import FileStoreOf, StoreOf

pytestmark = pytest.mark.ci

A_SYNC = Stop(
    call=TRIGGER, at=At.ANSWER, request=("POST", JOBS), effects=1, state="outcome_unknown", results=[]
)
THE_SECOND_OF_TWO = Stop(
    call=BOTH,
    at=At.ANSWER,
    request=("GET", SECOND),
    later=True,
    effects=1,
    state="failed",
    results=["executed", "failed"],
)


async def told_by_another(desk: Desk, settings: dict[str, str], store: StoreOf) -> dict[str, Any]:
    """What a new server says of the plan, once the lease of the old one is over."""
    store.give_up_worker()
    with serving(desk, settings) as (_, url):
        async with client_of(url) as client:
            return data_of(await client.call_tool("get_plan", {"plan_id": store.plan()[0]}))


async def slow_call(
    desk: Desk, settings: dict[str, str], boundary: Boundary
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What another server settles while the first is held at the boundary, and what the first says then."""
    answers: list[dict[str, Any]] = []

    async def call(client: Client) -> None:
        answers.append(data_of(await client.call_tool(*boundary.stop.call)))

    with serving(desk, settings) as (_, url):
        async with client_of(url, boundary.person()) as client, anyio.create_task_group() as group:
            group.start_soon(call, client)
            await boundary.gate.reached()
            answers.append(await told_by_another(desk, settings, boundary.store))
            boundary.gate.let_go()
    settled, told = answers
    return settled, told


@pytest.mark.ci
async def test_a_request_that_arrives_after_its_plan_was_settled_stays_the_only_one(desk: Desk) -> None:
    store, gate = FileStoreOf(desk), Gate()
    with faulty_proxy(desk.sandbox.url, Fault("POST", JOBS, before=gate.hold, times=1)) as address:
        settings = {"AIRBYTE_API_URL": address}
        with serving(desk, settings) as (process, url):
            with suppress(ExceptionGroup):
                async with client_of(url, Person()) as client, anyio.create_task_group() as group:
                    group.start_soon(client.call_tool, *TRIGGER)
                    await gate.reached()
                    process.kill()
                    group.cancel_scope.cancel()
        settled = await told_by_another(desk, settings, store)
        gate.let_go()
        await becomes(lambda: len(desk.sandbox.effects()) == 1)
        later = await told_by_another(desk, settings, store)

    assert "still be on its way" in settled["results"][0]["message"]
    assert later["status"] == settled["status"] == "outcome_unknown"
    assert len(desk.sandbox.effects()) == 1
    assert_recorded(store, requests=1)


@pytest.mark.ci
async def test_a_server_that_was_only_slow_sends_nothing_more_once_another_has_settled(desk: Desk) -> None:
    boundary = Boundary(desk, THE_SECOND_OF_TWO)
    with boundary.ahead() as settings:
        settled, told = await slow_call(desk, settings, boundary)

    assert [row["status"] for row in settled["results"]] == ["executed", "failed"]
    assert told["results"] == settled["results"]
    assert len(desk.sandbox.effects()) == 1
    assert_recorded(boundary.store, requests=1)


@pytest.mark.ci
async def test_a_server_that_was_only_slow_replaces_what_was_unknown_by_the_truth(desk: Desk) -> None:
    boundary = Boundary(desk, A_SYNC)
    with boundary.ahead() as settings:
        settled, told = await slow_call(desk, settings, boundary)
        later = await told_by_another(desk, settings, boundary.store)

    assert settled["status"] == "outcome_unknown"
    assert told["status"] == later["status"] == "executed"
    assert told["results"][0]["job_id"] == settled["results"][0]["job_id"] == newest_job(desk.sandbox)
    assert len(desk.sandbox.effects()) == 1
    assert_recorded(boundary.store, requests=1)


@pytest.mark.ci
async def test_a_settler_that_is_killed_is_followed_by_another(desk: Desk) -> None:
    boundary, gate = Boundary(desk, A_SYNC), Gate()
    store = boundary.store
    look = Fault("GET", JOBS, times=0, before=gate.hold)
    with boundary.ahead(look) as settings:
        await call_and_kill(desk, settings, boundary)
        store.give_up_worker()
        look.times = 1
        with serving(desk, settings) as (settler, url), suppress(ExceptionGroup):
            async with client_of(url) as client, anyio.create_task_group() as group:
                group.start_soon(client.call_tool, "get_plan", {"plan_id": store.plan()[0]})
                await gate.reached()
                settler.kill()
                group.cancel_scope.cancel()
        settled = await told_by_another(desk, settings, store)
        gate.let_go()

    assert settled["status"] == "outcome_unknown"
    assert settled["results"][0]["job_id"] == newest_job(desk.sandbox)
    assert len(desk.sandbox.effects()) == 1
    assert_recorded(store, requests=1)


@pytest.mark.ci
@pytest.mark.timeout(120)
async def test_a_call_that_waits_long_enough_settles_the_plan_of_a_dead_server(desk: Desk) -> None:
    boundary = Boundary(desk, A_SYNC)
    with boundary.ahead() as settings:
        await call_and_kill(desk, settings, boundary)
        with serving(desk, settings | {"AIRBYTE_MCP_WAIT_SECONDS": "45"}) as (_, url):
            async with client_of(url) as client:
                told = data_of(await client.call_tool("apply_plan", {"plan_id": boundary.store.plan()[0]}))

    assert told["status"] == "outcome_unknown"
    assert len(desk.sandbox.effects()) == 1


async def test_the_terminal_and_another_session_settle_too(desk: Desk) -> None:
    boundary = Boundary(desk, A_SYNC)
    with boundary.ahead() as settings:
        await call_and_kill(desk, settings, boundary)
        plan_id, _ = boundary.store.plan()
        alive = await run_sync(lambda: desk.command("approvals", "list", **settings))
        boundary.store.give_up_worker()
        elsewhere = await run_sync(lambda: desk.command("approvals", "list"))
        shown = await run_sync(lambda: desk.command("approvals", "show", plan_id, **settings))
        async with connected(desk, settings=settings) as client:
            listed = text_of(await client.call_tool("list_changes", {}))

    assert "executing" in alive.stdout
    assert "executing" in elsewhere.stdout, "who talks to another Airbyte cannot tell"
    for told in (shown.stdout, listed):
        assert f"ob {newest_job(desk.sandbox)} began after the request" in told
    assert_recorded(boundary.store, requests=1)


@pytest.mark.ci
async def test_a_server_that_lives_keeps_its_plan_however_long_airbyte_takes(desk: Desk) -> None:
    boundary = Boundary(desk, A_SYNC)
    store = boundary.store
    answers: list[dict[str, Any]] = []

    async def call(client: Client) -> None:
        answers.append(data_of(await client.call_tool(*TRIGGER)))

    with boundary.ahead() as settings, serving(desk, settings) as (_, url):
        async with client_of(url, boundary.person()) as client, anyio.create_task_group() as group:
            group.start_soon(call, client)
            await boundary.gate.reached()
            first = store.lease()
            await becomes(lambda: store.lease() > first)
            answers.append(data_of(await client.call_tool("get_plan", {"plan_id": store.plan()[0]})))
            boundary.gate.let_go()

    assert [one["status"] for one in answers] == ["executing", "executed"]
    assert_recorded(store, requests=1)


@pytest.mark.ci
@pytest.mark.timeout(120)
async def test_a_store_that_fails_in_the_middle_stops_what_follows_and_hides_nothing(desk: Desk) -> None:
    first_of_two = Stop(
        call=BOTH, at=At.STORE, request=("PATCH", HEALTHY), effects=1, state="failed", results=[]
    )
    boundary = Boundary(desk, first_of_two)
    store = boundary.store
    with boundary.ahead() as settings:
        with serving(desk, settings) as (_, url):
            async with client_of(url, boundary.person()) as client:
                told = await client.call_tool(*BOTH)
        store.unlock()
        settled = await told_by_another(desk, settings, store)

    assert told.is_error
    assert "could not be recorded" in text_of(told)
    assert [row["status"] for row in settled["results"]] == ["executed", "failed"]
    assert "Nothing was sent" in settled["results"][1]["message"]
    assert len(desk.sandbox.effects()) == 1
    assert_recorded(store, requests=1)


@pytest.mark.ci
async def test_what_cannot_be_looked_up_waits_for_later_but_not_for_ever(desk: Desk) -> None:
    boundary = Boundary(desk, A_SYNC)
    unreadable = Fault("GET", JOBS, status=500, times=0)
    with boundary.ahead(unreadable) as settings:
        await call_and_kill(desk, settings, boundary)
        unreadable.times = 1_000
        at_first = await told_by_another(desk, settings, boundary.store)
        boundary.store.age(days=2)
        at_last = await told_by_another(desk, settings, boundary.store)

    assert at_first["status"] == "executing"
    assert "as soon as Airbyte can be read" in at_first["next_step"]
    assert at_last["status"] == "outcome_unknown"
    assert "Airbyte could not be asked" in at_last["results"][0]["message"]


@pytest.mark.ci
async def test_a_plan_that_an_older_version_left_is_not_said_to_be_unsent(desk: Desk) -> None:
    boundary = Boundary(desk, A_SYNC)
    with boundary.ahead() as settings:
        await call_and_kill(desk, settings, boundary)
        boundary.store.forget_progress()
        told = await told_by_another(desk, settings, boundary.store)

    assert told["status"] == "outcome_unknown"
    assert "not on record" in told["results"][0]["message"]
