"""How records become rows of a table."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from operator import itemgetter

from airbyte_sandbox.json_value import JsonObject, JsonValue, as_object, dump_json

EXTRACTED_AT = "_airbyte_extracted_at"
JOB_ID = "_airbyte_job_id"
_INT64 = 2**63
_NUMBERS = {"integer", "number", "boolean"}

Cell = str | int | float | None
Row = tuple[JsonValue, ...]


@dataclass(frozen=True)
class Columns:
    """The columns of one stream's table, in order: record field, column name, SQL type."""

    fields: tuple[str, ...]
    names: tuple[str, ...]
    types: tuple[str, ...]

    @classmethod
    def of(cls, properties: JsonObject) -> "Columns":
        """The columns for a stream's JSON schema properties, names made different whatever their case."""
        fields = tuple(properties)
        taken = {EXTRACTED_AT, JOB_ID}
        names: list[str] = []
        for field in fields:
            names.append(_free_name(field, taken))
            taken.add(names[-1].casefold())
        return cls(fields, tuple(names), tuple(_sql_type(properties[field]) for field in fields))

    def name_of(self, field: str) -> str:
        """The column of ``field``."""
        return self.names[self.fields.index(field)]

    def picker(self) -> Callable[[JsonObject], Row]:
        """A function that takes the values of the columns out of a record, None where it has none."""
        fields = self.fields
        if len(fields) < 2:  # noqa: PLR2004 - an itemgetter gives a tuple for two and more
            return lambda data: tuple(map(data.get, fields))
        pick = itemgetter(*fields)

        def picked(data: JsonObject) -> Row:
            try:
                values: Row = pick(data)
            except KeyError:
                return tuple(map(data.get, fields))
            return values

        return picked


def quoted(name: str) -> str:
    """``name`` as an SQL identifier."""
    escaped = name.replace('"', '""').replace("\0", "")
    return f'"{escaped}"'


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


def _free_name(field: str, taken: set[str]) -> str:
    base = field.replace("\0", "") or "column"
    name, count = base, 1
    while name.casefold() in taken:
        count += 1
        name = f"{base}_{count}"
    return name


def _sql_type(schema: JsonValue) -> str:
    """No type for numbers: SQLite would change huge ones, and text like "007" among them."""
    declared = as_object(schema).get("type")
    kinds = declared if isinstance(declared, list) else [declared]
    return "" if any(kind in _NUMBERS for kind in kinds) else "TEXT"
