"""How records become rows of a table."""

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, auto

from airbyte_sandbox.json_value import JsonObject, JsonValue, as_object, as_texts, dump_json

EXTRACTED_AT = "_airbyte_extracted_at"
JOB_ID = "_airbyte_job_id"
_INT64 = 2**63
_RESERVED = ("sqlite_", "_sandbox_", "_staging_")

Cell = str | int | float | None
Row = tuple[JsonValue, ...]


class ColumnKind(Enum):
    """What a stream's schema says about a field; ``MIXED`` may be a number or something else."""

    INTEGER = auto()
    NUMBER = auto()
    BOOLEAN = auto()
    MIXED = auto()
    TEXT = auto()


_KINDS = {"integer": ColumnKind.INTEGER, "number": ColumnKind.NUMBER, "boolean": ColumnKind.BOOLEAN}


@dataclass(frozen=True)
class Columns:
    """The columns of one stream's table, in order: record field, column name, kind."""

    fields: tuple[str, ...]
    names: tuple[str, ...]
    kinds: tuple[ColumnKind, ...]

    @classmethod
    def of(cls, properties: JsonObject) -> "Columns":
        """The columns for a stream's JSON schema properties, names made different whatever their case."""
        fields = tuple(properties)
        taken = {EXTRACTED_AT, JOB_ID}
        names: list[str] = []
        for field in fields:
            names.append(_free_name(field, taken))
            taken.add(names[-1].casefold())
        return cls(fields, tuple(names), tuple(_kind(properties[field]) for field in fields))

    def name_of(self, field: str) -> str:
        """The column of ``field``."""
        return self.names[self.fields.index(field)]


def quoted(name: str) -> str:
    """``name`` as an SQL identifier."""
    escaped = name.replace('"', '""').replace("\0", "")
    return f'"{escaped}"'


def free_table(wanted: str, taken: Container[str]) -> str:
    """A table name like ``wanted``, with a number behind it if it is in ``taken`` (in lower case)."""
    wanted = wanted.replace("\0", "")
    base = f"t_{wanted}" if wanted.casefold().startswith(_RESERVED) or not wanted else wanted
    return _free_name(base, taken)


def cell(value: JsonValue) -> Cell:
    """``value`` in a form SQLite stores; lists, objects and huge integers become text."""
    if isinstance(value, dict | list):
        return dump_json(value)
    if isinstance(value, int) and not -_INT64 <= value < _INT64:
        return str(value)
    return value


def storable(rows: Iterable[Row]) -> Iterator[tuple[Cell, ...]]:
    """Rows of which every value can be stored."""
    return (tuple(map(cell, row)) for row in rows)


def _free_name(field: str, taken: Container[str]) -> str:
    base = field.replace("\0", "") or "column"
    name, count = base, 1
    while name.casefold() in taken:
        count += 1
        name = f"{base}_{count}"
    return name


def _kind(schema: JsonValue) -> ColumnKind:
    declared = as_object(schema).get("type")
    types = set(as_texts(declared if isinstance(declared, list) else [declared])) - {"null"}
    kinds = {_KINDS.get(kind, ColumnKind.TEXT) for kind in types} or {ColumnKind.TEXT}
    if kinds == {ColumnKind.INTEGER, ColumnKind.NUMBER}:
        return ColumnKind.NUMBER
    return kinds.pop() if len(kinds) == 1 else ColumnKind.MIXED
