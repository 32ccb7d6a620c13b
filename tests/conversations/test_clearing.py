"""Clearing: the person sees what goes, types the name, and only then it goes."""

from typing import Any

import pytest
from mcp_types import ElicitResult

from harness import APPROVE, HEALTHY, SLOW, Desk, Person, connected, data_of

pytestmark = pytest.mark.ci

NO_COOL_DOWN = {"AIRBYTE_MCP_COOL_DOWN_SECONDS": "0"}


def typed(name: str) -> ElicitResult:
    """A yes with a name typed to confirm it."""
    return ElicitResult(action="accept", content={"decision": "approve", "confirm_name": name})


async def test_clearing_says_which_rows_go_and_takes_the_typed_name(desk: Desk) -> None:
    person = Person()
    healthy = desk.sandbox.connection(HEALTHY)["connectionId"]
    desk.sandbox.ended_job(desk.sandbox.start_job(healthy))
    assert desk.sandbox.rows_in_sink(healthy) > 0
    told: list[Any] = []
    async with connected(desk, person=person, settings=NO_COOL_DOWN) as client:
        for person.reply in (APPROVE, typed(SLOW), typed(HEALTHY)):
            told.append(data_of(await client.call_tool("clear_connection", {"connection": HEALTHY})))

    assert [one["status"] for one in told] == ["denied", "denied", "executed"]
    question = person.questions[0]
    assert "Risk: high" in question
    assert 'Cannot be undone: all rows in destination "Warehouse" (postgres) of 2 streams:' in question
    assert '"orders", "customers"' in question
    assert "Last successful sync:" in question
    desk.sandbox.ended_job(told[-1]["results"][0]["job_id"])
    assert desk.sandbox.rows_in_sink(healthy) == 0
    sync, clear = desk.sandbox.effects()
    assert sync.body["jobType"] == "sync"
    assert clear.body == {"connectionId": healthy, "jobType": "reset"}


async def test_a_running_sync_is_said_to_be_cancelled_first(desk: Desk) -> None:
    person = Person(typed(SLOW))
    running = desk.sandbox.start_job(desk.sandbox.connection(SLOW)["connectionId"])
    async with connected(desk, person=person) as client:
        told = data_of(await client.call_tool("clear_connection", {"connection": SLOW}))

    assert f"Cannot be undone: the work of job {running}, which is under way" in person.questions[0]
    assert told["status"] == "executed"
    assert desk.sandbox.job(running)["status"] == "cancelled"


async def test_a_sync_that_began_during_the_question_makes_the_plan_stale(desk: Desk) -> None:
    slow = desk.sandbox.connection(SLOW)["connectionId"]
    started: list[int] = []

    person = Person(typed(SLOW), meanwhile=lambda: started.append(desk.sandbox.start_job(slow)))
    async with connected(desk, person=person) as client:
        told = data_of(await client.call_tool("clear_connection", {"connection": SLOW}))

    assert told["status"] == "stale"
    assert [effect.body for effect in desk.sandbox.effects()] == [{"connectionId": slow, "jobType": "sync"}]
    desk.sandbox.cancel_job(started[0])


ELSEWHERE: list[dict[str, str]] = [
    {"prefix": "other_"},
    {"namespaceDefinition": "source"},
    {"namespaceDefinition": "custom_format", "namespaceFormat": "elsewhere"},
    {"name": "Orders to the archive"},
]


@pytest.mark.parametrize("change", ELSEWHERE, ids=", ".join)
async def test_other_tables_or_another_name_during_the_question_make_the_plan_stale(
    desk: Desk, change: dict[str, str]
) -> None:
    healthy = desk.sandbox.connection(HEALTHY)["connectionId"]
    person = Person(typed(HEALTHY), meanwhile=lambda: desk.sandbox.patch(healthy, change))
    async with connected(desk, person=person) as client:
        told = data_of(await client.call_tool("clear_connection", {"connection": HEALTHY}))

    assert told["status"] == "stale"
    assert [effect.body for effect in desk.sandbox.effects()] == [change]


async def test_the_plan_says_which_tables_are_cleared(desk: Desk) -> None:
    healthy = desk.sandbox.connection(HEALTHY)["connectionId"]
    tables = {"prefix": "eu_", "namespaceDefinition": "custom_format", "namespaceFormat": "shop"}
    desk.sandbox.patch(healthy, tables)
    person = Person()
    async with connected(desk, person=person) as client:
        await client.call_tool("clear_connection", {"connection": HEALTHY})

    assert 'Its tables: with prefix "eu_", in namespace "shop".' in person.questions[0]
    assert '"eu_orders", "eu_customers"' in person.questions[0]
