from collections.abc import Generator

import pytest

from airbyte_sandbox import SandboxSettings, start_in_thread
from sandbox_user import SandboxUser


@pytest.fixture(scope="module")
def reader() -> Generator[SandboxUser]:
    """A user of a sandbox that this module's tests share, and in which they change nothing."""
    with start_in_thread(SandboxSettings(schedules=False, time_factor=0)) as sandbox:
        user = SandboxUser(sandbox.address)
        yield user
        user.close()


@pytest.fixture
def user() -> Generator[SandboxUser]:
    """A user of a sandbox of the test's own."""
    with start_in_thread(SandboxSettings(schedules=False, time_factor=0)) as sandbox:
        user = SandboxUser(sandbox.address)
        yield user
        user.close()
