"""The streams of a described connection."""

from collections.abc import Sequence

from airbyte_sandbox.json_value import JsonObject, JsonValue
from airbyte_sandbox.model import StreamConfig, StreamSchema, SyncMode
from airbyte_sandbox.seed.reading import Described, SeedError, member, unknown


def described_streams(streams: JsonObject, catalog: Sequence[StreamSchema]) -> tuple[StreamConfig, ...]:
    """The streams that ``{"NAME": "SYNC MODE"}`` or ``{"NAME": {"mode": ...}}`` asks for.

    Raises:
        SeedError: it cannot be understood, or the source cannot do it.
    """
    schemas = {schema.name: schema for schema in catalog}
    if not streams:
        raise SeedError('it needs "streams": {"NAME": "SYNC MODE"}')
    for name in streams:
        if name not in schemas:
            raise SeedError(f"the source has no stream {unknown(name, schemas)}")
    return tuple(_stream(value, schemas[name]) for name, value in streams.items())


def _stream(value: JsonValue, schema: StreamSchema) -> StreamConfig:
    spelled_out: JsonValue = {"mode": value} if isinstance(value, str) else value
    item = Described(spelled_out, f"stream {schema.name!r}", ("mode", "cursor", "primaryKey", "fields"))
    mode = member(SyncMode, item.text("mode"))
    cursor = _fields((item.text("cursor"),), schema) if item.has("cursor") else schema.default_cursor
    key = _fields(item.texts("primaryKey"), schema) or schema.primary_key
    if mode.incremental and not (schema.incremental and cursor):
        raise SeedError(f"stream {schema.name!r} has no cursor and cannot be {mode}")
    if mode is SyncMode.INCREMENTAL_DEDUPED_HISTORY and not key:
        raise SeedError(f'stream {schema.name!r} has no primary key; give it "primaryKey": ["FIELD"]')
    selected = _fields(item.texts("fields"), schema)
    needed = {*cursor, *key} if mode.incremental else set[str]()
    if selected and not needed <= set(selected):
        raise SeedError(f'"fields" of stream {schema.name!r} must hold {", ".join(sorted(needed))}')
    return StreamConfig(
        schema.name, mode, cursor if mode.incremental else (), key, selected, schema.namespace
    )


def _fields(names: tuple[str, ...], schema: StreamSchema) -> tuple[str, ...]:
    for name in names:
        if name not in schema.properties:
            raise SeedError(f"stream {schema.name!r} has no field {unknown(name, schema.properties)}")
    if len(set(names)) < len(names):
        raise SeedError(f"a field of stream {schema.name!r} is named twice")
    return names
