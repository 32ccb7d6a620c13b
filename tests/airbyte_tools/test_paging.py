"""Cursors lead through a list without gaps, and only those that were given out are taken."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airbyte_tools.errors import InvalidRequestError
from airbyte_tools.paging import cursor_for, offset_of, page_of


@given(st.lists(st.integers()), st.integers(min_value=1, max_value=7))
def test_pages_together_are_the_list(items: list[int], limit: int) -> None:
    seen: list[int] = []
    cursor = None
    while True:
        page, cursor = page_of(items, cursor, limit)
        assert len(page) <= limit
        seen += page
        if cursor is None:
            break

    assert seen == items


@pytest.mark.parametrize("forged", ["", "abc", "b3g=", "LTE=", "b-1=", "💥", "bzE=" * 9])
def test_a_forged_cursor_is_refused(forged: str) -> None:
    with pytest.raises(InvalidRequestError, match="cursor"):
        offset_of(forged)


@given(st.integers(min_value=0, max_value=10**9))
def test_a_cursor_is_short_and_leads_back(offset: int) -> None:
    assert offset_of(cursor_for(offset)) == offset
    assert len(cursor_for(offset)) <= 40
