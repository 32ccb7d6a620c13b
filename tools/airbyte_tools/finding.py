"""From what people type to exactly one Airbyte object.

A reference is an id, an exact name (case does not matter), or an address
copied from the browser. Names are not unique in Airbyte. A read may take a
unique part of a name; a change never guesses.
"""

import asyncio
import difflib
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from airbyte_client import AirbyteError, Connection, NotFoundError, Workspace
from airbyte_tools.errors import AmbiguousError, NothingFoundError
from airbyte_tools.tool import ToolContext
from airbyte_tools.words import quoted

_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_ID = re.compile(f"^{_UUID}$")
_CONNECTION_ADDRESS = re.compile(f"^https?://.*/connections/({_UUID})(?=[/?#]|$)")
_ENDPOINT_ADDRESS = re.compile(f"^https?://.*/(?:sources?|destinations?)/({_UUID})(?=[/?#]|$)")
_WORKSPACE_ADDRESS = re.compile(f"^https?://.*/workspaces/({_UUID})(?=[/?#]|$)")
_SHOWN = 5

Reference = Annotated[str, Field(min_length=1, max_length=500, description="id, exact name or URL")]


async def find_connection(
    context: ToolContext, reference: str, workspace: str | None = None, *, exactly: bool
) -> Connection:
    """The one connection that a reference means.

    Args:
        context: Where to look.
        reference: An id, a name, or an address.
        workspace: Looks only there when the reference is a name.
        exactly: Refuse parts of names; always so for a change.

    Raises:
        NothingFoundError: Nothing fits; the nearest names are listed.
        AmbiguousError: Several fit; they are listed with their ids.
    """
    if identity := _identity(reference, _CONNECTION_ADDRESS):
        connection = await _connection_by_id(context, identity)
        require_in_bounds(context, "connection", connection.connection_id, connection.workspace_id)
        return connection
    connections = await connections_of(context, workspace)
    fitting = _fitting(reference, [c.name for c in connections], exactly=exactly)
    if len(fitting) == 1:
        return connections[fitting[0]]
    if fitting:
        raise await _ambiguous(context, reference, [connections[i] for i in fitting])
    raise _nothing(
        "connection", reference, [(c.name, c.connection_id) for c in connections], "list_connections"
    )


async def connections_of(context: ToolContext, workspace: str | None) -> list[Connection]:
    """Every connection of a workspace, of the operator's default one, or of all, as `without_streams`."""
    found = context.client.iter_connections(await workspace_id_of(context, workspace))
    return [without_streams(connection) async for connection in found]


def without_streams(connection: Connection) -> Connection:
    """A connection as a list needs it: streams are most of its size, and a fleet may be large."""
    return connection.model_copy(update={"configurations": None})


async def workspace_id_of(context: ToolContext, workspace: str | None) -> str | None:
    """The id of the workspace meant; None means all that the credentials see.

    Raises:
        NothingFoundError: Nothing fits, or it is outside the workspace that this server is bound to.
        AmbiguousError: Several fit.
    """
    if workspace is None:
        return context.default_workspace
    identity = _identity(workspace, _WORKSPACE_ADDRESS) or await _workspace_by_name(context, workspace)
    require_in_bounds(context, "workspace", identity, identity)
    return identity


async def _workspace_by_name(context: ToolContext, name: str) -> str:
    found = await context.client.list_workspaces()
    fitting = _fitting(name, [w.name for w in found], exactly=True)
    if len(fitting) == 1:
        return found[fitting[0]].workspace_id
    raise _no_one_workspace(name, found, fitting)


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """Something that a reference may mean; `more` tells it from others of its name."""

    id: str
    name: str
    more: str


async def find_id(reference: str, kind: str, candidates: Callable[[], Awaitable[Sequence[Candidate]]]) -> str:
    """The id of the one source or destination that a reference means, for reading.

    Args:
        reference: An id, an address, a name, or a unique part of a name.
        kind: "source" or "destination".
        candidates: Reads everything that it may mean; not called for an id.

    Raises:
        NothingFoundError: Nothing fits; the nearest names are listed.
        AmbiguousError: Several fit; they are listed with their ids.
    """
    if identity := _identity(reference, _ENDPOINT_ADDRESS):
        return identity
    found = await candidates()
    fitting = [found[i] for i in _fitting(reference, [c.name for c in found], exactly=False)]
    if len(fitting) == 1:
        return fitting[0].id
    if not fitting:
        raise _nothing(kind, reference, [(c.name, c.id) for c in found], f"list_{kind}s")
    shown = "; ".join(f"{quoted(c.name)} = {c.id} ({quoted(c.more)})" for c in fitting[:_SHOWN])
    raise AmbiguousError(
        f"{len(fitting)} {kind}s fit {quoted(reference)}: {shown}.",
        "Ask the person which one is meant, then call again with its id.",
    )


