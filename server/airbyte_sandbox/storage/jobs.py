"""Jobs and their attempts in SQLite: the only place that changes a job's state."""

import sqlite3
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from airbyte_sandbox.clock import Clock, milliseconds
from airbyte_sandbox.json_value import JsonObject, as_list, as_object, as_text, dump_json, parse_json
from airbyte_sandbox.model import (
    NEXT_STATES,
    Attempt,
    AttemptStatus,
    Failure,
    FailureOrigin,
    FailureType,
    Job,
    JobStatus,
    JobType,
    Progress,
)
from airbyte_sandbox.storage.database import Database
from airbyte_sandbox.storage.fleet import Page

_ACTIVE = tuple(status for status in JobStatus if not status.terminal)
_JOB = (
    "SELECT jobs.*,"
    " (SELECT sum(records_committed) FROM attempts WHERE job_id = jobs.id) AS rows,"
    " (SELECT sum(bytes_committed) FROM attempts WHERE job_id = jobs.id) AS bytes"
    " FROM jobs"
)


@dataclass(frozen=True)
class JobOrder:
    """How a list of jobs is sorted; Airbyte's default is the oldest first."""

    by_update: bool = False
    newest_first: bool = False

    @property
    def sql(self) -> str:
        """The ORDER BY clause; equal times are told apart by id."""
        column = "updated_at" if self.by_update else "created_at"
        direction = "DESC" if self.newest_first else "ASC"
        return f" ORDER BY jobs.{column} {direction}, jobs.id {direction}"


@dataclass(frozen=True)
class JobFilter:
    """Which jobs; None or empty means no restriction. Times are milliseconds, both ends included."""

    connection_id: str | None = None
    workspace_ids: tuple[str, ...] = ()
    type: str | None = None
    status: str | None = None
    created_from: int | None = None
    created_to: int | None = None
    updated_from: int | None = None
    updated_to: int | None = None

    def conditions(self) -> tuple[str, list[str | int]]:
        """The WHERE clause and its values."""
        wanted: list[tuple[str, str | int | None]] = [
            ("connection_id = ?", self.connection_id),
            ("type = ?", self.type),
            ("status = ?", self.status),
            ("created_at >= ?", self.created_from),
            ("created_at <= ?", self.created_to),
            ("updated_at >= ?", self.updated_from),
            ("updated_at <= ?", self.updated_to),
        ]
        clauses = [clause for clause, value in wanted if value is not None]
        values = [value for _, value in wanted if value is not None]
        if self.workspace_ids:
            marks = ",".join("?" * len(self.workspace_ids))
            clauses.append(
                f"connection_id IN (SELECT id FROM connections WHERE workspace_id IN ({marks}))"  # noqa: S608 - marks only
            )
            values.extend(self.workspace_ids)
        return (f" WHERE {' AND '.join(clauses)}" if clauses else ""), values


