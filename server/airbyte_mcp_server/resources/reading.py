"""Lists, reads and completes resources."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    CompleteRequestParams,
    CompleteResult,
    Completion,
    CompletionContext,
    ListResourcesResult,
    ListResourceTemplatesResult,
    PaginatedRequestParams,
    ReadResourceRequestParams,
    ReadResourceResult,
    TextResourceContents,
)

from airbyte_mcp_server.instances.argument import ARGUMENT
from airbyte_mcp_server.reaching.asking import RequestContext
from airbyte_mcp_server.resources.addresses import JSON, Address, Addresses

if TYPE_CHECKING:
    from airbyte_mcp_server.dispatch import Dispatch
    from airbyte_mcp_server.instances.airbytes import Airbyte
    from airbyte_tools.answers import Answer

LIST_TTL_MS = 3_600_000
MOST_COMPLETIONS = 100
NEWEST_JOBS = 20


class Resources:
    """Handlers of one server.

    Args:
        dispatch: Gives what runs tools; called at the first read, because that is when tools are imported.
        requester: Tells who asks.
        choices: The names of Airbytes among which a caller has to choose; empty where there is only one.
    """

    def __init__(
        self, dispatch: Callable[[], "Dispatch"], requester: Callable[[], str], choices: Sequence[str]
    ) -> None:
        self._dispatch = dispatch
        self._requester = requester
        self._choices = choices
        self.addresses = Addresses(choices)

    async def list_resources(
        self, _ctx: RequestContext, _params: PaginatedRequestParams | None
    ) -> ListResourcesResult:
        """The addresses that need nothing filled in."""
        return ListResourcesResult(
            resources=self.addresses.resources, ttl_ms=LIST_TTL_MS, cache_scope="private"
        )

    async def list_templates(
        self, _ctx: RequestContext, _params: PaginatedRequestParams | None
    ) -> ListResourceTemplatesResult:
        """The addresses with something to fill in."""
        return ListResourceTemplatesResult(
            resource_templates=self.addresses.templates, ttl_ms=LIST_TTL_MS, cache_scope="private"
        )

    async def read(self, _ctx: RequestContext, params: ReadResourceRequestParams) -> ReadResourceResult:
        """What the address's tool answers, as JSON.

        Raises:
            MCPError: The address means nothing here, or the tool refused; the message says why.
        """
        text = (await self.answer_at(self.required(params.uri))).model_dump_json(exclude_none=True)
        contents = TextResourceContents(uri=params.uri, mime_type=JSON, text=text)
        return ReadResourceResult(contents=[contents], ttl_ms=0, cache_scope="private")

    async def answer_at(self, address: Address) -> "Answer":
        """What the tool behind an address answers.

        Raises:
            MCPError: The tool refused.
        """
        from airbyte_mcp_server.wire import told  # noqa: PLC0415 - tools and httpx load at the first read

        try:
            return await self._dispatch().answer(address.kind.tool, address.arguments, self._requester())
        except Exception as error:  # noqa: BLE001 - `told` decides what may be said of any error
            raise MCPError(code=INVALID_PARAMS, message=told(error)) from None

    async def complete(self, _ctx: RequestContext, params: CompleteRequestParams) -> CompleteResult:
        """Names and ids that begin with or hold what was typed so far; none where Airbyte cannot be read."""
        try:
            known = await self._known(params.argument.name, params.context)
        except Exception:  # noqa: BLE001 - a completion that fails is an empty one, never an error in a prompt
            known = []
        typed = params.argument.value.casefold()
        holding = [value for value in known if typed in value.casefold()]
        holding.sort(key=lambda value: (not value.casefold().startswith(typed), value.casefold()))
        shown = holding[:MOST_COMPLETIONS]
        return CompleteResult(
            completion=Completion(values=shown, total=len(holding), has_more=len(holding) > len(shown))
        )

    def required(self, uri: str) -> Address:
        """The meaning of an address.

        Raises:
            MCPError: It is none of ours.
        """
        address = self.addresses.read(uri)
        if address is None:
            raise MCPError(
                code=INVALID_PARAMS,
                message=f"There is no such resource. There are: {self.addresses.forms}.",
                data={"uri": uri},
            )
        return address

    async def _known(self, argument: str, context: CompletionContext | None) -> "list[str]":
        if argument == ARGUMENT:
            return [*self._choices]
        filled_in = (context.arguments if context else None) or {}
        return await self._known_to(argument, self._dispatch().airbyte_named(filled_in.get(ARGUMENT)))

    async def _known_to(self, argument: str, airbyte: "Airbyte") -> "list[str]":
        from airbyte_tools.words import plain  # noqa: PLC0415 - as above

        await self._dispatch().admit(self._requester())
        context = self._dispatch().context_for(airbyte, self._requester())
        client, bound = context.client, context.default_workspace
        if argument == "connection":
            connections = await client.list_connections(bound)
            return _choosable([(plain(c.name), c.connection_id) for c in connections])
        if argument == "workspace":
            return _choosable([(plain(w.name), w.workspace_id) for w in await client.list_workspaces()])
        if argument == "job_id":
            jobs = await client.list_jobs(workspace_id=bound, limit=NEWEST_JOBS)
            return [str(job.job_id) for job in jobs]
        return []


def _choosable(named: "list[tuple[str, str]]") -> "list[str]":
    """Names, or ids where a name alone does not say which one is meant."""
    names: dict[str, list[Any]] = {}
    for name, identity in named:
        names.setdefault(name.casefold(), []).append((name, identity))
    return [same[0][0] if len(same) == 1 else identity for same in names.values() for _, identity in same]
