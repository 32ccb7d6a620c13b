"""langchain-mcp-adapters: the server's tools as LangChain tools."""
# mypy: ignore-errors
# pyright: basic, reportMissingImports=false, reportAttributeAccessIssue=false
# The package is in an environment of its own, where no type checker looks.

import asyncio
from typing import Any

from conversing import APPROVAL, Asked, Instructions, converse, greet, instructions
from langchain_mcp_adapters.callbacks import Callbacks
from langchain_mcp_adapters.client import MultiServerMCPClient
from langchain_mcp_adapters.sessions import Connection
from langchain_mcp_adapters.tools import load_mcp_tools
from mcp.types import ElicitRequestParams, ElicitResult


def connection(told: Instructions) -> Connection:
    """How LangChain names the transport."""
    if told.transport == "stdio":
        return {"transport": "stdio", "command": told.command, "args": [], "env": told.environment}
    kind = "sse" if told.transport == "sse" else "streamable_http"
    return {"transport": kind, "url": told.url, "headers": told.headers}


async def main() -> None:
    """Connect and converse."""
    told, asked = instructions(), Asked()

    async def answer(_mcp: object, params: ElicitRequestParams, _context: object) -> ElicitResult:
        asked.append(params.message)
        return ElicitResult(action="accept", content=APPROVAL)

    client = MultiServerMCPClient(
        {"airbyte": connection(told)}, callbacks=Callbacks(on_elicitation=answer if told.forms else None)
    )
    async with client.session("airbyte", auto_initialize=False) as session:
        hello = await session.initialize()
        tools = {tool.name: tool for tool in await load_mcp_tools(session)}

        async def call(tool: str, arguments: dict[str, Any]) -> str:
            blocks = await tools[tool].ainvoke(arguments)
            return "\n".join(block["text"] for block in blocks)

        greet(list(tools), hello.protocolVersion)
        await converse(call, asked)


asyncio.run(main())
