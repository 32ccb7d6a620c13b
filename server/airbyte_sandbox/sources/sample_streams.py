"""Rows that look like a company's, and are the same for the same number every time."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from airbyte_sandbox.json_value import JsonObject, JsonValue
from airbyte_sandbox.model import StreamSchema

_FIRST_UPDATE = datetime(2026, 1, 1, tzinfo=UTC)
_NAMES = ("Ada", "Bo", "Chidi", "Dana", "Emre", "Fatima", "Goran", "Hana", "Ines", "Jun")
_PAGES = ("/", "/pricing", "/docs", "/blog", "/signup", "/contact")

Field = tuple[str, Callable[[int], JsonValue]]


def _mix(number: int) -> int:
    """``number`` scattered over 32 bits (Knuth's multiplicative hash)."""
    return number * 2654435761 % 2**32


def _choice(*options: str) -> Field:
    return "string", lambda seed: options[_mix(seed) % len(options)]


def _integer(limit: int) -> Field:
    return "integer", lambda seed: _mix(seed + 7) % limit + 1


def _money(limit: int) -> Field:
    return "number", lambda seed: _mix(seed + 13) % (limit * 100) / 100


def _name() -> Field:
    return "string", lambda seed: f"{_NAMES[_mix(seed) % 10]} {_NAMES[_mix(seed + 3) % 10]}son"


def _email() -> Field:
    return "string", lambda seed: f"{_NAMES[_mix(seed) % 10].lower()}{seed}@example.com"


_STREAMS: Mapping[str, Mapping[str, Field]] = {
    "orders": {
        "customer_id": _integer(500),
        "amount": _money(400),
        "currency": _choice("EUR", "USD", "GBP"),
        "status": _choice("paid", "open", "shipped", "returned"),
    },
    "customers": {"name": _name(), "email": _email(), "country": _choice("DE", "FR", "US", "JP", "BR")},
    "contacts": {"name": _name(), "email": _email(), "owner": _choice("north", "south", "online")},
    "companies": {"domain": _email(), "employees": _integer(5000)},
    "invoices": {"customer_id": _integer(500), "total": _money(9000), "paid": _choice("yes", "no")},
    "page_views": {"visitor_id": _integer(90_000), "path": _choice(*_PAGES), "seconds": _integer(600)},
    "clicks": {"visitor_id": _integer(90_000), "path": _choice(*_PAGES), "button": _choice("buy", "menu")},
    "tickets": {"subject": _choice("Login", "Refund", "Bug", "Question"), "priority": _integer(4)},
    "campaigns": {"name": _choice("Spring", "Brand", "Retargeting"), "spend": _money(2000)},
    "feature_usage": {"account_id": _integer(800), "feature": _choice("export", "search", "share")},
    "products": {"name": _choice("Lamp", "Desk", "Chair", "Shelf"), "price": _money(700)},
}


def stream_names() -> tuple[str, ...]:
    """Every stream that the sample source can give."""
    return tuple(_STREAMS)


def schema(name: str) -> StreamSchema:
    """What ``discover`` says about stream ``name``."""
    properties: JsonObject = {"id": {"type": "integer"}}
    for field, (kind, _) in _STREAMS[name].items():
        properties[field] = {"type": ["null", kind]}
    properties["updated_at"] = {"type": "string", "format": "date-time"}
    return StreamSchema(
        name, properties, incremental=True, default_cursor=("updated_at",), primary_key=("id",)
    )


def row(name: str, number: int, first_rows: int) -> JsonObject:
    """Row ``number`` (from 1) of a stream.

    The first ``first_rows`` rows have ids of their own. After them each even row is a newer version of
    an earlier one, so that a deduplicated table ends with fewer rows than were synced.
    """
    newer_version = number > first_rows and number % 2 == 0
    data: JsonObject = {"id": _mix(number) % first_rows + 1 if newer_version and first_rows else number}
    for field, (_, value) in _STREAMS[name].items():
        data[field] = value(number)
    data["updated_at"] = updated_at(number)
    return data


def updated_at(number: int) -> str:
    """The cursor value of row ``number``: one minute after the row before."""
    return (_FIRST_UPDATE + timedelta(minutes=number)).strftime("%Y-%m-%dT%H:%M:%SZ")


def number_at(cursor: str) -> int:
    """The row that has this cursor value: the reverse of :func:`updated_at`.

    Raises:
        ValueError: ``cursor`` is no such time.
    """
    return round((datetime.fromisoformat(cursor) - _FIRST_UPDATE) / timedelta(minutes=1))
