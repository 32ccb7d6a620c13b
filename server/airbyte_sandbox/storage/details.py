"""What attempts left behind beside their counts: log lines, and how far each stream came."""

import sqlite3
from collections.abc import Sequence

from airbyte_sandbox.model import LogLine, StreamRunState, StreamStatus
from airbyte_sandbox.storage.database import Database
from airbyte_sandbox.storage.fleet import Page

MOST_LOG_LINES = 1000


class DetailStore:
    """Logs and stream states of attempts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add_log(self, job_id: int, attempt: int, lines: Sequence[tuple[int, LogLine]]) -> None:
        """Put in lines, each with its position; of one attempt the last 1,000 positions are kept."""
        if not lines:
            return
        with self._database.transaction() as database:
            database.executemany(
                "INSERT INTO attempt_logs (job_id, number, position, at, level, source, message)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    (job_id, attempt, position, line.at, line.level, line.source, line.message)
                    for position, line in lines
                ],
            )
            database.execute(
                "DELETE FROM attempt_logs WHERE job_id = ? AND number = ? AND position <= ?",
                (job_id, attempt, lines[-1][0] - MOST_LOG_LINES),
            )

    def log(self, job_id: int, attempt: int) -> list[LogLine]:
        """The lines of an attempt, first one first."""
        with self._database.transaction() as database:
            rows = database.execute(
                "SELECT at, level, source, message FROM attempt_logs"
                " WHERE job_id = ? AND number = ? ORDER BY position",
                (job_id, attempt),
            ).fetchall()
        return [LogLine(*row) for row in rows]

    def put_stream_status(self, status: StreamStatus) -> None:
        """Keep how far a stream is, instead of what was known before."""
        with self._database.transaction() as database:
            database.execute(
                "INSERT OR REPLACE INTO stream_statuses (job_id, number, stream, state, at, cancelled)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (status.job_id, status.attempt, status.stream, status.state, status.at, status.cancelled),
            )

    def stream_statuses(
        self, page: Page, *, connection_id: str | None = None, job_id: int | None = None
    ) -> list[StreamStatus]:
        """A page of stream states, oldest job first."""
        with self._database.transaction() as database:
            rows = database.execute(
                "SELECT status.* FROM stream_statuses AS status JOIN jobs ON jobs.id = status.job_id"
                " WHERE (?1 IS NULL OR jobs.connection_id = ?1) AND (?2 IS NULL OR status.job_id = ?2)"
                " ORDER BY status.job_id, status.number, status.stream LIMIT ?3 OFFSET ?4",
                (connection_id, job_id, page.limit, page.offset),
            ).fetchall()
        return [_stream_status(row) for row in rows]


def _stream_status(row: sqlite3.Row) -> StreamStatus:
    return StreamStatus(
        job_id=row["job_id"],
        attempt=row["number"],
        stream=row["stream"],
        state=StreamRunState(row["state"]),
        at=row["at"],
        cancelled=bool(row["cancelled"]),
    )
