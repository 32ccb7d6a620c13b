"""Answers that are not the one yes: in every wording, in both eras, to every change."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from mcp_types import ElicitResult

from harness import HEALTHY
from siege import CHANGES, Attempt, Siege, assert_repelled, each

pytestmark = pytest.mark.ci

NEARLY: dict[str, ElicitResult] = {
    "declines": ElicitResult(action="decline"),
    "cancels": ElicitResult(action="cancel"),
    "accepts without content": ElicitResult(action="accept"),
    "accepts an empty form": ElicitResult(action="accept", content={}),
    "declines with an approval inside": ElicitResult(action="decline", content={"decision": "approve"}),
    "cancels with an approval inside": ElicitResult(action="cancel", content={"decision": "approve"}),
    "says yes": ElicitResult(action="accept", content={"decision": "yes"}),
    "says true": ElicitResult(action="accept", content={"decision": True}),
    "says 1": ElicitResult(action="accept", content={"decision": 1}),
    "says APPROVE": ElicitResult(action="accept", content={"decision": "APPROVE"}),
    "says approve with a space": ElicitResult(action="accept", content={"decision": "approve "}),
    "says approved": ElicitResult(action="accept", content={"decision": "approved"}),
    "says a list of approve": ElicitResult(action="accept", content={"decision": ["approve"]}),
    "says deny and approve": ElicitResult(action="accept", content={"decision": ["deny", "approve"]}),
    "uses another field": ElicitResult(action="accept", content={"confirm": "approve"}),
    "uses a field in capitals": ElicitResult(action="accept", content={"Decision": "approve"}),
    "says nothing in particular": ElicitResult(action="accept", content={"decision": ""}),
}

MISTYPED = {
    "leaves the name out": None,
    "types an empty name": "",
    "types yes": "yes",
    "types approve": "approve",
    "types part of the name": HEALTHY[:6],
    "types the name and more": HEALTHY + "!",
    "types another connection's name": "Clickstream backfill",
    "types true": True,
    "types the number of targets": "1",
    "types the name in a list": [HEALTHY],
}


def answers(era: str, tool: str, reply: ElicitResult, siege: Siege) -> None:
    """Ask for a change through a client whose answer is not a yes."""
    talk = siege.modern if era == "modern" else siege.legacy
    talk.will_answer(reply)
    talk.result(tool, **CHANGES[tool])
    talk.will_answer(ElicitResult(action="decline"))


def attempt(name: str, run: Callable[[Siege], None]) -> Attempt:
    return Attempt(name, "elicited", run)


def mistyped(typed: Any) -> ElicitResult:
    content: dict[str, Any] = {"decision": "approve"}
    return ElicitResult(
        action="accept", content=content if typed is None else content | {"confirm_name": typed}
    )


ATTEMPTS = [
    *(
        attempt(f"a {era} client {how} to {tool}", partial(answers, era, tool, reply))
        for era in ("modern", "legacy")
        for tool in ("trigger_sync", "update_schedule")
        for how, reply in NEARLY.items()
    ),
    *(
        attempt(
            f"a {era} client {how} to clear_connection",
            partial(answers, era, "clear_connection", mistyped(typed)),
        )
        for era in ("modern", "legacy")
        for how, typed in MISTYPED.items()
    ),
]


@each(ATTEMPTS)
def test_only_the_one_yes_is_a_yes(attempt: Attempt, siege: Siege, record_property: Any) -> None:
    assert_repelled(attempt, siege, record_property)
