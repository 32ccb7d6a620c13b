"""What an attacker has: a client of each era, the wire itself, and every door of the server."""

from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from mcp import MCPError
from mcp_types import CallToolResult, ElicitResult, InputRequiredResult, InputResponses

from approval_pages import Page, page_of
from harness import FAILING, HEALTHY, PAUSED, SLOW, Desk, Era, Sandbox, network_server
from talk import Talk, talking

ATTEMPT, REACHED = "attempt", "reached"
"""Properties of a test's report: the level that was attacked, and whether Airbyte was changed."""

CHANGES: dict[str, dict[str, Any]] = {
    "trigger_sync": {"connections": [HEALTHY]},
    "clear_connection": {"connection": HEALTHY},
    "update_schedule": {"connections": [HEALTHY], "every_hours": 6},
    "set_connection_status": {"connections": [HEALTHY], "status": "inactive"},
    "update_streams": {
        "connection": HEALTHY,
        "streams": [{"stream": "orders", "sync_mode": "full_refresh_append"}],
    },
}
"""Every change that can be asked for about a fleet at rest; cancelling and undoing need a history of their own."""

OTHER_TARGET: dict[str, dict[str, Any]] = {
    "trigger_sync": {"connections": [SLOW]},
    "clear_connection": {"connection": SLOW},
    "update_schedule": {"connections": [PAUSED], "every_hours": 6},
    "set_connection_status": {"connections": [SLOW], "status": "inactive"},
    "update_streams": {
        "connection": FAILING,
        "streams": [{"stream": "contacts", "sync_mode": "full_refresh_append"}],
    },
}


@dataclass(frozen=True)
class Siege:
    """Standing servers on one sandbox.

    Attributes:
        modern: A chat over stdio in the protocol of 2026-07-28, whose person says no.
        legacy: The same in the protocol before.
        mute: A client that cannot ask.
        http: The address of a server over HTTP.
        sse: The address of a server over SSE.
        page: The approvals page, with plans of its own.
        states: Of questions that `modern` was asked and has not answered, by tool.
    """

    desk: Desk
    modern: Talk
    legacy: Talk
    mute: Talk
    http: str
    sse: str
    page: Page
    states: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def sandbox(self) -> Sandbox:
        """Where successes would show."""
        return self.desk.sandbox

    def open_state(self, tool: str) -> str:
        """The state of a question that stays open, for whoever will not use it up.

        To be asked the same again would take until the first question counts as out of sight.
        """
        if tool not in self.states:
            self.states[tool] = state_after_asking(self.modern, tool, CHANGES[tool])
        return self.states[tool]

    def taken_state(self, tool: str) -> str:
        """The same, for whoever may use it up."""
        state = self.open_state(tool)
        del self.states[tool]
        return state


@dataclass(frozen=True)
class Attempt:
    """One way to try a change without a person's yes.

    Attributes:
        name: What is tried, as a sentence would say it.
        level: The evidence that it tries to forge or to get around.
        run: Tries it. Whatever the server answers is fine; only the sandbox's request log counts.
    """

    name: str
    level: str
    run: Callable[[Siege], None]

    def __str__(self) -> str:
        return f"{self.level}: {self.name}"


def each(attempts: list[Attempt]) -> pytest.MarkDecorator:
    """One test for each attempt."""
    return pytest.mark.parametrize("attempt", attempts, ids=str)


def assert_repelled(attempt: Attempt, siege: Siege, record_property: Callable[[str, object], None]) -> None:
    """Try it, and look at Airbyte's side whether anything was changed."""
    record_property(ATTEMPT, attempt.level)
    before = siege.sandbox.from_here()
    try:
        attempt.run(siege)
    finally:
        reached = before.effects()
        record_property(REACHED, bool(reached))
    assert reached == []


@contextmanager
def besieged(desk: Desk) -> Generator[Siege]:
    """All servers, with the same store, and the page beside them."""
    with ExitStack() as stack:
        modern, legacy, mute = (
            stack.enter_context(talking(desk, era=era)) for era in (Era.MODERN, Era.LEGACY, Era.MUTE)
        )
        for talk in (modern, legacy):
            talk.will_answer(ElicitResult(action="decline"))
        yield Siege(
            desk=desk,
            modern=modern,
            legacy=legacy,
            mute=mute,
            http=stack.enter_context(network_server(desk, "http", {"AIRBYTE_MCP_COOL_DOWN_SECONDS": "0"})),
            sse=stack.enter_context(network_server(desk, "sse", {"AIRBYTE_MCP_COOL_DOWN_SECONDS": "0"})),
            # A store of its own: the noes that the others are given cool down here.
            page=stack.enter_context(page_of(_beside(desk))),
        )


def _beside(desk: Desk) -> Desk:
    folder = desk.folder / "page"
    folder.mkdir()
    return Desk(desk.sandbox, folder)


def state_after_asking(talk: Talk, tool: str, arguments: dict[str, Any]) -> str:
    """The sealed state that comes with a question."""
    result = talk.portal.call(
        lambda: talk.client.session.call_tool(tool, arguments, allow_input_required=True)
    )
    assert isinstance(result, InputRequiredResult)
    assert result.request_state is not None
    return result.request_state


def answer(
    talk: Talk, tool: str, arguments: dict[str, Any], state: str | None, responses: InputResponses | None
) -> CallToolResult | InputRequiredResult | None:
    """Come back with answers and a state; None where the server refuses the call itself."""
    try:
        return talk.portal.call(
            lambda: talk.client.session.call_tool(
                tool, arguments, input_responses=responses, request_state=state, allow_input_required=True
            )
        )
    except MCPError:
        return None
