"""Cursors of our own: opaque to the caller, an offset inside, checked when they come back."""

import base64
import binascii
from collections.abc import Sequence
from typing import Annotated, TypeVar

from pydantic import Field

from airbyte_tools.errors import InvalidRequestError

ItemT = TypeVar("ItemT")

Cursor = Annotated[str, Field(max_length=40, description="next_cursor of the page before")]


def cursor_for(offset: int) -> str:
    """The cursor that leads to the item at `offset`."""
    return base64.urlsafe_b64encode(f"o{offset}".encode()).decode()


def offset_of(cursor: str | None) -> int:
    """The offset that a cursor stands for; 0 without one.

    Raises:
        InvalidRequestError: The cursor was not made here.
    """
    if cursor is None:
        return 0
    try:
        text = base64.b64decode(cursor.encode(), altchars=b"-_", validate=True).decode()
        return int(text.removeprefix("o")) if text.startswith("o") and text[1:].isdecimal() else _refuse()
    except (binascii.Error, UnicodeDecodeError):
        return _refuse()


def page_of(items: Sequence[ItemT], cursor: str | None, limit: int) -> tuple[Sequence[ItemT], str | None]:
    """One page of a list that is already here, and the cursor of the next page if there is one."""
    start = offset_of(cursor)
    end = start + limit
    return items[start:end], cursor_for(end) if end < len(items) else None


def _refuse() -> int:
    raise InvalidRequestError(
        "This cursor is not one that this server gave out.",
        "Leave cursor out to begin with the first page.",
    )
