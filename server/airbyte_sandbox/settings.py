"""What the sandbox is told at its start and what it tells back: light to import."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Self

LOOPBACK = "127.0.0.1"
PUBLIC_API = "/api/public/v1"


class SandboxError(Exception):
    """The sandbox cannot start; the text says why and what to do."""


class Dialect(StrEnum):
    """`current` writes as the server of today does, `reference` as the reference document shows."""

    CURRENT = "current"
    REFERENCE = "reference"


@dataclass(frozen=True)
class Connector:
    """An executable that speaks the Airbyte protocol as a source: its name here, and how to start it."""

    name: str
    command: tuple[str, ...]


@dataclass(frozen=True)
class FleetSize:
    """How large a generated fleet is; the same ``seed`` gives the same fleet."""

    connections: int
    jobs: int
    seed: int = 0


@dataclass(frozen=True)
class SandboxSettings:
    """How to start a sandbox.

    Attributes:
        port: TCP port on 127.0.0.1; 0 takes a free one.
        data_dir: folder that keeps state and synced rows; None keeps nothing after the end.
        files: CSV or JSONL files, each of which becomes a source with a connection.
        client_id: credential of the demo application; None makes a random one.
        client_secret: its secret; None makes a random one.
        token_seconds: life of an access token, 900 as on a current Airbyte.
        require_auth: whether calls need a token, as on an Airbyte with authorization enabled.
        connectors: connectors of the user's, each of which becomes a source with a connection.
        seed_file: JSON file with the fleet to start with, instead of the demo's.
        fleet: size of a generated fleet to start with, instead of the demo's.
        dialect: how the public API writes things down.
        schedules: whether connections with a schedule sync by themselves.
        time_factor: scales the pauses between two attempts of a job; 1 waits as long as Airbyte does.
    """

    port: int = 0
    data_dir: Path | None = None
    files: tuple[Path, ...] = ()
    client_id: str | None = None
    client_secret: str | None = None
    token_seconds: int = 900
    require_auth: bool = True
    connectors: tuple[Connector, ...] = ()
    seed_file: Path | None = None
    fleet: FleetSize | None = None
    dialect: Dialect = Dialect.CURRENT
    schedules: bool = True
    time_factor: float = 0.02


@dataclass(frozen=True)
class SandboxAddress:
    """Where a running sandbox answers, and with which credentials."""

    url: str
    client_id: str
    client_secret: str

    @property
    def api_url(self) -> str:
        """Base URL of the public API."""
        return self.url + PUBLIC_API


class RunningSandbox:
    """A sandbox that answers; leaving the context, or ``close()``, ends it with all its jobs."""

    def __init__(self, address: SandboxAddress, stop: Callable[[], None]) -> None:
        self.address = address
        self._stop: Callable[[], None] | None = stop

    def close(self) -> None:
        """Stop the jobs and the server, remove temporary folders; a second call does nothing."""
        stop, self._stop = self._stop, None
        if stop is not None:
            stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
