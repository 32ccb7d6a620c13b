"""The folder that holds the destinations' SQLite files."""

from pathlib import Path

from airbyte_sandbox.model import Connection
from airbyte_sandbox.sink.sqlite_file import SqliteFile


class SinkFolder:
    """Opens the file of a connection's destination."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def open(self, connection: Connection) -> SqliteFile:
        """The file of the destination of ``connection``, as that connection sees it; close it after use."""
        return SqliteFile(self._folder / f"{connection.destination_id}.sqlite", connection.id)
