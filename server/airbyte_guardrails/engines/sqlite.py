"""SQLite: one file in the user's data folder, owner-only, in WAL mode."""

import errno
import os
import stat
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, PoolProxiedConnection, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry

from airbyte_guardrails.engines import WRITES
from airbyte_guardrails.errors import StoreUnavailableError

_CACHE_KIB = 256
"""What each connection keeps of the file, which the system keeps, too. SQLite's own choice is 2 MiB."""
_IDENTITY = "airbyte_file"

# By the beginning of SQLite's own name for the fault: what it means, and what helps.
_MEANINGS = {
    "SQLITE_FULL": ("its disk is full", "Make room on that disk, then ask again."),
    "SQLITE_BUSY": (
        "another program holds its lock",
        "Try again in a moment; if it stays so, find who has the file open and end that program.",
    ),
    "SQLITE_READONLY": ("this user may not write it", "Let this user write the file and its folder."),
    "SQLITE_CANTOPEN": (
        "it is gone, or cannot be opened",
        "Put the file back, or restart this program to begin with a new one.",
    ),
    "SQLITE_NOTADB": ("it is no database", "Restore it from a backup, or move it away to begin a new one."),
    "SQLITE_CORRUPT": ("it is damaged", "Restore it from a backup, or move it away to begin a new one."),
    "SQLITE_IOERR": ("its disk reports a fault", "Check that disk, and that it has room."),
}
_OTHERWISE = (
    "SQLite cannot work with it",
    "Check that the folder is writable and has space, and that no other program locks the file.",
)


class SqliteFile:
    """A SQLite database file."""

    def __init__(self, path: Path, lock_seconds: float) -> None:
        self._path = path
        self._lock_ms = int(lock_seconds * 1_000)

    @property
    def name(self) -> str:
        """The file's path."""
        return str(self._path)

    def connect(self) -> Engine:
        """Create the file if there is none, and open it.

        Raises:
            StoreUnavailableError: Others could have written approvals into it.
            OSError: It can be neither created nor opened.
        """
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600))
        # `mode=rw` never creates: a file that vanishes while in use is a fault, not a new store without a no.
        database = f"file:{quote(str(self._path))}"
        url = URL.create("sqlite", database=database, query={"mode": "rw", "uri": "true"})
        engine = create_engine(url, hide_parameters=True)
        event.listen(engine, "connect", self._configure)
        event.listen(engine, "checkout", self._require_same_file)
        event.listen(engine, "begin", _begin)
        return engine

    def refusal(self, fault: Exception) -> StoreUnavailableError:
        """What the fault means, by SQLite's own code for it."""
        code = _code(fault)
        meant = (meaning for begins, meaning in _MEANINGS.items() if code.startswith(begins))
        problem, next_step = next(meant, _OTHERWISE)
        return StoreUnavailableError(
            f"The store of plans at {self._path} cannot be used: {problem};"
            " without it nothing is sent to Airbyte.",
            next_step,
        )

    def _configure(self, connection: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
        _require_private(self._path)
        entry.info[_IDENTITY] = _identity(self._path)
        # sqlite3's own transactions start too late, at the first INSERT; ours start in _begin.
        raw: Any = connection  # the DB-API type knows nothing of sqlite3's isolation_level
        raw.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {self._lock_ms}")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        cursor.close()

    def _require_same_file(
        self, _connection: DBAPIConnection, entry: ConnectionPoolEntry, _proxy: PoolProxiedConnection
    ) -> None:
        """Leave a file that was moved away: SQLite would go on writing it beside the new one's users."""
        if entry.info[_IDENTITY] != _identity(self._path):
            raise DisconnectionError


def _code(fault: Exception) -> str:
    """SQLite's name for the fault, or for its like from the operating system."""
    if isinstance(fault, OSError) and fault.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return "SQLITE_READONLY"
    original = fault.orig if isinstance(fault, DBAPIError) else None
    return getattr(original, "sqlite_errorname", "")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat(follow_symlinks=False)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _require_private(path: Path) -> None:
    """Refuse a file into which others could have written approvals."""
    file, folder = path.stat(follow_symlinks=False), path.parent.stat()
    others_write = stat.S_IWGRP | stat.S_IWOTH
    if {file.st_uid, folder.st_uid} - {os.geteuid()} or file.st_mode & 0o077 or folder.st_mode & others_write:
        raise StoreUnavailableError(
            f"The store of plans at {path} is open to other users of this machine, so it is not trusted.",
            f"Make it and its folder yours alone: chmod 700 {path.parent} && chmod 600 {path}.",
        )
