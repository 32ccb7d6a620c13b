"""Jobs and their attempts in SQLite: the only place that changes a job's state."""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from itertools import islice

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
from airbyte_sandbox.storage.database import COUNT_NEW_JOBS, Database
from airbyte_sandbox.storage.far_pages import nearer
from airbyte_sandbox.storage.fleet import Page
from airbyte_sandbox.storage.job_filter import JobFilter, JobOrder

_ACTIVE = tuple(status for status in JobStatus if not status.terminal)
_JOB = (
    "SELECT jobs.*,"
    " (SELECT sum(records_committed) FROM attempts WHERE job_id = jobs.id) AS rows,"
    " (SELECT sum(bytes_committed) FROM attempts WHERE job_id = jobs.id) AS bytes,"
    " (SELECT created_at FROM attempts WHERE job_id = jobs.id AND number = 0) AS started_at"
    " FROM jobs"
)
_INSERT_JOB = (
    "INSERT INTO jobs (id, connection_id, type, status, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)"
)
_INSERT_ATTEMPT = "INSERT INTO attempts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_COUNT_ALL = """
INSERT INTO job_days
SELECT jobs.created_at / 86400000 AS day, ifnull(connections.workspace_id, '') AS owner,
    jobs.type, jobs.status, count(*)
FROM jobs LEFT JOIN connections ON connections.id = connection_id
GROUP BY day, owner, jobs.type, jobs.status
"""
_LOT = 10_000


class JobStore:
    """Reads jobs and moves them through the states Airbyte allows."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def job(self, job_id: int) -> Job | None:
        """The job, or None."""
        return self._one(f"{_JOB} WHERE id = ?", job_id)

    def jobs(self, wanted: JobFilter, order: JobOrder, page: Page) -> list[Job]:
        """A page of jobs; a far one takes no longer than a near one where :mod:`.far_pages` can help."""
        with self._database.transaction() as database:
            wanted, page = nearer(database, wanted, order, page)
            condition, values = wanted.conditions()
            rows = database.execute(
                f"{_JOB}{condition}{order.sql} LIMIT ? OFFSET ?", (*values, page.limit, page.offset)
            ).fetchall()
        return [_job(row) for row in rows]

    def count(self, wanted: JobFilter) -> int:
        """How many jobs there are."""
        condition, values = wanted.conditions()
        with self._database.transaction() as database:
            return int(database.execute(f"SELECT count(*) FROM jobs{condition}", values).fetchone()[0])  # noqa: S608 - marks only

    def active(self, connection_id: str) -> Job | None:
        """The one job of this connection that has not ended, or None."""
        marks = ",".join("?" * len(_ACTIVE))
        return self._one(f"{_JOB} WHERE connection_id = ? AND status IN ({marks})", connection_id, *_ACTIVE)

    def last_start(self, connection_id: str) -> int | None:
        """When the newest sync of a connection was created; None if it never had one."""
        with self._database.transaction() as database:
            row = database.execute(
                "SELECT created_at FROM jobs WHERE connection_id = ? AND type = 'sync'"
                " ORDER BY created_at DESC LIMIT 1",
                (connection_id,),
            ).fetchone()
        return None if row is None else int(row[0])

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
            job_id = _next_id(database)
            database.execute(_INSERT_JOB, _job_row(job_id, job))
            database.executemany(_INSERT_ATTEMPT, [_attempt_row(job_id, attempt) for attempt in attempts])

    def add_many_finished(self, past: Iterable[tuple[Job, Attempt]]) -> None:
        """Put in jobs of the past, with one attempt each; they are counted together, which is faster."""
        pairs = iter(past)
        with self._database.transaction() as database:
            first = _next_id(database)
            database.execute("DROP TRIGGER job_counted")
            while lot := list(islice(pairs, _LOT)):
                numbered = list(enumerate(lot, first))
                database.executemany(_INSERT_JOB, [_job_row(number, job) for number, (job, _) in numbered])
                database.executemany(
                    _INSERT_ATTEMPT, [_attempt_row(number, attempt) for number, (_, attempt) in numbered]
                )
                first += len(lot)
            database.execute("DELETE FROM job_days")
            database.execute(_COUNT_ALL)
            database.execute(COUNT_NEW_JOBS)

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


def _next_id(database: sqlite3.Connection) -> int:
    return int(database.execute("SELECT ifnull(max(id), 0) + 1 FROM jobs").fetchone()[0])


def _job_row(job_id: int, job: Job) -> tuple[int | str, ...]:
    return job_id, job.connection_id, job.type.value, job.status.value, job.created_at, job.updated_at


def _attempt_row(job_id: int, attempt: Attempt) -> tuple[int | str | None, ...]:
    progress = attempt.progress
    return (
        job_id,
        attempt.number,
        attempt.status.value,
        attempt.created_at,
        attempt.updated_at,
        progress.records_emitted,
        progress.bytes_emitted,
        progress.records_committed,
        progress.bytes_committed,
        progress.states,
        progress.estimated_records,
        dump_json([asdict(failure) for failure in attempt.failures]) if attempt.failures else "[]",
    )


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
        started_at=row["started_at"],
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
