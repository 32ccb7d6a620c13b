# Generated from _async/paging.py by scripts/sync_client.py; change that file instead.
"""Whole lists from pages, by our own offset.

Airbyte's `next` is never followed: its host may be wrong, which would send the credentials there, and it
drops the filters and the order of the first request.
"""

from collections.abc import Callable, Iterator
from typing import TypeVar

from airbyte_client.clocks import SyncPageSource
from airbyte_client.errors import InvalidAnswerError

T = TypeVar("T")

PAGE_SIZE = 100
"""Airbyte's own limit."""
MAX_PAGES = 10_000


def iterate(
    fetch: SyncPageSource[T],
    identify: Callable[[T], object],
    limit: int | None = None,
) -> Iterator[T]:
    """Every row once, though rows that appear while we read shift the pages.

    Args:
        fetch: Gets a page by limit and offset.
        identify: A row's id.
        limit: The most rows; None for all.

    Raises:
        InvalidAnswerError: The list does not end.
    """
    seen: set[object] = set()
    offset = 0
    for _ in range(MAX_PAGES):
        size = PAGE_SIZE if limit is None else min(PAGE_SIZE, limit - len(seen))
        if size <= 0:
            return
        rows = fetch(size, offset)
        fresh = {identify(row): row for row in rows if identify(row) not in seen}
        seen.update(fresh)
        yield from list(fresh.values())[:size]
        # A server that ignores the offset sends the same page for ever: no fresh row is an end too.
        if len(rows) < size or not fresh:
            return
        offset += len(rows)
    raise InvalidAnswerError(
        "Airbyte's list does not end.", next_step="Narrow the request down with a filter."
    )
