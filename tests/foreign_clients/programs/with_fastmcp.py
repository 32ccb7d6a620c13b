"""fastmcp's own client."""
# mypy: ignore-errors
# pyright: basic, reportMissingImports=false
# The package is in an environment of its own, where no type checker looks.

import asyncio
from typing import Any

from conversing import APPROVAL, Asked, Instructions, converse, greet, instructions
from fastmcp import Client
from fastmcp.client.transports import ClientTransport, SSETransport, StdioTransport, StreamableHttpTransport


def transport(told: Instructions) -> ClientTransport:
    """The client's side of the transport."""
    if told.transport == "stdio":
        return StdioTransport(told.command, [], env=told.environment)
    kind = SSETransport if told.transport == "sse" else StreamableHttpTransport
    return kind(told.url, headers=told.headers)


async def main() -> None:
    """Connect and converse."""
    told, asked = instructions(), Asked()

    async def answer(message: str, _kind: object, _params: object, _context: object) -> dict[str, Any]:
        asked.append(message)
        return APPROVAL

    async with Client(transport(told), elicitation_handler=answer if told.forms else None) as client:

        async def call(tool: str, arguments: dict[str, Any]) -> str:
            result = await client.call_tool(tool, arguments, raise_on_error=False)
            return "\n".join(block.text for block in result.content)

        greet([tool.name for tool in await client.list_tools()], client.protocol_version)
        await converse(call, asked)


asyncio.run(main())
