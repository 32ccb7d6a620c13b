"""What the sandbox is told at its start and what it tells back: light to import."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

LOOPBACK = "127.0.0.1"
PUBLIC_API = "/api/public/v1"


class SandboxError(Exception):
    """The sandbox cannot start; the text says why and what to do."""


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
    """

    port: int = 0
    data_dir: Path | None = None
    files: tuple[Path, ...] = ()
    client_id: str | None = None
    client_secret: str | None = None
    token_seconds: int = 900
    require_auth: bool = True


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
