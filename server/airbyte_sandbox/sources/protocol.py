"""The command line of a source and the messages it writes, one JSON object a line."""

import argparse
import io
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from airbyte_sandbox.json_value import (
    JsonObject,
    JsonValue,
    as_list,
    as_object,
    as_text,
    dump_json,
    parse_json,
)
from airbyte_sandbox.model import StreamSchema

_BUFFER = 256 * 1024


class SourceFailed(Exception):  # noqa: N818 - says what happened, and only this package sees it
    """Ends a source with a TRACE message of this failure type ("config_error", "transient_error", ...)."""

    def __init__(self, failure_type: str, message: str) -> None:
        super().__init__(message)
        self.failure_type = failure_type
        self.message = message


@dataclass(frozen=True)
class WantedStream:
    """A stream that a ``read`` shall give, and its state from the last time."""

    name: str
    incremental: bool
    state: JsonObject


class SourceConnector(Protocol):
    """What a source has to say; each method may raise :class:`SourceFailed`."""

    def spec(self) -> JsonObject:
        """JSON schema of the configuration."""
        ...

    def catalog(self, config: JsonObject) -> Sequence[StreamSchema]:
        """The streams there are; fails if the configuration does not work."""
        ...

    def read(self, config: JsonObject, streams: Sequence[WantedStream]) -> None:
        """Write the messages of all ``streams``."""
        ...


def emit(message: Mapping[str, JsonValue]) -> None:
    """Write one message."""
    sys.stdout.write(dump_json(message) + "\n")


def emit_record(stream: str, data: JsonObject) -> None:
    """Write one row."""
    emit({"type": "RECORD", "record": {"stream": stream, "data": data, "emitted_at": _milliseconds()}})


def block_writer(stream: str, fields: Iterable[str]) -> Callable[[Sequence[Sequence[JsonValue]]], None]:
    """A function that writes many rows of a stream at once, given as the values of each field.

    It takes a quarter of the time of :func:`emit_record`. The fields must be identifiers of Python.
    """
    from airbyte_sandbox.record import encoder  # noqa: PLC0415 - only who writes needs msgspec

    encode = encoder(stream, tuple(fields))

    def write(columns: Sequence[Sequence[JsonValue]]) -> None:
        sys.stdout.buffer.write(encode(columns, _milliseconds()))

    return write


def emit_state(stream: str, state: JsonObject) -> None:
    """Write a state: every row before it may be committed together with it."""
    descriptor: JsonObject = {"name": stream}
    emit(
        {
            "type": "STATE",
            "state": {
                "type": "STREAM",
                "stream": {"stream_descriptor": descriptor, "stream_state": state},
            },
        }
    )
    sys.stdout.flush()


def emit_estimate(stream: str, rows: int) -> None:
    """Say in advance how many rows a stream will have."""
    _emit_trace("ESTIMATE", "estimate", {"name": stream, "type": "STREAM", "row_estimate": rows})


def emit_log(message: str) -> None:
    """Write a line for the log of the job."""
    emit({"type": "LOG", "log": {"level": "INFO", "message": message}})


def run(connector: SourceConnector, arguments: Sequence[str] | None = None) -> None:
    """Be the executable: do what the command line says, then exit 0, or 1 after a failure."""
    options = _parser().parse_args(arguments)
    _widen_stdout()
    commands: dict[str, Callable[[], None]] = {
        "spec": lambda: emit({"type": "SPEC", "spec": {"connectionSpecification": connector.spec()}}),
        "check": lambda: _check(connector, _load(options.config)),
        "discover": lambda: _discover(connector, _load(options.config)),
        "read": lambda: connector.read(
            _load(options.config), wanted_streams(_load(options.catalog), _load_states(options.state))
        ),
    }
    try:
        commands[options.command]()
        sys.stdout.flush()
    except SourceFailed as failure:
        error: JsonObject = {"message": failure.message, "failure_type": failure.failure_type}
        _emit_trace("ERROR", "error", error)
        sys.stdout.flush()
        sys.exit(1)


def _widen_stdout() -> None:
    """Write a quarter of a megabyte at once: small writes wake the reader for a few rows each.

    Text goes straight on to the bytes below it, so that both can be written in turn.
    """
    binary = io.BufferedWriter(io.FileIO(sys.stdout.fileno(), "w", closefd=False), _BUFFER)
    sys.stdout = io.TextIOWrapper(binary, encoding="utf-8", errors="backslashreplace", write_through=True)


def catalog_json(streams: Sequence[StreamSchema]) -> JsonObject:
    """Streams in the form that ``discover`` writes."""
    return {"streams": [stream_json(stream) for stream in streams]}


def wanted_streams(catalog: JsonObject, states: Sequence[JsonValue]) -> list[WantedStream]:
    """The streams of a configured catalog, each with its state."""
    by_stream: dict[str, JsonObject] = {}
    for item in states:
        stream = as_object(as_object(item).get("stream"))
        name = as_text(as_object(stream.get("stream_descriptor")).get("name"))
        by_stream[name] = as_object(stream.get("stream_state"))
    wanted: list[WantedStream] = []
    for item in as_list(catalog.get("streams")):
        configured = as_object(item)
        name = as_text(as_object(configured.get("stream")).get("name"))
        incremental = configured.get("sync_mode") == "incremental"
        wanted.append(WantedStream(name, incremental, by_stream.get(name, {}) if incremental else {}))
    return wanted


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("spec")
    for name in ("check", "discover", "read"):
        command = commands.add_parser(name)
        command.add_argument("--config", type=Path, required=True)
        if name == "read":
            command.add_argument("--catalog", type=Path, required=True)
            command.add_argument("--state", type=Path)
    return parser


def _check(connector: SourceConnector, config: JsonObject) -> None:
    try:
        connector.catalog(config)
    except SourceFailed as failure:
        emit(
            {
                "type": "CONNECTION_STATUS",
                "connectionStatus": {"status": "FAILED", "message": failure.message},
            }
        )
    else:
        emit({"type": "CONNECTION_STATUS", "connectionStatus": {"status": "SUCCEEDED"}})


def _discover(connector: SourceConnector, config: JsonObject) -> None:
    emit({"type": "CATALOG", "catalog": catalog_json(connector.catalog(config))})


def stream_json(stream: StreamSchema) -> JsonObject:
    """One stream in the form that ``discover`` writes."""
    modes: list[JsonValue] = ["full_refresh", "incremental"] if stream.incremental else ["full_refresh"]
    namespace: JsonObject = {"namespace": stream.namespace} if stream.namespace is not None else {}
    return {
        "name": stream.name,
        **namespace,
        "json_schema": {"type": "object", "properties": stream.properties},
        "supported_sync_modes": modes,
        "source_defined_cursor": False,
        "default_cursor_field": list(stream.default_cursor),
        "source_defined_primary_key": [[field] for field in stream.primary_key],
    }


def _milliseconds() -> int:
    return time.time_ns() // 1_000_000


def _emit_trace(kind: str, key: str, body: JsonObject) -> None:
    emit({"type": "TRACE", "trace": {"type": kind, "emitted_at": time.time() * 1000, key: body}})


def _load(path: Path) -> JsonObject:
    try:
        return as_object(parse_json(path.read_bytes()))
    except (OSError, ValueError) as error:
        raise SourceFailed("config_error", f"{path} cannot be read as JSON: {error}") from error


def _load_states(path: Path | None) -> list[JsonValue]:
    if path is None:
        return []
    try:
        return as_list(parse_json(path.read_bytes()))
    except (OSError, ValueError) as error:
        raise SourceFailed("config_error", f"{path} cannot be read as JSON: {error}") from error
