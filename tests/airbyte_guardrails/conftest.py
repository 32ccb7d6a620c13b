"""A clock, a store of each kind, and a plan book on it."""

from collections.abc import Generator
from pathlib import Path

import pytest

from airbyte_guardrails.life import PlanBook
from plan_books import Clock, book_on, close_books
from postgres_server import PostgresServer


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where a SQLite store would live."""
    return tmp_path / "data" / "plans.sqlite"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.ci)])
def address(request: pytest.FixtureRequest, file: Path) -> Path | str:
    """An empty store of each kind, as `Store` takes it."""
    if request.param == "sqlite":
        return file
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.fresh_database()


@pytest.fixture
def book(address: Path | str, clock: Clock) -> PlanBook:
    return book_on(address, clock)


@pytest.fixture(autouse=True)
def _closed_books() -> Generator[None]:
    yield
    close_books()
