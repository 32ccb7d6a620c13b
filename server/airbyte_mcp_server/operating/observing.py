"""Every MCP request passes here: it is named for the log and, where metrics are on, counted."""

import logging
import time
from typing import Any

from mcp.server.context import CallNext, HandlerResult, ServerMiddleware, ServerRequestContext
from mcp_types import CallToolResult, InputRequiredResult

from airbyte_mcp_server.operating.request_ids import answering
from airbyte_mcp_server.operating.spans import recorded_trace
from airbyte_mcp_server.runtime import Runtime

logger = logging.getLogger(__name__)

TOOL_CALL = "tools/call"


class Observing(ServerMiddleware[Any]):
    """The outermost middleware of our own; it changes nothing of what passes.

    Args:
        runtime: Its meter, if there is one, is told of every tool call.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def __call__(self, ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        """Let one request pass."""
        if ctx.request_id is None:
            return await call_next(ctx)
        started, outcome = time.monotonic(), "broken_off"
        with answering(ctx.request_id, recorded_trace()):
            try:
                result = await call_next(ctx)
                outcome = _outcome(result)
            finally:
                self._told(ctx, outcome, time.monotonic() - started)
        return result

    def _told(self, ctx: ServerRequestContext[Any, Any], outcome: str, seconds: float) -> None:
        given = ctx.params.get("name") if ctx.params else None
        tool = given if ctx.method == TOOL_CALL and isinstance(given, str) else ""
        logger.info("%.80s %.80r: %s in %.3f s", ctx.method, tool, outcome, seconds)
        if tool and self._runtime.meter is not None:
            self._runtime.meter.called(tool, outcome, seconds)


def _outcome(result: HandlerResult) -> str:
    """How a call ended, one of few words. The SDK hands on models, or the same as on the wire."""
    match result:
        case CallToolResult(is_error=True) | {"isError": True}:
            return "failed"
        case InputRequiredResult() | {"resultType": "input_required"}:
            return "asked"
        case _:
            return "answered"
