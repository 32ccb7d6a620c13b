"""The folder that holds the destinations' files."""

import shutil
from contextlib import closing, suppress
from pathlib import Path

from airbyte_sandbox.model import Connection, SinkKind
from airbyte_sandbox.sink import duckdb_extra
from airbyte_sandbox.sink.jsonl_folder import JsonlFolder
from airbyte_sandbox.sink.sink import Sink, SinkUnavailableError
from airbyte_sandbox.sink.sqlite_file import SqliteFile
from airbyte_sandbox.storage.fleet import FleetStore


class SinkFolder:
    """Opens the sink of a connection's destination."""

    def __init__(self, folder: Path, fleet: FleetStore) -> None:
        self._folder = folder
        self._fleet = fleet
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def open(self, connection: Connection) -> Sink:
        """The destination of ``connection``, as that connection sees it; close it after use.

        Raises:
            SinkUnavailableError: it cannot be opened; it needs DuckDB, which is not installed, for example.
        """
        destination = self._fleet.destination(connection.destination_id)
        path = self._folder / connection.destination_id
        match destination.kind if destination is not None else SinkKind.SQLITE:
            case SinkKind.SQLITE:
                return SqliteFile(path.with_suffix(".sqlite"), connection.id)
            case SinkKind.JSONL:
                return JsonlFolder(path / connection.id)
            case SinkKind.DUCKDB:
                return _duckdb(path.with_suffix(".duckdb"), connection.id)

    def tidy(self, connection: Connection) -> None:
        """Put the destination in order after a job of ``connection`` was killed with the whole sandbox."""
        with suppress(SinkUnavailableError), closing(self.open(connection)) as sink:
            sink.tidy()

    def clear(self) -> None:
        """Delete every row of every destination; no job may run."""
        shutil.rmtree(self._folder)
        self._folder.mkdir(mode=0o700)


def _duckdb(path: Path, connection_id: str) -> Sink:
    if not duckdb_extra.is_installed():
        raise SinkUnavailableError(duckdb_extra.MISSING, final=True)
    from airbyte_sandbox.sink.duckdb_file import DuckdbFile  # noqa: PLC0415 - loaded when a connection uses it

    return DuckdbFile(path, connection_id)
