"""Asks a connector which streams it has."""

import subprocess
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from airbyte_sandbox.json_value import JsonObject, JsonValue, as_list, as_object, as_text, as_texts, dump_json
from airbyte_sandbox.model import Failure, StreamSchema
from airbyte_sandbox.runs.messages import parse_line, parse_message
from airbyte_sandbox.runs.source_process import environment

_LONGEST_SECONDS = 120
_SHOWN_CHARACTERS = 500


class DiscoveryError(Exception):
    """The connector gave no catalog; the text says why."""


def discovered(command: Sequence[str], configuration: JsonObject) -> tuple[StreamSchema, ...]:
    """Run ``discover`` and read the streams.

    Raises:
        DiscoveryError: the connector cannot be started, takes over two minutes, gives no streams, or two of
            one name in two namespaces.
    """
    with tempfile.TemporaryDirectory(prefix="airbyte-sandbox-discover-") as folder:
        config = Path(folder) / "config.json"
        config.touch(mode=0o600)
        config.write_text(dump_json(configuration), encoding="utf-8")
        try:
            done = subprocess.run(  # noqa: S603 - a connector that is bundled or that the user registered
                [*command, "discover", "--config", str(config)],
                cwd=folder,
                env=environment(),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_LONGEST_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise DiscoveryError(f"{command[0]} cannot be run: {error}") from error
    messages = [parse_line(line) or {} for line in done.stdout.decode("utf-8", "replace").splitlines()]
    catalog = next((message["catalog"] for message in messages if message.get("type") == "CATALOG"), None)
    streams = tuple(_schema(as_object(item)) for item in as_list(as_object(catalog).get("streams")))
    if not streams:
        raise DiscoveryError(_reason(messages, done.stderr.decode("utf-8", "replace")))
    double = [name for name, count in Counter(stream.name for stream in streams).items() if count > 1]
    if double:
        raise DiscoveryError(f"the sandbox knows streams by name, and more than one is named {double[0]!r}")
    return streams


def _reason(messages: Sequence[JsonObject], stderr: str) -> str:
    parsed = [parse_message(message) for message in messages]
    words = next((message.message for message in parsed if isinstance(message, Failure)), stderr.strip())
    return f"the connector gave no streams: {words[-_SHOWN_CHARACTERS:] or 'it said nothing'}"


def _schema(item: JsonObject) -> StreamSchema:
    cursor = as_texts(item.get("default_cursor_field"))
    modes = as_texts(item.get("supported_sync_modes"))
    return StreamSchema(
        name=as_text(item.get("name")),
        properties=as_object(as_object(item.get("json_schema")).get("properties")),
        # A cursor inside an object has no column here.
        incremental="incremental" in modes and len(cursor) <= 1,
        default_cursor=cursor if len(cursor) == 1 else (),
        primary_key=_key(item.get("source_defined_primary_key")),
        namespace=as_text(item.get("namespace")) or None,
    )


def _key(value: JsonValue) -> tuple[str, ...]:
    paths = [as_texts(path) for path in as_list(value)]
    return tuple(path[0] for path in paths) if all(len(path) == 1 for path in paths) else ()
