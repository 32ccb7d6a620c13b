"""The client's side of the demo: the SDK's own client, and a person who answers the questions."""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import click
from mcp import Client, StdioServerParameters
from mcp.client.context import ClientRequestContext
from mcp.client.stdio import stdio_client
from mcp_types import CallToolResult, ElicitRequestFormParams, ElicitRequestParams, ElicitResult, TextContent

from airbyte_guardrails.evidence import Decision
from airbyte_mcp_server.demo.screen import RowsBar, Screen


class Person:
    """Answers the server's questions: a human at the terminal, or `--yes` in their place."""

    def __init__(self, screen: Screen, *, says_yes: bool) -> None:
        self._screen = screen
        self._says_yes = says_yes
        self.last_decision: Decision | None = None

    async def __call__(self, context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        """Show the question and return the answer in the form that the server asked for."""
        del context  # the SDK's callback has it; the answer does not depend on it
        if not isinstance(params, ElicitRequestFormParams):
            return ElicitResult(action="decline")
        self._screen.question(params.message)
        if self._says_yes:
            self._screen.note("--yes was given: approving without a person")
        approved = self._says_yes or await asyncio.to_thread(click.confirm, "  Approve?", default=False)
        self.last_decision = Decision.APPROVE if approved else Decision.DENY
        return ElicitResult(action="accept", content={"decision": self.last_decision.value})


class Assistant:
    """Calls tools and shows the calls and the answers as a client sees them."""

    def __init__(self, client: Client, screen: Screen) -> None:
        self._client = client
        self._screen = screen

    async def call(
        self, tool: str, arguments: Mapping[str, object], bar: RowsBar | None = None
    ) -> CallToolResult:
        """Call one tool, with a bar for its progress if it reports any."""
        self._screen.call(tool, arguments)
        result = await self._client.call_tool(tool, dict(arguments), progress_callback=bar)
        if bar is not None:
            bar.end()
        for block in result.content:
            if isinstance(block, TextContent):
                self._screen.answer(block.text)
        return result


@asynccontextmanager
async def connected(environment: Mapping[str, str], person: Person, log: Path) -> AsyncGenerator[Client]:
    """A client connected over stdio to a server of its own, whose log goes to a file."""
    parameters = StdioServerParameters(
        command=sys.executable,
        args=["-m", "airbyte_mcp_server"],
        env={"PATH": os.environ.get("PATH", ""), **environment},
    )
    with log.open("w", encoding="utf-8") as errors:
        async with Client(stdio_client(parameters, errlog=errors), elicitation_callback=person) as client:
            yield client


def structured(result: CallToolResult) -> dict[str, Any]:
    """The structured part of a result; empty for an error."""
    content: dict[str, Any] | None = result.structured_content
    return content or {}
