"""A clock, a store's file and a plan book on it."""

from pathlib import Path

import pytest

from airbyte_guardrails.life import PlanBook
from plan_books import Clock, book_on


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data" / "plans.sqlite"


@pytest.fixture
def book(file: Path, clock: Clock) -> PlanBook:
    return book_on(file, clock)
