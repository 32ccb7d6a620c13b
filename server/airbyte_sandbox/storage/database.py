"""One SQLite connection for the whole sandbox, used by one thread at a time in short transactions."""

import sqlite3
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

SCHEMA = """
CREATE TABLE IF NOT EXISTS workspaces (
    id TEXT PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS sources (
    id TEXT PRIMARY KEY, workspace_id TEXT NOT NULL, name TEXT NOT NULL, type TEXT NOT NULL,
    connector TEXT NOT NULL, configuration TEXT NOT NULL, catalog TEXT NOT NULL,
    created_at INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS destinations (
    id TEXT PRIMARY KEY, workspace_id TEXT NOT NULL, name TEXT NOT NULL, type TEXT NOT NULL,
    configuration TEXT NOT NULL, created_at INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS connections (
    id TEXT PRIMARY KEY, workspace_id TEXT NOT NULL, name TEXT NOT NULL, source_id TEXT NOT NULL,
    destination_id TEXT NOT NULL, status TEXT NOT NULL, schedule_type TEXT NOT NULL,
    schedule_expression TEXT NOT NULL, streams TEXT NOT NULL, created_at INTEGER NOT NULL,
    prefix TEXT NOT NULL, namespace_definition TEXT NOT NULL, namespace_format TEXT,
    schema_updates TEXT NOT NULL, tags TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT, connection_id TEXT NOT NULL, type TEXT NOT NULL,
    status TEXT NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS jobs_by_connection ON jobs (connection_id, created_at, id);
CREATE INDEX IF NOT EXISTS jobs_by_time ON jobs (created_at, id);
CREATE UNIQUE INDEX IF NOT EXISTS one_active_job ON jobs (connection_id)
    WHERE status IN ('pending', 'running', 'incomplete');
CREATE TABLE IF NOT EXISTS attempts (
    job_id INTEGER NOT NULL, number INTEGER NOT NULL, status TEXT NOT NULL,
    created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
    records_emitted INTEGER NOT NULL DEFAULT 0, bytes_emitted INTEGER NOT NULL DEFAULT 0,
    records_committed INTEGER NOT NULL DEFAULT 0, bytes_committed INTEGER NOT NULL DEFAULT 0,
    states INTEGER NOT NULL DEFAULT 0, estimated_records INTEGER,
    failures TEXT NOT NULL DEFAULT '[]',
    PRIMARY KEY (job_id, number)) WITHOUT ROWID;
"""


class Database:
    """The sandbox's state; ``path`` None keeps it in memory."""

    def __init__(self, path: Path | None) -> None:
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(
            path if path is not None else ":memory:", isolation_level=None, check_same_thread=False
        )
        self._connection.row_factory = sqlite3.Row
        if path is not None:
            path.chmod(0o600)
            self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.executescript(SCHEMA)

    @contextmanager
    def transaction(self) -> Generator[sqlite3.Connection]:
        """All of it or nothing of it, and nobody else meanwhile; do not wait for anything inside."""
        with self._lock, self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            yield self._connection

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()
