"""The RECORD message of the Airbyte protocol, which is nearly all that a source ever writes.

It alone has a shape that msgspec knows, which reads and writes a row several times as fast as :mod:`json`.
The sandbox imports this module with its first sync: msgspec would lengthen its start.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Generic, Literal, TypeAlias, TypeVar

import msgspec

from airbyte_sandbox.json_value import JsonObject, JsonValue, as_int, as_object

Data = TypeVar("Data")


class Record(msgspec.Struct, Generic[Data], gc=False):
    """One row of a stream; ``emitted_at`` in milliseconds."""

    stream: str
    data: Data
    emitted_at: int = 0


class _Line(msgspec.Struct, Generic[Data], gc=False):
    type: Literal["RECORD"]
    record: Record[Data]


# Any stands for JsonValue, which is recursive, and so beyond msgspec.
ReadRecord: TypeAlias = Record[dict[str, Any]]

_DECODE = msgspec.json.Decoder(_Line[dict[str, Any]]).decode
_ENCODE = msgspec.json.Encoder().encode_lines
_NOT_A_RECORD = (msgspec.DecodeError, ValueError, RecursionError)


@dataclass(frozen=True, slots=True)
class Run:
    """Records of one stream with nothing between them; ``size`` is the bytes of their lines."""

    stream: str
    records: Sequence[ReadRecord]
    size: int


def runs(lines: Sequence[bytes]) -> Iterator[Run | bytes]:
    """All the lines in order: records as runs, and each line that is no proper RECORD message as it is.

    So is a record that :mod:`json` reads although it is no JSON, for example one with NaN in it.
    """
    records = [_record(line) for line in lines]
    begin = 0
    for stream, group in groupby(None if record is None else record.stream for record in records):
        end = begin + sum(1 for _ in group)
        if stream is None:
            yield from lines[begin:end]
        else:
            found = [record for record in records[begin:end] if record is not None]
            yield Run(stream, found, sum(map(len, lines[begin:end])))
        begin = end


def record_of(message: JsonObject) -> ReadRecord | None:
    """The record of a message that :mod:`json` read; None if it is of another type or no proper one."""
    record = as_object(message.get("record"))
    stream, data = record.get("stream"), record.get("data")
    if message.get("type") != "RECORD" or not isinstance(stream, str) or not isinstance(data, dict):
        return None
    return Record(stream, data, as_int(record.get("emitted_at")))


def encoder(stream: str, fields: Sequence[str]) -> Callable[[Sequence[Sequence[JsonValue]], int], bytes]:
    """A function that makes the lines of many rows: of the values of each field, and when they are emitted.

    ``fields`` are identifiers of Python.
    """
    row = msgspec.defstruct("Row", fields, gc=False)

    def encode(columns: Sequence[Sequence[JsonValue]], emitted_at: int) -> bytes:
        return _ENCODE([_Line("RECORD", Record(stream, data, emitted_at)) for data in map(row, *columns)])

    return encode


def _record(line: bytes) -> ReadRecord | None:
    try:
        return _DECODE(line).record
    except _NOT_A_RECORD:
        return None
