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
CREATE TABLE IF NOT EXISTS tags (
    id TEXT PRIMARY KEY, workspace_id TEXT NOT NULL, name TEXT NOT NULL, color TEXT NOT NULL,
    UNIQUE (workspace_id, name));
CREATE TABLE IF NOT EXISTS jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT, connection_id TEXT NOT NULL, type TEXT NOT NULL,
    status TEXT NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS jobs_by_connection ON jobs (connection_id, created_at, id);
CREATE INDEX IF NOT EXISTS jobs_by_time ON jobs (created_at, id);
CREATE UNIQUE INDEX IF NOT EXISTS one_active_job ON jobs (connection_id)
    WHERE status IN ('pending', 'running', 'incomplete');
CREATE INDEX IF NOT EXISTS jobs_by_update ON jobs (updated_at, id);
CREATE TABLE IF NOT EXISTS job_days (
    day INTEGER NOT NULL, workspace_id TEXT NOT NULL, type TEXT NOT NULL, status TEXT NOT NULL,
    jobs INTEGER NOT NULL, PRIMARY KEY (day, workspace_id, type, status)) WITHOUT ROWID;
CREATE TRIGGER IF NOT EXISTS job_recounted AFTER UPDATE OF status ON jobs BEGIN
    UPDATE job_days SET jobs = jobs - 1 WHERE day = OLD.created_at / 86400000 AND type = OLD.type
        AND workspace_id = ifnull((SELECT workspace_id FROM connections WHERE id = OLD.connection_id), '')
        AND status = OLD.status;
    INSERT INTO job_days SELECT NEW.created_at / 86400000,
        ifnull((SELECT workspace_id FROM connections WHERE id = NEW.connection_id), ''),
        NEW.type, NEW.status, 1 WHERE true ON CONFLICT DO UPDATE SET jobs = jobs + 1;
END;
CREATE TABLE IF NOT EXISTS attempts (
    job_id INTEGER NOT NULL, number INTEGER NOT NULL, status TEXT NOT NULL,
    created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
    records_emitted INTEGER NOT NULL DEFAULT 0, bytes_emitted INTEGER NOT NULL DEFAULT 0,
    records_committed INTEGER NOT NULL DEFAULT 0, bytes_committed INTEGER NOT NULL DEFAULT 0,
    states INTEGER NOT NULL DEFAULT 0, estimated_records INTEGER,
    failures TEXT NOT NULL DEFAULT '[]',
    PRIMARY KEY (job_id, number)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS attempt_logs (
    job_id INTEGER NOT NULL, number INTEGER NOT NULL, position INTEGER NOT NULL, at INTEGER NOT NULL,
    level TEXT NOT NULL, source TEXT NOT NULL, message TEXT NOT NULL,
    PRIMARY KEY (job_id, number, position)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS stream_statuses (
    job_id INTEGER NOT NULL, number INTEGER NOT NULL, stream TEXT NOT NULL, state TEXT NOT NULL,
    at INTEGER NOT NULL, cancelled INTEGER NOT NULL,
    PRIMARY KEY (job_id, number, stream)) WITHOUT ROWID;
"""
COUNT_NEW_JOBS = """
CREATE TRIGGER IF NOT EXISTS job_counted AFTER INSERT ON jobs BEGIN
    INSERT INTO job_days SELECT NEW.created_at / 86400000,
        ifnull((SELECT workspace_id FROM connections WHERE id = NEW.connection_id), ''),
        NEW.type, NEW.status, 1 WHERE true ON CONFLICT DO UPDATE SET jobs = jobs + 1;
END
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
        self._connection.execute(COUNT_NEW_JOBS)

    @contextmanager
    def transaction(self) -> Generator[sqlite3.Connection]:
        """All of it or nothing of it, and nobody else meanwhile; do not wait for anything inside.

        A transaction inside another one is a part of it.
        """
        with self._lock:
            if self._connection.in_transaction:
                yield self._connection
                return
            with self._connection:
                self._connection.execute("BEGIN IMMEDIATE")
                yield self._connection

    def clear(self) -> None:
        """Delete everything; the ids of jobs begin at 1 again."""
        with self.transaction() as database:
            tables = database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
            for (name,) in tables:
                database.execute(f"DELETE FROM {name}")  # noqa: S608 - names of this module's own tables

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()
