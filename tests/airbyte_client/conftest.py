"""Fixtures for the client's tests: a scripted server, clients that never really wait, a clean environment."""

import os
from collections.abc import Iterator

import pytest

from airbyte_client import AirbyteClient, NoAuth
from instant_clocks import InstantClock
from scripted_airbyte import ScriptedAirbyte, scripted_airbyte


@pytest.fixture
def server() -> Iterator[ScriptedAirbyte]:
    with scripted_airbyte() as running:
        yield running


@pytest.fixture
def clock() -> InstantClock:
    return InstantClock()


@pytest.fixture
def client(server: ScriptedAirbyte, clock: InstantClock) -> Iterator[AirbyteClient]:
    with AirbyteClient(server.base_url, auth=NoAuth(), clock=clock) as ready:
        yield ready


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("AIRBYTE_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
