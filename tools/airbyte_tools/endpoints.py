"""Sources and destinations: the two ends of connections, listed and shown alike."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated

from pydantic import Field, JsonValue

from airbyte_client import AsyncAirbyteClient, Connection, Destination, Source
from airbyte_tools.answers import EndpointDetail, EndpointList, EndpointRow
from airbyte_tools.finding import (
    Candidate,
    Reference,
    connections_of,
    find_id,
    require_in_bounds,
    workspace_id_of,
)
from airbyte_tools.paging import Cursor, page_of
from airbyte_tools.redaction import redacted
from airbyte_tools.tool import Arguments, ReadTool, ToolContext
from airbyte_tools.words import counted, listed, plain, quoted

CONNECTIONS_SHOWN = 10


class ListEndpointsArguments(Arguments):
    """Filters; all that are given must fit."""

    workspace: Reference | None = None
    name_contains: Annotated[str, Field(max_length=200)] | None = None
    type: Annotated[str, Field(max_length=100, description="connector, e.g. postgres")] | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 50
    cursor: Cursor | None = None


class GetSourceArguments(Arguments):
    """Which source."""

    source: Reference
    workspace: Reference | None = None


class GetDestinationArguments(Arguments):
    """Which destination."""

    destination: Reference
    workspace: Reference | None = None


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """A source or a destination, seen as the same thing."""

    id: str
    name: str
    type: str | None
    workspace_id: str | None
    configuration: dict[str, JsonValue]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What tells sources from destinations."""

    word: str
    read_all: Callable[[AsyncAirbyteClient, str | None], Awaitable[list[Endpoint]]]
    read_one: Callable[[AsyncAirbyteClient, str], Awaitable[Endpoint]]
    end_of: Callable[[Connection], str]


def _of_source(source: Source) -> Endpoint:
    return Endpoint(
        id=source.source_id,
        name=source.name,
        type=source.source_type,
        workspace_id=source.workspace_id,
        configuration=source.configuration,
    )


def _of_destination(destination: Destination) -> Endpoint:
    return Endpoint(
        id=destination.destination_id,
        name=destination.name,
        type=destination.destination_type,
        workspace_id=destination.workspace_id,
        configuration=destination.configuration,
    )


async def _all_sources(client: AsyncAirbyteClient, workspace_id: str | None) -> list[Endpoint]:
    return [_of_source(source) for source in await client.list_sources(workspace_id)]


async def _all_destinations(client: AsyncAirbyteClient, workspace_id: str | None) -> list[Endpoint]:
    return [_of_destination(destination) for destination in await client.list_destinations(workspace_id)]


async def _one_source(client: AsyncAirbyteClient, source_id: str) -> Endpoint:
    return _of_source(await client.get_source(source_id))


async def _one_destination(client: AsyncAirbyteClient, destination_id: str) -> Endpoint:
    return _of_destination(await client.get_destination(destination_id))


SOURCES = Kind(
    word="source", read_all=_all_sources, read_one=_one_source, end_of=lambda connection: connection.source_id
)
DESTINATIONS = Kind(
    word="destination",
    read_all=_all_destinations,
    read_one=_one_destination,
    end_of=lambda connection: connection.destination_id,
)


async def _list(kind: Kind, context: ToolContext, arguments: ListEndpointsArguments) -> EndpointList:
    workspace_id = await workspace_id_of(context, arguments.workspace)
    endpoints = await kind.read_all(context.client, workspace_id)
    fitting = [endpoint for endpoint in endpoints if _fits(endpoint, arguments)]
    shown, next_cursor = page_of(fitting, arguments.cursor, arguments.limit)
    return EndpointList(items=[_row(e) for e in shown], total=len(fitting), next_cursor=next_cursor)


def _fits(endpoint: Endpoint, arguments: ListEndpointsArguments) -> bool:
    name, connector = arguments.name_contains, arguments.type
    return (name is None or name.casefold() in endpoint.name.casefold()) and (
        connector is None or connector.casefold() in (endpoint.type or "").casefold()
    )


def _row(endpoint: Endpoint) -> EndpointRow:
    return EndpointRow(
        id=endpoint.id,
        name=plain(endpoint.name),
        type=plain(endpoint.type) if endpoint.type else None,
        workspace_id=endpoint.workspace_id,
    )


async def _get(kind: Kind, context: ToolContext, reference: str, workspace: str | None) -> EndpointDetail:
    workspace_id = await workspace_id_of(context, workspace)

    async def candidates() -> list[Candidate]:
        found = await kind.read_all(context.client, workspace_id)
        return [Candidate(id=e.id, name=e.name, more=e.type or "unknown type") for e in found]

    endpoint = await kind.read_one(context.client, await find_id(reference, kind.word, candidates))
    require_in_bounds(context, kind.word, endpoint.id, endpoint.workspace_id)
    connections = await connections_of(context, endpoint.workspace_id)
    used_by = [plain(c.name) for c in connections if kind.end_of(c) == endpoint.id]
    return EndpointDetail(
        **_row(endpoint).model_dump(),
        configuration=redacted(endpoint.configuration),
        connections=used_by[:CONNECTIONS_SHOWN],
        connections_total=len(used_by),
    )


def _say_list(answer: EndpointList, _now: datetime) -> str:
    lines = [f"{counted(answer.total, 'item')}, {len(answer.items)} shown:"]
    lines += [f"- {quoted(e.name)} ({e.id}): {e.type or 'unknown type'}" for e in answer.items]
    if answer.next_cursor:
        lines.append(f"More: call again with cursor {answer.next_cursor!r}, or narrow with name_contains.")
    return "\n".join(lines)


def _say_one(answer: EndpointDetail, _now: datetime) -> str:
    used = listed(answer.connections) if answer.connections else "no connection"
    rest = answer.connections_total - len(answer.connections)
    settings = json.dumps(answer.configuration, ensure_ascii=False)
    return (
        f"{quoted(answer.name)} ({answer.id}) is of type {answer.type or 'unknown'}; used by {used}"
        f"{f' and {rest} more' if rest else ''}.\nConfiguration, secrets blanked out: {settings}"
    )


def _listing(kind: Kind, example: str) -> ReadTool[ListEndpointsArguments, EndpointList]:
    return ReadTool(
        name=f"list_{kind.word}s",
        title=f"List {kind.word}s",
        description=f"Lists {kind.word}s, filtered by workspace, connector ({example}) or part of the name.",
        arguments=ListEndpointsArguments,
        answer=EndpointList,
        run=partial(_list, kind),
        say=_say_list,
    )


LIST_SOURCES = _listing(SOURCES, "postgres")
LIST_DESTINATIONS = _listing(DESTINATIONS, "snowflake")

GET_SOURCE = ReadTool(
    name="get_source",
    title="Show a source",
    description="Shows one source: its connector, its configuration without secrets, who uses it.",
    arguments=GetSourceArguments,
    answer=EndpointDetail,
    run=lambda context, arguments: _get(SOURCES, context, arguments.source, arguments.workspace),
    say=_say_one,
)

GET_DESTINATION = ReadTool(
    name="get_destination",
    title="Show a destination",
    description="Shows one destination: its connector, its configuration without secrets, who uses it.",
    arguments=GetDestinationArguments,
    answer=EndpointDetail,
    run=lambda context, arguments: _get(DESTINATIONS, context, arguments.destination, arguments.workspace),
    say=_say_one,
)
