"""Clients that ask a server for everything it has, for as long as it takes, and look at every answer."""

import asyncio
import json
import random
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from raw_clients import MODERN, Heard, RawClient

ASKS: dict[str, Any] = {"elicitation": {"form": {}}}
"""What a client says of itself that shows forms."""

DAILY = "0 17 3 * * ?"
"""A schedule that no connection of a generated fleet has."""

Deed = Callable[["Soaker"], Awaitable[Heard | None]]


@dataclass(frozen=True)
class Fleet:
    """What there is to ask about: connection ids, and jobs with the connection of each."""

    connections: Sequence[str]
    jobs: Sequence[tuple[int, str]]


@dataclass
class Soaker:
    """One client, and a connection that nobody else changes.

    Attributes:
        client: Modern, with a person who decides; or legacy, with nobody.
        own: The id of its connection.
        active: Whether its connection is, as far as this client brought it about.
        done: How often each deed was done.
    """

    client: RawClient
    fleet: Fleet
    own: str
    chance: random.Random
    active: bool = True
    done: Counter[str] = field(default_factory=Counter[str])

    async def work(self, turns: Iterator[int]) -> None:
        """One deed after another, until there are no turns left."""
        deeds = MODERN_DEEDS if self.client.version == MODERN else LEGACY_DEEDS
        names, weights = list(deeds), [weight for _, weight in deeds.values()]
        for _ in turns:
            (name,) = self.chance.choices(names, weights)
            heard = await deeds[name][0](self)
            if heard is not None:
                assert heard.message["id"] == self.client.last_id, heard
            self.done[name] += 1

    def somewhere(self) -> str:
        """The id of some connection."""
        return self.chance.choice(self.fleet.connections)


async def _connection(soaker: Soaker) -> Heard:
    asked = soaker.somewhere()
    heard = await soaker.client.call("get_connection", connection=asked)
    assert _data(heard)["connection_id"] == asked, heard
    return heard


async def _status(soaker: Soaker) -> Heard:
    asked = soaker.somewhere()
    heard = await soaker.client.call("check_sync_status", connection=asked)
    assert _data(heard)["connection_id"] == asked, heard
    return heard


async def _jobs(soaker: Soaker) -> Heard:
    asked = soaker.somewhere()
    heard = await soaker.client.call("list_jobs", connection=asked, limit=5)
    assert {job["connection_id"] for job in _data(heard)["jobs"]} <= {asked}, heard
    return heard


async def _job(soaker: Soaker) -> Heard:
    job_id, connection = soaker.chance.choice(soaker.fleet.jobs)
    heard = await soaker.client.call("get_job", job_id=job_id)
    job = _data(heard)["job"]
    assert (job["job_id"], job["connection_id"]) == (job_id, connection), heard
    return heard


async def _fleet(soaker: Soaker) -> Heard:
    limit = soaker.chance.randint(1, 20)
    heard = await soaker.client.call("list_connections", limit=limit)
    assert len(_data(heard)["connections"]) == limit, heard
    return heard


async def _tools(soaker: Soaker) -> Heard:
    heard = await soaker.client.ask("tools/list")
    assert {"list_jobs", "apply_plan"} <= {tool["name"] for tool in heard.result["tools"]}
    return heard


async def _resource(soaker: Soaker) -> Heard:
    uri = f"airbyte://connections/{soaker.somewhere()}"
    heard = await soaker.client.ask("resources/read", {"uri": uri})
    (content,) = heard.result["contents"]
    assert content["uri"] == uri
    assert json.loads(content["text"])["connection_id"] in uri
    return heard


async def _templates(soaker: Soaker) -> Heard:
    heard = await soaker.client.ask("resources/templates/list")
    assert heard.result["resourceTemplates"]
    return heard


async def _mistyped(soaker: Soaker) -> Heard:
    word = f"x{secrets.token_hex(8)}"
    heard = await soaker.client.call("get_connection", **{word: soaker.own})
    assert heard.result["isError"], heard
    assert word in _text(heard)
    return heard


async def _no_such_tool(soaker: Soaker) -> Heard:
    word = f"x{secrets.token_hex(8)}"
    heard = await soaker.client.call(word)
    assert word in heard.message["error"]["message"], heard
    return heard


async def _nobody_to_ask(soaker: Soaker) -> Heard:
    heard = await soaker.client.call("update_schedule", connections=[soaker.own], cron=DAILY)
    assert _data(heard)["status"] == "approval_required", heard
    assert soaker.own in _text(heard)
    return heard


async def _declined(soaker: Soaker) -> Heard:
    wish = {"connections": [soaker.own], "cron": DAILY}
    heard = await _decided(soaker, "update_schedule", wish, {"action": "decline"})
    assert _data(heard)["status"] == "denied", heard
    return heard


async def _approved(soaker: Soaker) -> Heard:
    status = "inactive" if soaker.active else "active"
    wish = {"connections": [soaker.own], "status": status}
    yes = {"action": "accept", "content": {"decision": "approve"}}
    heard = await _decided(soaker, "set_connection_status", wish, yes)
    found = _data(heard)
    assert (found["status"], found["results"][0]["id"]) == ("executed", soaker.own), heard
    soaker.active = not soaker.active
    return heard


async def _decided(soaker: Soaker, tool: str, wish: dict[str, Any], decision: dict[str, Any]) -> Heard:
    asked = await soaker.client.call(tool, **wish)
    assert asked.message["id"] == soaker.client.last_id
    assert asked.result["resultType"] == "input_required", asked
    assert soaker.own in json.dumps(asked.result["inputRequests"]), asked
    answer = {"requestState": asked.result["requestState"], "inputResponses": {"approval": decision}}
    return await soaker.client.ask("tools/call", {"name": tool, "arguments": wish, **answer})


async def _left(soaker: Soaker) -> None:
    await soaker.client.call_and_leave("check_sync_status", connection=soaker.somewhere())


async def _new_session(soaker: Soaker) -> None:
    await soaker.client.end_session()
    await soaker.client.begin_session()


def _data(heard: Heard) -> dict[str, Any]:
    assert not heard.result.get("isError"), heard
    content: dict[str, Any] = heard.result["structuredContent"]
    return content


def _text(heard: Heard) -> str:
    text: str = heard.result["content"][0]["text"]
    return text


READS: dict[str, tuple[Deed, int]] = {
    "get_connection": (_connection, 20),
    "check_sync_status": (_status, 10),
    "list_jobs": (_jobs, 15),
    "get_job": (_job, 10),
    "list_connections": (_fleet, 5),
    "tools/list": (_tools, 5),
    "resources/read": (_resource, 8),
    "resources/templates/list": (_templates, 4),
    "a mistyped argument": (_mistyped, 10),
    "no such tool": (_no_such_tool, 4),
    "left": (_left, 3),
}
MODERN_DEEDS = READS | {"declined": (_declined, 3), "approved": (_approved, 1)}
LEGACY_DEEDS = READS | {"nobody to ask": (_nobody_to_ask, 3), "a new session": (_new_session, 1)}


async def soaked(soakers: Sequence[Soaker], turns: Iterator[int]) -> None:
    """Let them all work at once until there are no turns left; the first that is wronged ends it."""
    async with asyncio.TaskGroup() as group:
        for soaker in soakers:
            group.create_task(soaker.work(turns))
    for soaker in soakers:
        await soaker.client.close()