def _identity(reference: str, address: re.Pattern[str]) -> str | None:
    text = reference.strip()
    if _ID.match(text):
        return text.lower()
    pasted = address.match(text)
    return pasted.group(1).lower() if pasted else None


def _fitting(reference: str, names: Sequence[str], *, exactly: bool) -> list[int]:
    wanted = reference.strip().casefold()
    same = [i for i, name in enumerate(names) if name.strip().casefold() == wanted]
    if same or exactly:
        return same
    return [i for i, name in enumerate(names) if wanted in name.casefold()]


async def _connection_by_id(context: ToolContext, connection_id: str) -> Connection:
    try:
        return await context.client.get_connection(connection_id)
    except NotFoundError as error:
        raise NothingFoundError(
            f"No connection has the id {connection_id}.",
            "Call list_connections to see the connections and their ids.",
        ) from error


def require_in_bounds(context: ToolContext, kind: str, object_id: str, workspace_id: str | None) -> None:
    """Refuse what lies outside the workspace that the operator bound this server to.

    Raises:
        NothingFoundError: It does.
    """
    bound = context.default_workspace
    if bound is None or workspace_id in (None, bound):
        return
    raise NothingFoundError(
        f"The {kind} {object_id} is outside the workspace that this server is bound to.",
        "Ask the operator; the setting is AIRBYTE_WORKSPACE_ID.",
    )


async def _ambiguous(context: ToolContext, reference: str, fitting: Sequence[Connection]) -> AmbiguousError:
    """The candidates, told apart by where they are and what they join, in names that a person knows."""
    names = await _names_around(context)

    def named(identity: str | None) -> str:
        return quoted(names.get(identity or "", identity or "unknown"))

    told = "; ".join(
        f"{quoted(c.name)} = {c.connection_id} (workspace {named(c.workspace_id)}, from {named(c.source_id)}"
        f" to {named(c.destination_id)})"
        for c in fitting[:_SHOWN]
    )
    return AmbiguousError(
        f"{len(fitting)} connections fit {quoted(reference)}: {told}.",
        "Ask the person which one is meant, then call again with its id.",
    )


async def _names_around(context: ToolContext) -> dict[str, str]:
    """Names of workspaces, sources and destinations by id; none where Airbyte does not tell them."""
    client, bound = context.client, context.default_workspace
    try:
        workspaces, sources, destinations = await asyncio.gather(
            client.list_workspaces(), client.list_sources(bound), client.list_destinations(bound)
        )
    except AirbyteError:
        return {}
    return {
        **{w.workspace_id: w.name for w in workspaces},
        **{s.source_id: s.name for s in sources},
        **{d.destination_id: d.name for d in destinations},
    }


def _nothing(
    kind: str, reference: str, candidates: Sequence[tuple[str, str]], lister: str
) -> NothingFoundError:
    nearest = difflib.get_close_matches(
        reference.casefold(), [name.casefold() for name, _ in candidates], n=_SHOWN, cutoff=0.4
    )
    shown = "; ".join(f"{quoted(n)} = {i}" for n, i in candidates if n.casefold() in nearest)
    hint = f" The nearest: {shown}." if shown else ""
    return NothingFoundError(
        f"No {kind} is called {quoted(reference)}.{hint}",
        f"Call again with an exact name or id, or call {lister} to see what there is.",
    )


def _no_one_workspace(
    reference: str, found: Sequence[Workspace], fitting: Sequence[int]
) -> NothingFoundError | AmbiguousError:
    if not fitting:
        return _nothing("workspace", reference, [(w.name, w.workspace_id) for w in found], "list_workspaces")
    ids = ", ".join(found[i].workspace_id for i in fitting[:_SHOWN])
    return AmbiguousError(
        f"{len(fitting)} workspaces are called {quoted(reference)}: {ids}.",
        "Call again with one of these ids.",
    )