class JobStore:
    """Reads jobs and moves them through the states Airbyte allows."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def job(self, job_id: int) -> Job | None:
        """The job, or None."""
        return self._one(f"{_JOB} WHERE id = ?", job_id)

    def jobs(self, wanted: JobFilter, order: JobOrder, page: Page) -> list[Job]:
        """A page of jobs."""
        condition, values = wanted.conditions()
        with self._database.transaction() as database:
            rows = database.execute(
                f"{_JOB}{condition}{order.sql} LIMIT ? OFFSET ?", (*values, page.limit, page.offset)
            ).fetchall()
        return [_job(row) for row in rows]

    def active(self, connection_id: str) -> Job | None:
        """The one job of this connection that has not ended, or None."""
        marks = ",".join("?" * len(_ACTIVE))
        return self._one(f"{_JOB} WHERE connection_id = ? AND status IN ({marks})", connection_id, *_ACTIVE)

    def all_active(self) -> list[Job]:
        """Every job that has not ended."""
        marks = ",".join("?" * len(_ACTIVE))
        with self._database.transaction() as database:
            rows = database.execute(f"{_JOB} WHERE status IN ({marks})", _ACTIVE).fetchall()
        return [_job(row) for row in rows]

    def attempts(self, job_id: int) -> list[Attempt]:
        """The attempts of a job, first one first."""
        with self._database.transaction() as database:
            rows = database.execute(
                "SELECT * FROM attempts WHERE job_id = ? ORDER BY number", (job_id,)
            ).fetchall()
        return [_attempt(row) for row in rows]

    def enqueue(self, connection_id: str, kind: JobType) -> Job | None:
        """Make a pending job; None if the connection has one that has not ended."""
        now = milliseconds(self._clock.now())
        marks = ",".join("?" * len(_ACTIVE))
        with self._database.transaction() as database:
            made = database.execute(
                "INSERT INTO jobs (connection_id, type, status, created_at, updated_at)"  # noqa: S608 - marks only
                " SELECT ?, ?, 'pending', ?, ? WHERE NOT EXISTS"
                f" (SELECT 1 FROM jobs WHERE connection_id = ? AND status IN ({marks}))",
                (connection_id, kind, now, now, connection_id, *_ACTIVE),
            )
            if not made.rowcount:
                return None
            return _job(database.execute(f"{_JOB} WHERE id = ?", (made.lastrowid,)).fetchone())

    def advance(self, job_id: int, to: JobStatus) -> bool:
        """Move a job to ``to``; False, and nothing changed, if its state does not allow that."""
        with self._database.transaction() as database:
            return self._advance(database, job_id, to)

    def begin_attempt(self, job_id: int, number: int) -> bool:
        """Start attempt ``number``: the job runs; False if its state does not allow that."""
        now = milliseconds(self._clock.now())
        with self._database.transaction() as database:
            if not self._advance(database, job_id, JobStatus.RUNNING):
                return False
            database.execute(
                "INSERT INTO attempts (job_id, number, status, created_at, updated_at)"
                " VALUES (?, ?, 'running', ?, ?)",
                (job_id, number, now, now),
            )
            return True

    def record_progress(self, job_id: int, number: int, progress: Progress) -> None:
        """Keep the counts of a running attempt."""
        with self._database.transaction() as database:
            _write_progress(database, job_id, number, progress)

    def end_attempt(
        self, job_id: int, number: int, failures: Sequence[Failure], job_status: JobStatus
    ) -> None:
        """End an attempt and move its job on, both or neither."""
        now = milliseconds(self._clock.now())
        status = AttemptStatus.FAILED if failures else AttemptStatus.SUCCEEDED
        with self._database.transaction() as database:
            database.execute(
                "UPDATE attempts SET status = ?, updated_at = ?, failures = ?"
                " WHERE job_id = ? AND number = ? AND status = 'running'",
                (status, now, dump_json([asdict(failure) for failure in failures]), job_id, number),
            )
            self._advance(database, job_id, job_status)

    def add_finished(self, job: Job, attempts: Sequence[Attempt]) -> None:
        """Put in a job of the past; its id is given by the store."""
        with self._database.transaction() as database:
            job_id = database.execute(
                "INSERT INTO jobs (connection_id, type, status, created_at, updated_at)"
                " VALUES (?, ?, ?, ?, ?)",
                (job.connection_id, job.type, job.status, job.created_at, job.updated_at),
            ).lastrowid
            if job_id is None:
                raise RuntimeError("SQLite gave no id to a new job")
            for attempt in attempts:
                failures = dump_json([asdict(failure) for failure in attempt.failures])
                database.execute(
                    "INSERT INTO attempts (job_id, number, status, created_at, updated_at, failures)"
                    " VALUES (?, ?, ?, ?, ?, ?)",
                    (
                        job_id,
                        attempt.number,
                        attempt.status,
                        attempt.created_at,
                        attempt.updated_at,
                        failures,
                    ),
                )
                _write_progress(database, job_id, attempt.number, attempt.progress)

    def _advance(self, database: sqlite3.Connection, job_id: int, to: JobStatus) -> bool:
        allowed = [status for status, following in NEXT_STATES.items() if to in following]
        marks = ",".join("?" * len(allowed))
        moved = database.execute(
            f"UPDATE jobs SET status = ?, updated_at = ? WHERE id = ? AND status IN ({marks})",  # noqa: S608 - marks only
            (to, milliseconds(self._clock.now()), job_id, *allowed),
        )
        return moved.rowcount == 1

    def _one(self, query: str, *values: str | int) -> Job | None:
        with self._database.transaction() as database:
            row = database.execute(query, values).fetchone()
        return None if row is None else _job(row)


def _write_progress(database: sqlite3.Connection, job_id: int, number: int, progress: Progress) -> None:
    database.execute(
        "UPDATE attempts SET records_emitted = ?, bytes_emitted = ?, records_committed = ?,"
        " bytes_committed = ?, states = ?, estimated_records = ? WHERE job_id = ? AND number = ?",
        (
            progress.records_emitted,
            progress.bytes_emitted,
            progress.records_committed,
            progress.bytes_committed,
            progress.states,
            progress.estimated_records,
            job_id,
            number,
        ),
    )


def _job(row: sqlite3.Row) -> Job:
    return Job(
        id=row["id"],
        connection_id=row["connection_id"],
        type=JobType(row["type"]),
        status=JobStatus(row["status"]),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        rows=row["rows"],
        bytes=row["bytes"],
    )


def _attempt(row: sqlite3.Row) -> Attempt:
    return Attempt(
        job_id=row["job_id"],
        number=row["number"],
        status=AttemptStatus(row["status"]),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        progress=Progress(
            records_emitted=row["records_emitted"],
            bytes_emitted=row["bytes_emitted"],
            records_committed=row["records_committed"],
            bytes_committed=row["bytes_committed"],
            states=row["states"],
            estimated_records=row["estimated_records"],
        ),
        failures=tuple(_failure(as_object(item)) for item in as_list(parse_json(row["failures"]))),
    )


def _failure(item: JsonObject) -> Failure:
    return Failure(
        origin=FailureOrigin(as_text(item["origin"])),
        type=FailureType(as_text(item["type"])),
        message=as_text(item["message"]),
        detail=as_text(item["detail"]),
        stream=as_text(item["stream"]) or None,
    )
