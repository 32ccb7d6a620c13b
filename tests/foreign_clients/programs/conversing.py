"""What all Python clients here share: they are steered by lines of JSON, one call each, and answer in kind.

Needs nothing but Python: it runs in the environment of the client.
"""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

Call = Callable[[str, dict[str, Any]], Awaitable[str]]

APPROVAL: dict[str, Any] = {"decision": "approve"}
"""What the person types into every form."""


@dataclass(frozen=True)
class Instructions:
    """How to reach the server, and whether the client is to offer forms.

    Attributes:
        transport: stdio, http or sse.
        command: What starts the server; for stdio.
        environment: The variables of that process; for stdio.
        url: Where the server listens; for the others.
        headers: What every request to it carries.
        forms: Whether somebody is there to fill in forms.
    """

    transport: str
    forms: bool
    command: str = ""
    environment: dict[str, str] = field(default_factory=dict[str, str])
    url: str = ""
    headers: dict[str, str] = field(default_factory=dict[str, str])


def instructions() -> Instructions:
    """What the test wants of this client."""
    return Instructions(**json.loads(sys.argv[1]))


class Asked(list[str]):
    """The questions that the person has seen since the last answer."""

    def taken(self) -> list[str]:
        """Those questions, once."""
        questions = list(self)
        self.clear()
        return questions


def greet(tools: list[str], protocol: str | None) -> None:
    """Say that the client is connected, which tools it was offered and which protocol it speaks."""
    _say(tools=tools, protocol=protocol)


async def converse(call: Call, asked: Asked) -> None:
    """Make the calls that come in, until none comes."""
    while line := await asyncio.to_thread(sys.stdin.readline):
        wanted = json.loads(line)
        text = await call(wanted["tool"], wanted["arguments"])
        _say(text=text, asked=asked.taken())


def _say(**told: object) -> None:
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()
