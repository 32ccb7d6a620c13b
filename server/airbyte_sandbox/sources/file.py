"""The file source: one CSV or JSONL file of the user is one stream.

Configuration: ``path``. Types are found from the first rows; a later value of another type stays text.
"""

import csv
import json
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TextIO

from airbyte_sandbox.json_value import JsonObject, JsonValue, as_text, parse_json
from airbyte_sandbox.model import StreamSchema
from airbyte_sandbox.sources import protocol
from airbyte_sandbox.sources.protocol import SourceFailed, WantedStream

CSV_SUFFIXES = frozenset({".csv", ".tsv"})
JSON_SUFFIXES = frozenset({".jsonl", ".ndjson"})
_SAMPLED_ROWS = 1000
_LONGEST_FIELD = 16 * 1024 * 1024
_INT64_DIGITS = 18
_JSON_TYPES: Mapping[type, str] = {
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
}
_NUMBER_START = frozenset("-0123456789")


def catalog(path: Path) -> list[StreamSchema]:
    """The one stream of ``path``, named after it.

    Raises:
        SourceFailed: the file cannot be read, or not as CSV or JSONL.
    """
    types = {name: kind or "string" for name, kind in _types(path).items()}
    if not types:
        raise SourceFailed("config_error", f"{path} has no columns: it is empty.")
    properties: JsonObject = {name: {"type": ["null", kind]} for name, kind in types.items()}
    return [StreamSchema(path.stem, properties)]


class FileSource:
    """The file source as a connector."""

    def spec(self) -> JsonObject:
        """Schema of the configuration."""
        return {"type": "object", "required": ["path"], "properties": {"path": {"type": "string"}}}

    def catalog(self, config: JsonObject) -> Sequence[StreamSchema]:
        """The one stream of the file."""
        return catalog(Path(as_text(config.get("path"))))

    def read(self, config: JsonObject, streams: Sequence[WantedStream]) -> None:
        """Write every row of the file."""
        path = Path(as_text(config.get("path")))
        types = _types(path)
        for stream in streams:
            for row in _rows(path):
                protocol.emit_record(stream.name, {name: _as(types.get(name), row[name]) for name in row})


def _types(path: Path) -> dict[str, str | None]:
    """JSON type of each column, from the first rows; None where they are all empty."""
    from_text = path.suffix.lower() in CSV_SUFFIXES
    types: dict[str, str | None] = dict.fromkeys(_header(path))
    for row in islice(_rows(path), _SAMPLED_ROWS):
        for name, value in row.items():
            kind = _json_type(_number(value) if from_text else value)
            types[name] = _wider(types.get(name), kind)
    return types


def _rows(path: Path) -> Iterator[JsonObject]:
    suffix = path.suffix.lower()
    if suffix not in CSV_SUFFIXES | JSON_SUFFIXES:
        raise SourceFailed("config_error", f"{path} is neither CSV (.csv, .tsv) nor JSONL (.jsonl, .ndjson).")
    with _opened(path) as file:
        yield from _csv_rows(file) if suffix in CSV_SUFFIXES else _json_rows(path, file)


@contextmanager
def _opened(path: Path) -> Generator[TextIO]:
    """The file as text; what goes wrong while it is read becomes a sentence."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield file
    except OSError as error:
        raise SourceFailed("config_error", f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise SourceFailed("config_error", f"{path} is not UTF-8 text; save it as UTF-8.") from error
    except csv.Error as error:
        raise SourceFailed("config_error", f"{path} is not proper CSV: {error}.") from error


def _csv_rows(file: TextIO) -> Iterator[JsonObject]:
    reader = _csv_reader(file)
    header = _column_names(next(reader, list[str]()))
    for values in reader:
        if values:
            padded = values + [""] * (len(header) - len(values))
            yield {name: value or None for name, value in zip(header, padded, strict=False)}


def _json_rows(path: Path, file: TextIO) -> Iterator[JsonObject]:
    for number, line in enumerate(file, start=1):
        if not line.strip():
            continue
        try:
            row = parse_json(line)
        except (ValueError, RecursionError) as error:
            raise SourceFailed("config_error", f"Line {number} of {path} is not JSON: {error}.") from error
        if not isinstance(row, dict):
            raise SourceFailed("config_error", f"Line {number} of {path} is JSON, but not an object.")
        yield row


def _header(path: Path) -> list[str]:
    """The columns of a CSV file, which it has even without a row; none for other files."""
    if path.suffix.lower() not in CSV_SUFFIXES:
        return []
    with _opened(path) as file:
        return _column_names(next(_csv_reader(file), list[str]()))


def _csv_reader(file: TextIO) -> Iterator[list[str]]:
    csv.field_size_limit(_LONGEST_FIELD)
    first_line = file.readline()
    file.seek(0)
    delimiter = max(",;\t", key=first_line.count)
    return csv.reader(file, delimiter=delimiter, strict=True)


def _column_names(header: list[str]) -> list[str]:
    """Names that differ from each other even for a database that ignores case."""
    names: list[str] = []
    seen: set[str] = set()
    for position, text in enumerate(header, start=1):
        base = text.strip() or f"column_{position}"
        name, count = base, 1
        while name.casefold() in seen:
            count += 1
            name = f"{base}_{count}"
        seen.add(name.casefold())
        names.append(name)
    return names


def _as(kind: str | None, value: JsonValue) -> JsonValue:
    """``value`` of a column of this type: text of a number column becomes a number where it is one."""
    return _number(value) if kind in {"integer", "number"} else value


def _number(value: JsonValue) -> JsonValue:
    """The number that a text holds, else ``value`` itself; "007" stays text."""
    if not isinstance(value, str) or not value or value[0] not in _NUMBER_START or len(value) > _INT64_DIGITS:
        return value
    try:
        number = parse_json(value)
    except json.JSONDecodeError:
        return value
    return number if isinstance(number, int | float) else value


def _json_type(value: JsonValue) -> str | None:
    """The JSON schema type of ``value``; None for null."""
    return _JSON_TYPES.get(type(value))


def _wider(one: str | None, other: str | None) -> str | None:
    """The type that holds both; None is the type of nothing."""
    if one is None or other is None or one == other:
        return one or other
    return "number" if {one, other} == {"integer", "number"} else "string"


if __name__ == "__main__":
    protocol.run(FileSource())
