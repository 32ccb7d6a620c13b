"""The folder that holds the destinations' files."""

import shutil
from pathlib import Path

from airbyte_sandbox.model import Connection
from airbyte_sandbox.sink.jsonl_folder import JsonlFolder
from airbyte_sandbox.sink.sink import Sink
from airbyte_sandbox.sink.sqlite_file import SqliteFile
from airbyte_sandbox.storage.fleet import FleetStore


class SinkFolder:
    """Opens the sink of a connection's destination."""

    def __init__(self, folder: Path, fleet: FleetStore) -> None:
        self._folder = folder
        self._fleet = fleet
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def open(self, connection: Connection) -> Sink:
        """The destination of ``connection``, as that connection sees it; close it after use."""
        destination = self._fleet.destination(connection.destination_id)
        path = self._folder / connection.destination_id
        if destination is not None and destination.is_jsonl:
            return JsonlFolder(path / connection.id)
        return SqliteFile(path.with_suffix(".sqlite"), connection.id)

    def clear(self) -> None:
        """Delete every row of every destination; no job may run."""
        shutil.rmtree(self._folder)
        self._folder.mkdir(mode=0o700)
