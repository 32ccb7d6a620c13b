"""List parameters and the page around a list, with Airbyte's surprises in ``next``."""

from collections.abc import Sequence
from urllib.parse import urlencode

from airbyte_sandbox.api.answers import Answer, BareError, Call, bad_request
from airbyte_sandbox.json_value import JsonObject, JsonValue
from airbyte_sandbox.settings import PUBLIC_API
from airbyte_sandbox.storage.fleet import Page
from airbyte_sandbox.storage.job_filter import JobOrder

# The community chart sets the server's own inner address: a host that no client can reach.
_NEXT_HOST = "http://localhost:8006"
_MOST_ITEMS = 100


def page_of(call: Call) -> Page:
    """``limit`` (1 to 100, 20 unless given) and ``offset``.

    Raises:
        BareError: 400, one of them is out of range or no number.
    """
    limit, offset = _number(call, "limit", 20), _number(call, "offset", 0)
    if not 1 <= limit <= _MOST_ITEMS or offset < 0:
        raise BareError(400)
    return Page(limit, offset)


def order_of(call: Call, default: JobOrder) -> JobOrder:
    """``orderBy``, or ``default``.

    Raises:
        Problem: 400, it is not ``createdAt`` or ``updatedAt``, ``|``, ``ASC`` or ``DESC``.
    """
    text = call.one("orderBy")
    if text is None:
        return default
    field, _, direction = text.partition("|")
    if field not in {"createdAt", "updatedAt"} or direction not in {"ASC", "DESC"}:
        raise bad_request(f"Invalid order by clause provided: {text}")
    return JobOrder(by_update=field == "updatedAt", newest_first=direction == "DESC")


def page_answer(
    items: Sequence[JsonObject], path: str, page: Page, kept: Sequence[tuple[str, str]]
) -> Answer:
    """A page of a list. Only the ``kept`` parameters live on in ``next`` and ``previous``.

    ``next`` is there whenever the page is not empty, on the last page too; "" stands for none.
    """
    data: list[JsonValue] = list(items)
    following = [*kept, ("limit", str(page.limit)), ("offset", str(page.offset + page.limit))]
    before = max(page.offset - page.limit, 0)
    # One builder serves both in the real server, so that `previous` names the limit twice.
    preceding = [*kept, ("limit", str(page.limit)), ("offset", str(before)), ("limit", str(page.limit))]
    return Answer(
        {
            "data": data,
            "previous": _link(path, preceding) if page.offset else "",
            "next": _link(path, following) if data else "",
        }
    )


def _link(path: str, query: Sequence[tuple[str, str]]) -> str:
    return f"{_NEXT_HOST}{PUBLIC_API}{path}?{urlencode(query)}"


def _number(call: Call, name: str, default: int) -> int:
    text = call.one(name)
    if text is None:
        return default
    if not text.lstrip("-").isascii() or not text.lstrip("-").isdigit():
        raise BareError(400)
    return min(int(text[:20]), 2**62)
