"""After a no: the same wish again, in other words, by another session, on another way."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from mcp_types import ElicitResult

from harness import APPROVE, HEALTHY, SLOW, Era
from siege import Attempt, Siege, assert_repelled, each
from talk import Talk, talking

pytestmark = pytest.mark.ci

COOLING = {"AIRBYTE_MCP_COOL_DOWN_SECONDS": "600"}
DENY = ElicitResult(action="accept", content={"decision": "deny"})


def refused_then(insist: Callable[[Siege, Talk], None], siege: Siege) -> None:
    """A person says no; whoever asks again finds a person who would say yes, and must not get to ask."""
    with talking(siege.desk, COOLING) as talk:
        talk.will_answer(DENY)
        talk.result("trigger_sync", connections=[HEALTHY])
        talk.will_answer(APPROVE)
        insist(siege, talk)


def again(_siege: Siege, talk: Talk) -> None:
    for _ in range(3):
        talk.result("trigger_sync", connections=[HEALTHY])


def by_id(siege: Siege, talk: Talk) -> None:
    talk.result("trigger_sync", connections=[siege.sandbox.connection(HEALTHY)["connectionId"]])


def by_address(siege: Siege, talk: Talk) -> None:
    identity = siege.sandbox.connection(HEALTHY)["connectionId"]
    talk.result(
        "trigger_sync", connections=[f"https://cloud.airbyte.com/workspaces/x/connections/{identity}"]
    )


def in_other_letters(_siege: Siege, talk: Talk) -> None:
    for name in (HEALTHY.upper(), f"  {HEALTHY}  ", HEALTHY.swapcase()):
        talk.result("trigger_sync", connections=[name])


def among_others(_siege: Siege, talk: Talk) -> None:
    for connections in ([HEALTHY, SLOW], [SLOW, HEALTHY], [HEALTHY, HEALTHY]):
        talk.result("trigger_sync", connections=connections)


def with_another_patience(_siege: Siege, talk: Talk) -> None:
    for wait_seconds in (1, 2):
        talk.result("trigger_sync", connections=[HEALTHY], wait_seconds=wait_seconds)


def by_another_session(era: Era, siege: Siege, _talk: Talk) -> None:
    with talking(siege.desk, COOLING, era) as other:
        other.will_answer(APPROVE)
        other.result("trigger_sync", connections=[HEALTHY])


INSISTING: dict[str, Callable[[Siege, Talk], None]] = {
    "the same again": again,
    "the same by its id": by_id,
    "the same by its address": by_address,
    "the same in other letters": in_other_letters,
    "the same among others": among_others,
    "the same with another patience": with_another_patience,
    "the same by a new session": partial(by_another_session, Era.MODERN),
    "the same by a new session of an older client": partial(by_another_session, Era.LEGACY),
}

ATTEMPTS = [
    Attempt(f"after a no, {how}", "elicited", partial(refused_then, insist))
    for how, insist in INSISTING.items()
]


@each(ATTEMPTS)
def test_a_no_is_not_asked_away(attempt: Attempt, siege: Siege, record_property: Any) -> None:
    assert_repelled(attempt, siege, record_property)
