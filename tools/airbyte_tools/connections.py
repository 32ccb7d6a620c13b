"""Connections: what is there, and how one of them is set up."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from airbyte_client import Connection, ConnectionStatus, InvalidScheduleError, Job, StreamConfiguration
from airbyte_tools.answers import ConnectionDetail, ConnectionList, ConnectionRow, StreamRow
from airbyte_tools.finding import Reference, connections_of, find_connection
from airbyte_tools.jobs import job_row, job_words
from airbyte_tools.paging import Cursor, page_of
from airbyte_tools.tool import Arguments, ReadTool, ToolContext
from airbyte_tools.words import counted, iso, plain, quoted, schedule_words

STREAMS_SHOWN = 50
KEYS_SHOWN = 10
NEXT_RUNS_SHOWN = 3


class ListConnectionsArguments(Arguments):
    """Filters; all that are given must fit."""

    workspace: Reference | None = None
    name_contains: Annotated[str, Field(max_length=200)] | None = None
    status: Literal["active", "inactive", "locked", "deprecated"] | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 50
    cursor: Cursor | None = None


class GetConnectionArguments(Arguments):
    """Which connection."""

    connection: Reference
    workspace: Reference | None = None


async def _list(context: ToolContext, arguments: ListConnectionsArguments) -> ConnectionList:
    fitting = [c for c in await connections_of(context, arguments.workspace) if _fits(c, arguments)]
    shown, next_cursor = page_of(fitting, arguments.cursor, arguments.limit)
    return ConnectionList(connections=[_row(c) for c in shown], total=len(fitting), next_cursor=next_cursor)


def _fits(connection: Connection, arguments: ListConnectionsArguments) -> bool:
    name, status = arguments.name_contains, arguments.status
    return (name is None or name.casefold() in connection.name.casefold()) and (
        status is None or connection.status == status
    )


def _row(connection: Connection) -> ConnectionRow:
    return ConnectionRow(
        connection_id=connection.connection_id,
        name=plain(connection.name),
        workspace_id=connection.workspace_id,
        status=plain(connection.status.value),
        schedule=schedule_words(connection.schedule),
    )


def _say_list(answer: ConnectionList, _now: datetime) -> str:
    lines = [f"{counted(answer.total, 'connection')}, {len(answer.connections)} shown:"]
    lines += [f"- {quoted(c.name)} ({c.connection_id}): {c.status}, {c.schedule}" for c in answer.connections]
    if answer.next_cursor:
        lines.append(
            f"More: call again with cursor {answer.next_cursor!r}, or narrow with name_contains or status."
        )
    return "\n".join(lines)


async def _get(context: ToolContext, arguments: GetConnectionArguments) -> ConnectionDetail:
    found = await find_connection(context, arguments.connection, arguments.workspace, exactly=False)
    connection = await context.client.get_connection(found.connection_id)
    newest = await context.client.list_jobs(connection.connection_id, limit=1)
    return _detail(connection, newest, context.now())


def _detail(connection: Connection, newest: list[Job], now: datetime) -> ConnectionDetail:
    return ConnectionDetail(
        connection_id=connection.connection_id,
        name=plain(connection.name),
        workspace_id=connection.workspace_id,
        source_id=connection.source_id,
        destination_id=connection.destination_id,
        status=plain(connection.status.value),
        schedule=schedule_words(connection.schedule),
        next_runs=_next_runs(connection, now),
        streams=[stream_row(s) for s in connection.streams[:STREAMS_SHOWN]],
        streams_total=len(connection.streams),
        last_job=job_row(newest[0]) if newest else None,
    )


def _next_runs(connection: Connection, now: datetime) -> list[str]:
    if connection.schedule is None or connection.status is not ConnectionStatus.ACTIVE:
        return []
    try:
        runs = connection.schedule.next_runs(now, NEXT_RUNS_SHOWN)
    except InvalidScheduleError:
        # Airbyte's web application takes expressions that cannot be computed here; the words tell them.
        return []
    return [text for run in runs if (text := iso(run))]


def stream_row(stream: StreamConfiguration) -> StreamRow:
    """How one stream is synced, with untrusted names made harmless."""
    return StreamRow(
        name=plain(stream.name),
        namespace=plain(stream.namespace) if stream.namespace else None,
        sync_mode=plain(stream.sync_mode.value) if stream.sync_mode else None,
        cursor=plain(".".join(stream.cursor_field)) if stream.cursor_field else None,
        primary_key=[plain(".".join(path)) for path in stream.primary_key[:KEYS_SHOWN]],
    )


def _say_one(answer: ConnectionDetail, now: datetime) -> str:
    lines = [
        f"Connection {quoted(answer.name)} ({answer.connection_id}) is {answer.status}; {answer.schedule}.",
        f"Next runs: {', '.join(answer.next_runs)}."
        if answer.next_runs
        else "Next run: not told by its schedule.",
        f"Last job: {job_words(answer.last_job, now)}." if answer.last_job else "It has never run.",
        f"{counted(answer.streams_total, 'stream')}, {len(answer.streams)} shown:",
    ]
    lines += [f"- {quoted(s.name)}: {s.sync_mode or 'unknown mode'}" for s in answer.streams]
    return "\n".join(lines)


LIST_CONNECTIONS = ReadTool(
    name="list_connections",
    title="List connections",
    description=(
        "Lists connections with status and schedule, filtered by workspace, part of the name, or status."
        " For one connection in depth use get_connection; for what ran use list_jobs."
    ),
    arguments=ListConnectionsArguments,
    answer=ConnectionList,
    run=_list,
    say=_say_list,
)

GET_CONNECTION = ReadTool(
    name="get_connection",
    title="Show a connection",
    description="Shows one connection: schedule, next runs, streams with sync modes, and its last job.",
    arguments=GetConnectionArguments,
    answer=ConnectionDetail,
    run=_get,
    say=_say_one,
)
