"""One wish asked for several times at once is one question, one plan and one outcome."""

import asyncio

import anyio
import pytest
from mcp_types import ElicitResult

from harness import APPROVE, HEALTHY, Desk, Era, Person, connected, data_of

pytestmark = pytest.mark.ci

PAUSE = {"connections": [HEALTHY], "status": "inactive"}


class SlowPerson(Person):
    """Answers only once told to, as people read before they decide."""

    def __init__(self) -> None:
        super().__init__(APPROVE)
        self.asked, self.may_answer = anyio.Event(), anyio.Event()

    async def __call__(self, *question: object) -> ElicitResult:
        self.asked.set()
        await self.may_answer.wait()
        return await super().__call__(*question)  # type: ignore[arg-type]  # handed on as it came


@pytest.mark.parametrize("era", [Era.MODERN, Era.LEGACY], ids=lambda era: era.value)
async def test_parallel_calls_of_one_wish_ask_one_person_once(desk: Desk, era: Era) -> None:
    person = SlowPerson()
    async with connected(desk, "stdio", era, person, {"AIRBYTE_MCP_WAIT_SECONDS": "30"}) as client:
        calls = [asyncio.create_task(client.call_tool("set_connection_status", PAUSE)) for _ in range(4)]
        with anyio.fail_after(30):
            await person.asked.wait()
            # The others are at the server by now, or find the plan decided.
            await client.call_tool("list_connections", {})
            person.may_answer.set()
            told = [data_of(result) for result in await asyncio.gather(*calls)]

    assert len(person.questions) == 1
    assert {answer["status"] for answer in told} <= {"executed", "nothing_to_do"}
    assert len({answer.get("plan_id") for answer in told} - {None}) == 1
    assert len(desk.sandbox.effects()) == 1
