"""pydantic-ai: the server as a toolset of an agent, which a scripted model drives."""
# mypy: ignore-errors
# pyright: basic, reportMissingImports=false
# The package is in an environment of its own, where no type checker looks.

import asyncio
from typing import Any

from conversing import APPROVAL, Asked, Instructions, converse, greet, instructions
from fastmcp.client.transports import ClientTransport, SSETransport, StdioTransport, StreamableHttpTransport
from pydantic_ai import Agent
from pydantic_ai.mcp import MCPToolset
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart, ToolReturnPart
from pydantic_ai.models.function import FunctionModel


def transport(told: Instructions) -> ClientTransport:
    """The client's side of the transport."""
    if told.transport == "stdio":
        return StdioTransport(told.command, [], env=told.environment)
    kind = SSETransport if told.transport == "sse" else StreamableHttpTransport
    return kind(told.url, headers=told.headers)


def model_that_calls(tool: str, arguments: dict[str, Any]) -> FunctionModel:
    """A model that calls one tool once, and then says what the tool said."""

    def reply(messages: list[ModelMessage], _info: object) -> ModelResponse:
        for part in messages[-1].parts:
            if isinstance(part, ToolReturnPart):
                return ModelResponse(parts=[TextPart(part.model_response_str())])
        return ModelResponse(parts=[ToolCallPart(tool, arguments)])

    return FunctionModel(reply)


async def main() -> None:
    """Connect and converse."""
    told, asked = instructions(), Asked()

    async def answer(message: str, _kind: object, _params: object, _context: object) -> dict[str, Any]:
        asked.append(message)
        return APPROVAL

    toolset = MCPToolset(transport(told), elicitation_handler=answer if told.forms else None)
    agent = Agent(toolsets=[toolset])
    async with agent:

        async def call(tool: str, arguments: dict[str, Any]) -> str:
            return (await agent.run("Go on.", model=model_that_calls(tool, arguments))).output

        greet([tool.name for tool in await toolset.list_tools()], toolset.client.protocol_version)
        await converse(call, asked)


asyncio.run(main())
