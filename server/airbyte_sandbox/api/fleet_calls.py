"""The public API's reads of workspaces, sources, destinations and connections."""

from uuid import NAMESPACE_URL, UUID, uuid5

from airbyte_sandbox.api.answers import Answer, BareError, Call, forbidden, not_found
from airbyte_sandbox.api.lists import page_answer, page_of
from airbyte_sandbox.api.render import connection_json, destination_json, source_json, workspace_json
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

    def __init__(self, fleet: FleetStore) -> None:
        self._fleet = fleet

    def list_workspaces(self, call: Call) -> Answer:
        """GET /workspaces."""
        page, ids = page_of(call), call.many("workspaceIds")
        items = [workspace_json(item) for item in self._fleet.workspaces(ids, page)]
        return page_answer(items, "/workspaces", page, _kept(ids))

    def get_workspace(self, call: Call) -> Answer:
        """GET /workspaces/{workspaceId}."""
        identifier = resource_id(call, "workspaceId")
        workspace = self._fleet.workspace(identifier)
        if workspace is None:
            raise not_found("workspace", identifier)
        return Answer(workspace_json(workspace))

    def list_sources(self, call: Call) -> Answer:
        """GET /sources."""
        page, ids = page_of(call), self.known_workspaces(call)
        items = [
            source_json(item, _definition("source", item.source_type))
            for item in self._fleet.sources(ids, page)
        ]
        return page_answer(items, "/sources", page, _kept(ids))

    def get_source(self, call: Call) -> Answer:
        """GET /sources/{sourceId}."""
        identifier = resource_id(call, "sourceId")
        source = self._fleet.source(identifier)
        if source is None:
            raise not_found("source", identifier)
        return Answer(source_json(source, _definition("source", source.source_type)))

    def list_destinations(self, call: Call) -> Answer:
        """GET /destinations."""
        page, ids = page_of(call), self.known_workspaces(call)
        items = [
            destination_json(item, _definition("destination", item.destination_type))
            for item in self._fleet.destinations(ids, page)
        ]
        return page_answer(items, "/destinations", page, _kept(ids))

    def get_destination(self, call: Call) -> Answer:
        """GET /destinations/{destinationId}."""
        identifier = resource_id(call, "destinationId")
        destination = self._fleet.destination(identifier)
        if destination is None:
            raise not_found("destination", identifier)
        return Answer(destination_json(destination, _definition("destination", destination.destination_type)))

    def list_connections(self, call: Call) -> Answer:
        """GET /connections; ``next`` forgets the tags."""
        page, ids = page_of(call), self.known_workspaces(call)
        found = self._fleet.connections(
            ids,
            page,
            tag_ids=call.many("tagIds"),
            include_deleted=call.one("includeDeleted") == "true",
        )
        return page_answer([connection_json(item) for item in found], "/connections", page, _kept(ids))

    def get_connection(self, call: Call) -> Answer:
        """GET /connections/{connectionId}."""
        return Answer(connection_json(self.connection(resource_id(call, "connectionId"))))

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


def _definition(kind: str, type_name: str) -> str:
    """A connector's definition id: made up, but the same every time."""
    return str(uuid5(NAMESPACE_URL, f"sandbox/{kind}-definition/{type_name}"))
