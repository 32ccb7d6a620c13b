"""Our server with the conformance suite's fixtures beside its own tools, resources and prompts.

`python -m conformance.fixture_server` takes what `airbyte-mcp-server` takes and is that command in all else:
settings, bearer token, Host and Origin checks, sealed state, transports. Nothing of this is in the product.
"""

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar
from unittest.mock import patch

from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel.server import Server
from mcp_types import (
    CallToolRequestParams,
    CompleteRequestParams,
    CompleteResult,
    Completion,
    EmptyResult,
    GetPromptRequestParams,
    GetPromptResult,
    ListPromptsResult,
    ListResourcesResult,
    ListResourceTemplatesResult,
    ListToolsResult,
    PaginatedRequestParams,
    Prompt,
    PromptArgument,
    ReadResourceRequestParams,
    ReadResourceResult,
    Resource,
    ResourceTemplate,
    SetLevelRequestParams,
    SubscribeRequestParams,
    TextResourceContents,
    UnsubscribeRequestParams,
)
from pydantic import BaseModel

from airbyte_mcp_server.__main__ import main
from airbyte_mcp_server.runtime import Runtime
from airbyte_mcp_server.server import build_server
from airbyte_mcp_server.serving import network
from conformance import fixture_tools
from conformance.fixture_contents import PROMPT_ARGUMENTS, RESOURCES, WATCHED, prompt_messages
from conformance.fixture_rounds import CONTEXT, Round

TEMPLATE = "test://template/{id}/data"
OF_TEMPLATE = re.compile(r"test://template/([^/]+)/data")
ASKING_PROMPT = "test_input_required_result_prompt"

Params = TypeVar("Params", bound=BaseModel)
RequestContext = ServerRequestContext[Any, Any]
Handler = Callable[[RequestContext, Any], Awaitable[Any]]


def with_fixtures(runtime: Runtime) -> Server[Any]:
    """Our server, which answers for a fixture first and for everything else as always."""
    server = build_server(runtime)
    _before(server, "tools/call", CallToolRequestParams, fixture_tools.call)
    _before(server, "resources/read", ReadResourceRequestParams, _read)
    _before(server, "resources/subscribe", SubscribeRequestParams, _accept)
    _before(server, "resources/unsubscribe", UnsubscribeRequestParams, _accept)
    _before(server, "prompts/get", GetPromptRequestParams, _get_prompt)
    _before(server, "completion/complete", CompleteRequestParams, _complete)
    _longer(server, "tools/list", ListToolsResult(tools=fixture_tools.FACES))
    _longer(server, "resources/list", ListResourcesResult(resources=_resources()))
    _longer(server, "resources/templates/list", ListResourceTemplatesResult(resource_templates=[_template()]))
    _longer(server, "prompts/list", ListPromptsResult(prompts=_prompts()))
    server.add_request_handler("logging/setLevel", SetLevelRequestParams, _set_level)
    _know_schemas(server)
    return server


def _know_schemas(server: Server[Any]) -> None:
    """The SDK checks headers against a tool's schema: the fixtures' first, else the product's."""
    product = server.get_tool_input_schema
    assert product is not None
    fixtures = {tool.name: tool.input_schema for tool in fixture_tools.FACES}

    def schema_of(name: str) -> Mapping[str, Any] | None:
        return fixtures.get(name) or product(name)

    server.get_tool_input_schema = schema_of


def _before(
    server: Server[Any],
    method: str,
    params_type: type[Params],
    fixture: Callable[[RequestContext, Params], Awaitable[BaseModel | None]],
) -> None:
    """Ask the fixture, and where it knows nothing, the handler that is there."""
    product = _handler(server, method)

    async def handle(ctx: RequestContext, params: Params) -> Any:
        reply = await fixture(ctx, params)
        return await product(ctx, params) if reply is None else reply

    server.add_request_handler(method, params_type, handle)


def _longer(server: Server[Any], method: str, more: BaseModel) -> None:
    """Put the items of `more` behind those of the product's list; all else stays the product's."""
    product = _handler(server, method)
    (key,) = more.model_fields_set

    async def handle(ctx: RequestContext, params: PaginatedRequestParams) -> Any:
        listed = await product(ctx, params)
        return listed.model_copy(update={key: [*getattr(listed, key), *getattr(more, key)]})

    server.add_request_handler(method, PaginatedRequestParams, handle)


def _handler(server: Server[Any], method: str) -> Handler:
    entry = server.get_request_handler(method)
    assert entry is not None, method
    return entry.handler


async def _read(_ctx: RequestContext, params: ReadResourceRequestParams) -> ReadResourceResult | None:
    made = OF_TEMPLATE.fullmatch(params.uri)
    if made is not None:
        number = made.group(1)
        words = json.dumps({"id": number, "templateTest": True, "data": f"Data for ID: {number}"})
        contents = TextResourceContents(uri=params.uri, mime_type="application/json", text=words)
        return ReadResourceResult(contents=[contents], ttl_ms=0, cache_scope="private")
    if params.uri not in RESOURCES:
        return None
    return ReadResourceResult(contents=[RESOURCES[params.uri]], ttl_ms=0, cache_scope="private")


async def _accept(
    _ctx: RequestContext, params: SubscribeRequestParams | UnsubscribeRequestParams
) -> EmptyResult | None:
    return EmptyResult() if params.uri == WATCHED else None


async def _get_prompt(_ctx: RequestContext, params: GetPromptRequestParams) -> BaseModel | None:
    if params.name == ASKING_PROMPT:
        asked = Round({"user_context": CONTEXT})
        if not asked.is_answered_by(params.input_responses):
            return asked.result()
        return GetPromptResult(messages=prompt_messages("test_simple_prompt", {}))
    if params.name not in PROMPT_ARGUMENTS:
        return None
    return GetPromptResult(messages=prompt_messages(params.name, params.arguments or {}))


async def _complete(_ctx: RequestContext, params: CompleteRequestParams) -> CompleteResult | None:
    known = params.ref.type == "ref/prompt" and params.ref.name in PROMPT_ARGUMENTS
    return CompleteResult(completion=Completion(values=["paris", "park", "party"])) if known else None


async def _set_level(_ctx: RequestContext, _params: SetLevelRequestParams) -> EmptyResult:
    return EmptyResult()


def _resources() -> list[Resource]:
    return [Resource(uri=uri, name=uri, description="For the suite.") for uri in RESOURCES]


def _template() -> ResourceTemplate:
    return ResourceTemplate(uri_template=TEMPLATE, name="template", description="For the suite.")


def _prompts() -> list[Prompt]:
    return [
        Prompt(
            name=name,
            description="For the suite.",
            arguments=[
                PromptArgument(name=argument, description="Any.", required=True) for argument in takes
            ],
        )
        for name, takes in {**PROMPT_ARGUMENTS, ASKING_PROMPT: ()}.items()
    ]


if __name__ == "__main__":
    with patch.object(network, "build_server", with_fixtures):
        main()
