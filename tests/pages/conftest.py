"""A page that is being served."""

from collections.abc import Generator

import pytest

from approval_pages import Page, page_of
from harness import Desk


@pytest.fixture
def page(desk: Desk) -> Generator[Page]:
    with page_of(desk) as page:
        yield page
