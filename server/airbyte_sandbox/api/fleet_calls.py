"""The public API's reads of workspaces, sources, destinations and connections."""

from uuid import UUID

from airbyte_sandbox.api.answers import Answer, BareError, Call, forbidden, not_found
from airbyte_sandbox.api.lists import page_of
from airbyte_sandbox.api.writing import Writing
from airbyte_sandbox.model import Connection
from airbyte_sandbox.storage.fleet import FleetStore


def resource_id(call: Call, name: str) -> str:
    """The UUID in the path, in its usual form.

    Raises:
        BareError: 400, it is none.
    """
    try:
        return str(UUID(call.parts[name]))
    except ValueError:
        raise BareError(400) from None


class FleetCalls:
    """Handlers; each takes a call and gives an answer, or raises an :class:`ApiError`."""

    def __init__(self, fleet: FleetStore, writing: Writing) -> None:
        self._fleet = fleet
        self._writing = writing

    def list_workspaces(self, call: Call) -> Answer:
        """GET /workspaces."""
        page, ids = page_of(call), call.many("workspaceIds")
        items = [self._writing.workspace(item) for item in self._fleet.workspaces(ids, page)]
        return self._writing.page(call, items, page, _kept(ids))

    def get_workspace(self, call: Call) -> Answer:
        """GET /workspaces/{workspaceId}."""
        identifier = resource_id(call, "workspaceId")
        workspace = self._fleet.workspace(identifier)
        if workspace is None:
            raise not_found("workspace", identifier)
        return Answer(self._writing.workspace(workspace))

    def list_sources(self, call: Call) -> Answer:
        """GET /sources."""
        page, ids = page_of(call), self.known_workspaces(call)
        items = [self._writing.source(item) for item in self._fleet.sources(ids, page)]
        return self._writing.page(call, items, page, _kept(ids))

    def get_source(self, call: Call) -> Answer:
        """GET /sources/{sourceId}."""
        identifier = resource_id(call, "sourceId")
        source = self._fleet.source(identifier)
        if source is None:
            raise not_found("source", identifier)
        return Answer(self._writing.source(source))

    def list_destinations(self, call: Call) -> Answer:
        """GET /destinations."""
        page, ids = page_of(call), self.known_workspaces(call)
        items = [self._writing.destination(item) for item in self._fleet.destinations(ids, page)]
        return self._writing.page(call, items, page, _kept(ids))

    def get_destination(self, call: Call) -> Answer:
        """GET /destinations/{destinationId}."""
        identifier = resource_id(call, "destinationId")
        destination = self._fleet.destination(identifier)
        if destination is None:
            raise not_found("destination", identifier)
        return Answer(self._writing.destination(destination))

    def list_connections(self, call: Call) -> Answer:
        """GET /connections; ``next`` forgets the tags."""
        page, ids = page_of(call), self.known_workspaces(call)
        found = self._fleet.connections(
            ids,
            page,
            tag_ids=call.many("tagIds"),
            include_deleted=call.one("includeDeleted") == "true",
        )
        items = [self._writing.listed_connection(item) for item in found]
        return self._writing.page(call, items, page, _kept(ids))

    def get_connection(self, call: Call) -> Answer:
        """GET /connections/{connectionId}."""
        return Answer(self._writing.connection(self.connection(resource_id(call, "connectionId"))))

    def connection(self, identifier: str) -> Connection:
        """The connection with this id.

        Raises:
            Problem: 404, there is none.
        """
        connection = self._fleet.connection(identifier)
        if connection is None:
            raise not_found("connection", identifier)
        return connection

    def known_workspaces(self, call: Call) -> tuple[str, ...]:
        """``workspaceIds``; the singular ``workspaceId`` is no parameter and changes nothing.

        Raises:
            Problem: 403, one of them does not exist.
        """
        ids = call.many("workspaceIds")
        if any(self._fleet.workspace(identifier) is None for identifier in ids):
            raise forbidden()
        return ids


def _kept(workspace_ids: tuple[str, ...]) -> list[tuple[str, str]]:
    return [("workspaceIds", ",".join(workspace_ids))] if workspace_ids else []
