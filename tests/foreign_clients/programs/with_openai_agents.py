"""openai-agents: the server's tools as an agent's function tools; it has no way to show a form."""
# mypy: ignore-errors
# pyright: basic, reportMissingImports=false
# The package is in an environment of its own, where no type checker looks.

import asyncio
import json
from typing import Any

from agents import Agent, RunContextWrapper
from agents.mcp import MCPServer, MCPServerSse, MCPServerStdio, MCPServerStreamableHttp, MCPUtil
from agents.tool_context import ToolContext
from conversing import Asked, Instructions, converse, greet, instructions

SECONDS = 50


def server_of(told: Instructions) -> MCPServer:
    """The server as the framework knows it."""
    if told.transport == "stdio":
        start = {"command": told.command, "args": [], "env": told.environment}
        return MCPServerStdio(start, client_session_timeout_seconds=SECONDS)
    kind = MCPServerSse if told.transport == "sse" else MCPServerStreamableHttp
    return kind({"url": told.url, "headers": told.headers}, client_session_timeout_seconds=SECONDS)


async def main() -> None:
    """Connect and converse."""
    told = instructions()
    async with server_of(told) as server:
        agent = Agent(name="on call", mcp_servers=[server])
        found = await MCPUtil.get_all_function_tools(
            [server], convert_schemas_to_strict=False, run_context=RunContextWrapper(None), agent=agent
        )
        tools = {tool.name: tool for tool in found}

        async def call(tool: str, arguments: dict[str, Any]) -> str:
            given = json.dumps(arguments)
            context = ToolContext(None, tool_name=tool, tool_call_id="call", tool_arguments=given)
            return json.dumps(await tools[tool].on_invoke_tool(context, given), ensure_ascii=False)

        greet(list(tools), server.server_initialize_result.protocolVersion)
        await converse(call, Asked())


asyncio.run(main())
