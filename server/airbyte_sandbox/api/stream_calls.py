"""GET /streams: what a source offers, as a bare list and not as a page."""

from uuid import UUID

from airbyte_sandbox.api.answers import Answer, BareError, Call, Problem, not_found
from airbyte_sandbox.api.stream_patch import valid_modes
from airbyte_sandbox.json_value import JsonObject, JsonValue, as_object
from airbyte_sandbox.model import Source, StreamSchema
from airbyte_sandbox.runs.connectors import Connectors
from airbyte_sandbox.runs.discovery import DiscoveryError
from airbyte_sandbox.storage.fleet import FleetStore


class StreamCalls:
    """The one handler."""

    def __init__(self, fleet: FleetStore, connectors: Connectors) -> None:
        self._fleet = fleet
        self._connectors = connectors

    def list_streams(self, call: Call) -> Answer:
        """GET /streams?sourceId=&destinationId=&ignoreCache=: asks the source itself if told to."""
        source = self._source(_id(call, "sourceId"))
        self._check_destination(call)
        catalog = source.catalog
        if call.one("ignoreCache") == "true":
            try:
                catalog = self._connectors.discover(source.connector, source.configuration)
            except (DiscoveryError, LookupError) as error:
                raise Problem(
                    500, "unexpected-problem", "Something went wrong.", {"message": str(error)}
                ) from error
        return Answer([_stream_json(schema) for schema in catalog])

    def _source(self, identifier: str) -> Source:
        source = self._fleet.source(identifier)
        if source is None:
            raise not_found("source", identifier)
        return source

    def _check_destination(self, call: Call) -> None:
        """A destination narrows the sync modes of a real server; here each can do all, but it must be one."""
        if call.one("destinationId"):
            identifier = _id(call, "destinationId")
            if self._fleet.destination(identifier) is None:
                raise not_found("destination", identifier)


def _id(call: Call, name: str) -> str:
    try:
        return str(UUID(call.one(name) or ""))
    except ValueError:
        raise BareError(400) from None


def _stream_json(schema: StreamSchema) -> JsonObject:
    """A stream; the namespace's name is misspelled in the real API, too."""
    return {
        "streamName": schema.name,
        "syncModes": [mode.value for mode in valid_modes(schema)],
        "defaultCursorField": list(schema.default_cursor),
        "sourceDefinedCursorField": False,
        "sourceDefinedPrimaryKey": [[field] for field in schema.primary_key],
        "propertyFields": [
            path for name in schema.properties for path in _paths(name, schema.properties[name])
        ],
        "streamnamespace": schema.namespace,
    }


def _paths(name: str, schema: JsonValue) -> list[JsonValue]:
    """The path of a property and of what is inside it, one level deep."""
    inner = as_object(as_object(schema).get("properties"))
    nested: list[JsonValue] = [[name, field] for field in inner]
    return [[name], *nested]
