"""A chat that goes on for many tests: one server over stdio, one client, one person who can be told what to say."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio.from_thread
from mcp import Client
from mcp_types import CallToolResult, ElicitResult

from harness import APPROVE, Desk, Era, Person, client_on, data_of, stdio_wire, text_of, tokens_of


@dataclass
class Talk:
    """What was asked through the client in one test, and what came back.

    Attributes:
        calls: The tools that were called, in order.
        tokens: About how many tokens all answers took together.
    """

    client: Client
    portal: "anyio.from_thread.BlockingPortal"
    person: Person
    calls: list[str] = field(default_factory=list[str])
    tokens: int = 0

    def ask(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The structure of an answer that is no error."""
        return data_of(self.result(tool, **arguments))

    def text(self, tool: str, **arguments: Any) -> str:
        """What a person would hear, be it an error or not."""
        return text_of(self.result(tool, **arguments))

    def result(self, tool: str, **arguments: Any) -> CallToolResult:
        """The whole answer."""
        found: CallToolResult = self.portal.call(self.client.call_tool, tool, arguments)
        self.calls.append(tool)
        self.tokens += tokens_of(found)
        return found

    def will_answer(self, reply: ElicitResult) -> None:
        """What the person says to the next questions."""
        self.person.reply = reply

    def begin_again(self) -> None:
        """A new test: nothing was called yet, and the person says yes."""
        self.calls.clear()
        self.tokens = 0
        self.person.questions.clear()
        self.person.forms.clear()
        self.person.reply = APPROVE


@contextmanager
def talking(desk: Desk, settings: Mapping[str, str] | None = None, era: Era = Era.MODERN) -> Generator[Talk]:
    """A chat with a server of its own; a no is not remembered, so that each question is asked."""
    person = Person()
    with (
        stdio_wire(desk, {"AIRBYTE_MCP_COOL_DOWN_SECONDS": "0"} | dict(settings or {})) as wire,
        anyio.from_thread.start_blocking_portal() as portal,
        portal.wrap_async_context_manager(client_on(wire, era, person)) as client,
    ):
        yield Talk(client, portal, person)
