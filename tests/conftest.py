"""Fixtures that every room's tests may use."""

from collections.abc import Generator
from pathlib import Path

import pytest

from harness import Desk, running_sandbox


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def desk(tmp_path: Path) -> Generator[Desk]:
    """A fresh sandbox and a folder for one test."""
    with running_sandbox(tmp_path / "sandbox-data") as sandbox:
        yield Desk(sandbox, tmp_path)
