"""Speaking to the server without being let in: no token, a wrong one, another host, another site."""

from functools import partial
from typing import Any

import httpx
import pytest

from harness import CLIENT_SECRET, TOKEN
from siege import CHANGES, Attempt, Siege, assert_repelled, each

pytestmark = pytest.mark.ci

META: dict[str, Any] = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {"elicitation": {"form": {}}},
}
MODERN = {
    "Accept": "application/json, text/event-stream",
    "Content-Type": "application/json",
    "MCP-Protocol-Version": "2026-07-28",
    "Mcp-Method": "tools/call",
}

KEYS: dict[str, dict[str, str]] = {
    "no token": {},
    "a wrong token": {"Authorization": "Bearer " + "x" * 40},
    "an empty token": {"Authorization": "Bearer"},
    "the token with a character more": {"Authorization": f"Bearer {TOKEN}x"},
    "the token in another scheme": {"Authorization": f"Basic {TOKEN}"},
    "the token as a cookie": {"Cookie": f"token={TOKEN}"},
    "the token in another header": {"X-Authorization": f"Bearer {TOKEN}"},
    "Airbyte's own secret": {"Authorization": f"Bearer {CLIENT_SECRET}"},
    "another host": {"Authorization": f"Bearer {TOKEN}", "Host": "evil.example.com"},
    "another site's page": {"Authorization": f"Bearer {TOKEN}", "Origin": "https://evil.example.com"},
    "a page on another port of a name that looks local": {
        "Authorization": f"Bearer {TOKEN}",
        "Origin": "http://localhost.evil.example.com",
    },
}


def call(tool: str) -> dict[str, Any]:
    """A whole call in one request, as the protocol of 2026-07-28 has it."""
    params = {"name": tool, "arguments": CHANGES[tool], "_meta": META}
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}


def knocks(headers: dict[str, str], tool: str, siege: Siege) -> None:
    answer = httpx.post(
        siege.http, json=call(tool), headers=MODERN | {"Mcp-Name": tool} | headers, timeout=20
    )
    assert answer.status_code in (401, 403, 421)


def knocks_at_sse(headers: dict[str, str], siege: Siege) -> None:
    with httpx.stream("GET", siege.sse, headers=headers, timeout=20) as answer:
        assert answer.status_code in (401, 403, 421)


def token_in_the_address(siege: Siege) -> None:
    for address in (
        f"{siege.http}?token={TOKEN}",
        f"{siege.http}?access_token={TOKEN}",
        f"{siege.http}/{TOKEN}",
    ):
        answer = httpx.post(address, json=call("trigger_sync"), headers=MODERN | {"Mcp-Name": "trigger_sync"})
        assert answer.status_code in (401, 404)


def answers_its_own_question(siege: Siege) -> None:
    """With the token, a program can speak MCP; then what it says of itself is all there is: a forged state is none."""
    headers = MODERN | {"Authorization": f"Bearer {TOKEN}", "Mcp-Name": "trigger_sync"}
    message = call("trigger_sync")
    message["params"] |= {
        "requestState": "plan_AAAAAAAAAAAAAAAAAAAAAAAA",
        "inputResponses": {"approval": {"action": "accept", "content": {"decision": "approve"}}},
    }
    httpx.post(siege.http, json=message, headers=headers, timeout=20)


ATTEMPTS = [
    *(
        Attempt(f"{tool} over HTTP with {what}", "elicited", partial(knocks, headers, tool))
        for what, headers in KEYS.items()
        for tool in ("trigger_sync", "update_schedule")
    ),
    *(
        Attempt(f"a session over SSE with {what}", "elicited", partial(knocks_at_sse, headers))
        for what, headers in KEYS.items()
    ),
    Attempt("the token in the address", "elicited", token_in_the_address),
    Attempt("an answer to a question that was never asked", "elicited", answers_its_own_question),
]


@each(ATTEMPTS)
def test_the_door_stays_shut(attempt: Attempt, siege: Siege, record_property: Any) -> None:
    assert_repelled(attempt, siege, record_property)
