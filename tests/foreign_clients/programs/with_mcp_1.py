"""The first generation of the Python SDK."""
# mypy: ignore-errors
# pyright: basic, reportMissingImports=false, reportAttributeAccessIssue=false, reportCallIssue=false
# The package is in an environment of its own, where no type checker looks.

import asyncio
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any

from conversing import APPROVAL, Asked, Instructions, converse, greet, instructions
from mcp import ClientSession, StdioServerParameters
from mcp.client.sse import sse_client
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamablehttp_client
from mcp.types import ElicitRequestParams, ElicitResult


def transport(told: Instructions) -> AbstractAsyncContextManager[tuple[Any, ...]]:
    """The client's side of the transport."""
    if told.transport == "stdio":
        return stdio_client(StdioServerParameters(command=told.command, env=told.environment))
    return (sse_client if told.transport == "sse" else streamablehttp_client)(told.url, headers=told.headers)


async def main() -> None:
    """Connect and converse."""
    told, asked = instructions(), Asked()

    async def answer(context: object, params: ElicitRequestParams) -> ElicitResult:
        asked.append(params.message)
        return ElicitResult(action="accept", content=APPROVAL)

    async with AsyncExitStack() as stack:
        incoming, outgoing, *_ = await stack.enter_async_context(transport(told))
        session = ClientSession(incoming, outgoing, elicitation_callback=answer if told.forms else None)
        await stack.enter_async_context(session)
        hello = await session.initialize()

        async def call(tool: str, arguments: dict[str, Any]) -> str:
            result = await session.call_tool(tool, arguments)
            return "\n".join(block.text for block in result.content)

        greet([tool.name for tool in (await session.list_tools()).tools], hello.protocolVersion)
        await converse(call, asked)


asyncio.run(main())
