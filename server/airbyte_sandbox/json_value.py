"""The one type for parsed JSON, and the few safe ways to look into it."""

import json
from typing import TypeAlias, cast

JsonValue: TypeAlias = "dict[str, JsonValue] | list[JsonValue] | str | int | float | bool | None"
JsonObject: TypeAlias = dict[str, JsonValue]

_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)


def parse_json(text: str | bytes) -> JsonValue:
    """Parse ``text``.

    Raises:
        ValueError: it is not JSON.
    """
    return cast("JsonValue", json.loads(text))


def dump_json(value: object) -> str:
    """``value`` as compact JSON text."""
    return _ENCODER.encode(value)


def as_object(value: JsonValue) -> JsonObject:
    """``value`` if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def as_list(value: JsonValue) -> list[JsonValue]:
    """``value`` if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def as_text(value: JsonValue, default: str = "") -> str:
    """``value`` if it is a string, else ``default``."""
    return value if isinstance(value, str) else default


def as_int(value: JsonValue, default: int = 0) -> int:
    """``value`` if it is a whole number (``true`` is none), else ``default``."""
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def as_number(value: JsonValue, default: float = 0.0) -> float:
    """``value`` if it is a number (``true`` is none), else ``default``."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else default


def as_texts(value: JsonValue) -> tuple[str, ...]:
    """The strings of a list, others left out; empty if it is no list."""
    return tuple(item for item in as_list(value) if isinstance(item, str))
