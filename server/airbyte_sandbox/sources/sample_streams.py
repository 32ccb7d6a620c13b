"""Rows that look like a company's, and are the same for the same number every time."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from airbyte_sandbox.json_value import JsonObject, JsonValue
from airbyte_sandbox.model import StreamSchema

_FIRST_UPDATE = datetime(2026, 1, 1, tzinfo=UTC)
_NAMES = ("Ada", "Bo", "Chidi", "Dana", "Emre", "Fatima", "Goran", "Hana", "Ines", "Jun")
_PAGES = ("/", "/pricing", "/docs", "/blog", "/signup", "/contact")
_MINUTES_OF_A_DAY = 1440
_TIMES = tuple(f"{minute // 60:02}:{minute % 60:02}:00Z" for minute in range(_MINUTES_OF_A_DAY))
# Knuth's multiplicative hash.
_SCATTER = 2654435761
_SPAN = 2**32

Field = tuple[str, Callable[[range], list[JsonValue]]]


def _mix(number: int) -> int:
    """``number`` scattered over 32 bits; written out where a million rows pass."""
    return number * _SCATTER % _SPAN


def _choice(*options: str) -> Field:
    count = len(options)
    return "string", lambda seeds: [options[seed * _SCATTER % _SPAN % count] for seed in seeds]


def _integer(limit: int) -> Field:
    return "integer", lambda seeds: [(seed + 7) * _SCATTER % _SPAN % limit + 1 for seed in seeds]


def _money(limit: int) -> Field:
    cents = limit * 100
    return "number", lambda seeds: [(seed + 13) * _SCATTER % _SPAN % cents / 100 for seed in seeds]


def _name() -> Field:
    return "string", lambda seeds: [
        f"{_NAMES[_mix(seed) % 10]} {_NAMES[_mix(seed + 3) % 10]}son" for seed in seeds
    ]


def _email() -> Field:
    return "string", lambda seeds: [f"{_NAMES[_mix(seed) % 10].lower()}{seed}@example.com" for seed in seeds]


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


def columns(name: str, numbers: range, first_rows: int) -> list[list[JsonValue]]:
    """The values of each field, in the order of the schema, of the rows ``numbers`` (from 1) of a stream.

    The first ``first_rows`` rows have ids of their own. After them each even row is a newer version of
    an earlier one, so that a deduplicated table ends with fewer rows than were synced.
    """
    ids: list[JsonValue] = [
        _mix(number) % first_rows + 1 if number > first_rows > 0 and number % 2 == 0 else number
        for number in numbers
    ]
    return [ids, *(values(numbers) for _, values in _STREAMS[name].values()), _times(numbers)]


def row(name: str, number: int, first_rows: int) -> JsonObject:
    """One row, of those that :func:`columns` makes."""
    made = columns(name, range(number, number + 1), first_rows)
    return dict(zip(schema(name).properties, (value for (value,) in made), strict=True))


def updated_at(number: int) -> str:
    """The cursor value of row ``number``: one minute after the row before."""
    day, minute = divmod(number, _MINUTES_OF_A_DAY)
    return f"{_day(day)}{_TIMES[minute]}"


def _times(numbers: range) -> list[JsonValue]:
    """:func:`updated_at` of many rows."""
    return [f"{_day(number // _MINUTES_OF_A_DAY)}{_TIMES[number % _MINUTES_OF_A_DAY]}" for number in numbers]


@lru_cache
def _day(number: int) -> str:
    return (_FIRST_UPDATE + timedelta(days=number)).strftime("%Y-%m-%dT")


def number_at(cursor: str) -> int:
    """The row that has this cursor value: the reverse of :func:`updated_at`.

    Raises:
        ValueError: ``cursor`` is no such time.
    """
    return round((datetime.fromisoformat(cursor) - _FIRST_UPDATE) / timedelta(minutes=1))
