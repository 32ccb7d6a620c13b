"""The one list of tools, and the public schema of each, computed from its models."""

from collections.abc import Iterator

from pydantic import BaseModel, JsonValue

from airbyte_tools.cancelling import CANCEL_JOB
from airbyte_tools.clearing import CLEAR_CONNECTION
from airbyte_tools.connections import GET_CONNECTION, LIST_CONNECTIONS
from airbyte_tools.endpoints import GET_DESTINATION, GET_SOURCE, LIST_DESTINATIONS, LIST_SOURCES
from airbyte_tools.history import LIST_CHANGES
from airbyte_tools.jobs import GET_JOB, LIST_JOBS
from airbyte_tools.plans import GET_PLAN
from airbyte_tools.preview import PREVIEW_SCHEDULE
from airbyte_tools.report import SYNC_REPORT
from airbyte_tools.schedules import UPDATE_SCHEDULE
from airbyte_tools.status import CHECK_SYNC_STATUS
from airbyte_tools.statuses import SET_CONNECTION_STATUS
from airbyte_tools.streams import UPDATE_STREAMS
from airbyte_tools.syncs import TRIGGER_SYNC
from airbyte_tools.tool import AnyTool, Hints
from airbyte_tools.undoing import UNDO_CHANGE
from airbyte_tools.waiting import WAIT_FOR_JOB
from airbyte_tools.workspaces import LIST_WORKSPACES

ALL_TOOLS: tuple[AnyTool, ...] = (
    SYNC_REPORT,
    CHECK_SYNC_STATUS,
    LIST_WORKSPACES,
    LIST_CONNECTIONS,
    GET_CONNECTION,
    LIST_JOBS,
    GET_JOB,
    WAIT_FOR_JOB,
    LIST_SOURCES,
    GET_SOURCE,
    LIST_DESTINATIONS,
    GET_DESTINATION,
    PREVIEW_SCHEDULE,
    TRIGGER_SYNC,
    CANCEL_JOB,
    CLEAR_CONNECTION,
    UPDATE_SCHEDULE,
    SET_CONNECTION_STATUS,
    UPDATE_STREAMS,
    UNDO_CHANGE,
    LIST_CHANGES,
    GET_PLAN,
)

Schema = dict[str, JsonValue]


def public_face(tool: AnyTool) -> Schema:
    """What `tools/list` says of a tool, in MCP's own field names."""
    return {
        "name": tool.name,
        "title": tool.title,
        "description": tool.description,
        "inputSchema": _schema(tool.arguments),
        "outputSchema": _schema(tool.answer, serialized=True),
        "annotations": _annotations(tool.hints),
    }


def _annotations(hints: Hints) -> Schema:
    return {
        "readOnlyHint": hints.read_only,
        "destructiveHint": hints.destructive,
        "idempotentHint": hints.idempotent,
        "openWorldHint": hints.open_world,
    }


def _schema(model: type[BaseModel], *, serialized: bool = False) -> Schema:
    raw: Schema = model.model_json_schema(mode="serialization" if serialized else "validation")
    definitions = raw.pop("$defs", {})
    return _Compactor(definitions if isinstance(definitions, dict) else {}, serialized=serialized).object(raw)


# In answers unknown values are left out, so nothing there is required.
_DROPPED_FROM_ANSWERS = frozenset({"title", "required"})
# How long a text or a list may be is checked all the same, and an error says it.
_DROPPED_FROM_ARGUMENTS = frozenset({"title", "minLength", "maxLength", "minItems", "maxItems"})


class _Compactor:
    """Makes a schema short, because every session pays for it.

    References are inlined; titles, docstrings, null defaults and null alternatives left out. In an answer a
    value without a type is text, and what has items is a list.
    """

    def __init__(self, definitions: Schema, *, serialized: bool) -> None:
        self._definitions = definitions
        self._dropped = _DROPPED_FROM_ANSWERS if serialized else _DROPPED_FROM_ARGUMENTS
        self._types_implied = serialized

    def object(self, node: Schema) -> Schema:
        plain = _without_null(node)
        if isinstance(reference := plain.get("$ref"), str):
            target = self._definitions[reference.rsplit("/", 1)[-1]]
            return self.object(target) if isinstance(target, dict) else {}
        return dict(self._members(plain))

    def _members(self, node: Schema) -> Iterator[tuple[str, JsonValue]]:
        is_object = node.get("type") == "object"
        for key, value in node.items():
            if key in self._dropped or (key == "default" and value is None):
                continue
            if key == "description" and is_object:
                continue
            if key == "type" and self._types_implied and (value == "string" or "items" in node):
                continue
            if key == "properties" and isinstance(value, dict):
                yield key, {name: self._value(member) for name, member in value.items()}
            else:
                yield key, self._value(value)

    def _value(self, node: JsonValue) -> JsonValue:
        if isinstance(node, list):
            return [self._value(item) for item in node]
        return self.object(node) if isinstance(node, dict) else node


def _without_null(node: Schema) -> Schema:
    alternatives = node.get("anyOf")
    if not isinstance(alternatives, list):
        return node
    real = [a for a in alternatives if a != {"type": "null"}]
    if len(real) != 1 or not isinstance(real[0], dict):
        return node
    rest = {key: value for key, value in node.items() if key != "anyOf"}
    return {**real[0], **rest}
