"""Sessions of older clients: a program that opens one after the other and ends none stops nobody else."""

import asyncio

import httpx
import pytest

from doors import HEADERS, INITIALIZE, bearer, new_token, with_tokens
from harness import Desk, network_server

pytestmark = pytest.mark.ci

MOST = 5
"""Half of the connections that the server of this test takes."""


async def test_one_person_takes_half_of_the_sessions_and_the_others_still_get_theirs(desk: Desk) -> None:
    ann, bob = (
        {**HEADERS, "Authorization": bearer(new_token(desk, name, "read"))} for name in ("ann", "bob")
    )
    settings = with_tokens(desk, AIRBYTE_MCP_MAX_CONNECTIONS=str(2 * MOST))
    with network_server(desk, "http", settings) as url:
        async with httpx.AsyncClient() as http:

            async def opened(person: dict[str, str]) -> httpx.Response:
                return await http.post(url, json=INITIALIZE, headers=person)

            at_once = await asyncio.gather(*(opened(ann) for _ in range(MOST + 3)))
            refused = next(answer for answer in at_once if answer.status_code != 200)
            others = await opened(bob)

            held = [answer.headers["mcp-session-id"] for answer in at_once if answer.status_code == 200]
            ended = await http.delete(url, headers={**ann, "Mcp-Session-Id": held[0]})
            once_more = [(await opened(ann)).status_code for _ in range(2)]

    assert [answer.status_code for answer in at_once].count(200) == MOST
    assert refused.status_code == 429
    assert f"You hold {MOST} sessions" in refused.json()["error"]["message"]
    assert others.status_code == 200
    assert ended.status_code == 200
    assert once_more == [200, 429]
