"""Fixtures that every room's tests may use."""

from collections.abc import Generator
from pathlib import Path

import pytest

from harness import Desk, Sandbox, running_sandbox
from postgres_server import PostgresServer, running_postgres


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def shared_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Generator[Sandbox]:
    """One sandbox for all tests of a worker: its start would otherwise be most of their time."""
    with running_sandbox(tmp_path_factory.mktemp("sandbox") / "data") as sandbox:
        yield sandbox


@pytest.fixture
def desk(shared_sandbox: Sandbox, tmp_path: Path) -> Desk:
    """A sandbox as it is at its start, request log included, and a folder for one test."""
    return Desk(shared_sandbox.started_over(), tmp_path)


@pytest.fixture(scope="session")
def postgres() -> Generator[PostgresServer]:
    """One PostgreSQL for all tests of a worker, which each take a database of their own; marked `ci`."""
    with running_postgres() as server:
        yield server
