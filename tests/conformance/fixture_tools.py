"""The tools that the conformance suite calls by name: those that answer at once, and those that talk meanwhile."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import anyio
from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types import (
    MISSING_REQUIRED_CLIENT_CAPABILITY,
    CallToolRequestParams,
    CallToolResult,
    SamplingMessage,
    TextContent,
    Tool,
)

from conformance.fixture_contents import CONTENTS, FORMS, text
from conformance.fixture_rounds import ROUNDS, Reply, go_on, only_what_is_declared

RequestContext = ServerRequestContext[Any, Any]

BETWEEN = 0.05
"""Seconds between messages, which the suite asks for so that a client can tell them apart."""

SCHEMA_2020_12: dict[str, object] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }
    },
    "properties": {
        "name": {"type": "string"},
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": {"type": "string"},
        "email": {"type": "string"},
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}
"""Keywords of JSON Schema 2020-12 that must reach the client as they are."""

IN_A_HEADER: dict[str, object] = {
    "type": "object",
    "properties": {"region": {"type": "string", "x-mcp-header": "Region"}},
}


async def _log(ctx: RequestContext) -> CallToolResult:
    for words in ("Tool execution started", "Tool processing data", "Tool execution completed"):
        # What is deprecated has to work for as long as the protocol of 2025-11-25 is spoken.
        await ctx.session.send_log_message(  # pyright: ignore[reportDeprecated] - said above
            "info", words, related_request_id=ctx.request_id
        )
        await anyio.sleep(BETWEEN)
    return CallToolResult(content=[text("Said three things.")])


async def _progress(ctx: RequestContext) -> CallToolResult:
    for done in (0, 50, 100):
        await ctx.session.report_progress(done, 100, f"{done} of 100")
        await anyio.sleep(BETWEEN)
    return CallToolResult(content=[text("Done.")])


async def _sample(ctx: RequestContext, words: str) -> CallToolResult:
    result = await ctx.session.create_message(  # pyright: ignore[reportDeprecated] - as for logging
        [SamplingMessage(role="user", content=text(words))],
        max_tokens=100,
        related_request_id=ctx.request_id,
    )
    said = result.content.text if isinstance(result.content, TextContent) else "no text"
    return CallToolResult(content=[text(f"LLM response: {said}")])


async def _elicit(ctx: RequestContext, message: str, schema: dict[str, object]) -> CallToolResult:
    result = await ctx.session.elicit_form(message, schema, ctx.request_id)
    return CallToolResult(content=[text(f"User response: {result.model_dump_json(by_alias=True)}")])


async def _fail() -> CallToolResult:
    return CallToolResult(
        content=[text("This tool intentionally returns an error for testing")], is_error=True
    )


async def _need_sampling(ctx: RequestContext) -> CallToolResult:
    capabilities = ctx.session.client_capabilities
    if capabilities is None or capabilities.sampling is None:
        raise MCPError(
            code=MISSING_REQUIRED_CLIENT_CAPABILITY,
            message="This tool needs the client's model.",
            data={"requiredCapabilities": {"sampling": {}}},
        )
    return CallToolResult(content=[text("The client could pass it on.")])


TALKING: Mapping[str, Callable[[RequestContext, Mapping[str, object]], Awaitable[Reply]]] = {
    "test_tool_with_logging": lambda ctx, _given: _log(ctx),
    "test_logging_tool": lambda ctx, _given: _log(ctx),
    "test_tool_with_progress": lambda ctx, _given: _progress(ctx),
    "test_error_handling": lambda _ctx, _given: _fail(),
    "test_sampling": lambda ctx, given: _sample(ctx, str(given.get("prompt"))),
    "test_missing_capability": lambda ctx, _given: _need_sampling(ctx),
}


async def call(ctx: RequestContext, params: CallToolRequestParams) -> Reply | None:
    """What a fixture answers; None if no fixture has this name."""
    name, given = params.name, params.arguments or {}
    if name in FORMS:
        return await _elicit(ctx, str(given.get("message", "Please answer.")), FORMS[name])
    if name in TALKING:
        return await TALKING[name](ctx, given)
    if name in ROUNDS:
        return go_on(name, params.input_responses, params.request_state)
    if name == BY_CAPABILITIES:
        return only_what_is_declared(ctx.session.client_capabilities)
    return CallToolResult(content=CONTENTS.get(name, [text("Called.")])) if name in NAMES else None


BY_CAPABILITIES = "test_input_required_result_capabilities"

SCHEMAS = {"json_schema_2020_12_tool": SCHEMA_2020_12, "test_header_argument": IN_A_HEADER}

NAMES = (*CONTENTS, *FORMS, *TALKING, *ROUNDS, BY_CAPABILITIES, *SCHEMAS)

FACES = [
    Tool(
        name=name,
        description="For the conformance suite.",
        input_schema=SCHEMAS.get(name, {"type": "object"}),
    )
    for name in NAMES
]
"""The fixtures as `tools/list` tells them."""
