"""Checks the streams of a PATCH against what the source offers."""

from collections.abc import Sequence

from airbyte_sandbox.api.answers import bad_request
from airbyte_sandbox.json_value import JsonObject, JsonValue, as_list, as_object, as_text
from airbyte_sandbox.model import StreamConfig, StreamSchema, SyncMode


def patched_streams(wanted: Sequence[JsonValue], catalog: Sequence[StreamSchema]) -> tuple[StreamConfig, ...]:
    """The streams that a connection has after the PATCH: exactly the wanted ones.

    Raises:
        Problem: 400, a stream is unknown or double, or its mode, cursor, key or fields are wrong.
    """
    by_name = {schema.name: schema for schema in catalog}
    streams: dict[str, StreamConfig] = {}
    for item in wanted:
        name = as_text(as_object(item).get("name"))
        if name not in by_name:
            raise bad_request(f"Invalid stream found: {name}. Known streams are: {sorted(by_name)}")
        namespace = as_object(item).get("namespace")
        if namespace not in {None, "", by_name[name].namespace}:
            raise bad_request(f"Invalid stream found: {name} in namespace {as_text(namespace, '?')}.")
        if name in streams:
            raise bad_request(f"Duplicate stream found in configuration for: {name}.")
        streams[name] = _stream(as_object(item), by_name[name])
    return tuple(streams.values())


def valid_modes(schema: StreamSchema) -> list[SyncMode]:
    """The sync modes that the source can do for a stream; every destination here can do all of them."""
    return [mode for mode in SyncMode if schema.incremental or not mode.incremental]


def _stream(item: JsonObject, schema: StreamSchema) -> StreamConfig:
    mode = _mode(item, schema)
    cursor = _cursor(item, schema) if mode.incremental else ()
    key = _primary_key(item, schema)
    if mode is SyncMode.INCREMENTAL_DEDUPED_HISTORY and not key:
        raise bad_request(f"No primary key specified for stream: {schema.name}.")
    selected = _selected(item, schema)
    missing = {*cursor, *key} - set(selected) if selected and mode.incremental else set[str]()
    if missing:
        raise bad_request(
            f"Cursor and primary key of stream {schema.name} must be selected: {sorted(missing)}"
        )
    return StreamConfig(schema.name, mode, cursor, key, selected, schema.namespace)


def _mode(item: JsonObject, schema: StreamSchema) -> SyncMode:
    asked = item.get("syncMode")
    if asked is None:
        return SyncMode.FULL_REFRESH_OVERWRITE
    modes = valid_modes(schema)
    if asked not in modes:
        names = ", ".join(modes)
        raise bad_request(
            f"Cannot set sync mode to {as_text(asked, '?')} for stream {schema.name}."
            f" Valid sync modes are: [{names}]"
        )
    return SyncMode(as_text(asked))


def _cursor(item: JsonObject, schema: StreamSchema) -> tuple[str, ...]:
    field = as_list(item.get("cursorField"))
    if not field and not schema.default_cursor:
        raise bad_request(f"No cursor field specified for stream: {schema.name}.")
    if not field:
        return schema.default_cursor
    if len(field) != 1 or field[0] not in schema.properties:
        raise bad_request(f"Invalid cursor field for stream: {schema.name}.")
    return (as_text(field[0]),)


def _primary_key(item: JsonObject, schema: StreamSchema) -> tuple[str, ...]:
    paths = as_list(item.get("primaryKey"))
    fields: list[str] = []
    for path in paths:
        parts = as_list(path)
        if len(parts) != 1 or parts[0] not in schema.properties:
            raise bad_request(f"Invalid primary key for stream: {schema.name}.")
        if parts[0] in fields:
            raise bad_request(f"Duplicate primary key detected for stream: {schema.name}.")
        fields.append(as_text(parts[0]))
    return tuple(fields) or schema.primary_key


def _selected(item: JsonObject, schema: StreamSchema) -> tuple[str, ...]:
    """The selected fields. An empty list is refused, though GET gives one when all are selected."""
    value = item.get("selectedFields")
    if value is None:
        return ()
    fields: list[str] = []
    for entry in as_list(value):
        path = as_list(as_object(entry).get("fieldPath"))
        if len(path) != 1 or path[0] not in schema.properties:
            raise bad_request(f"Invalid field selected for stream: {schema.name}.")
        if path[0] in fields:
            raise bad_request(f"Duplicate field selected for stream: {schema.name}.")
        fields.append(as_text(path[0]))
    if not fields:
        raise bad_request(f"No fields selected for stream: {schema.name}.")
    return tuple(fields)
