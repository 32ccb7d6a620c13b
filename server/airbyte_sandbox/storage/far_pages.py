"""Finds the beginning of a far page without walking over all jobs before it.

SQLite's OFFSET visits every row that it skips. The table `job_days`, kept by triggers, says how many jobs of
each kind began on each day; so whole days are skipped, and only the rows of one day are visited.
"""

import sqlite3
from dataclasses import replace

from airbyte_sandbox.storage.fleet import Page
from airbyte_sandbox.storage.job_filter import JobFilter, JobOrder

_DAY = 86_400_000
_FAR = 1000


def nearer(
    database: sqlite3.Connection, wanted: JobFilter, order: JobOrder, page: Page
) -> tuple[JobFilter, Page]:
    """The same page, told as a smaller offset from the beginning of its day; an empty one beyond the end.

    Near pages stay as they are, and so do lists of one connection, by times, or sorted by update: these have
    to be walked.
    """
    only_kinds = JobFilter(workspace_ids=wanted.workspace_ids, types=wanted.types, statuses=wanted.statuses)
    if page.offset < _FAR or order.by_update or wanted != only_kinds:
        return wanted, page
    left = page.offset
    for day, jobs in _days(database, wanted, newest_first=order.newest_first):
        if jobs > left:
            near = replace(page, offset=left)
            if order.newest_first:
                return replace(wanted, created_to=(day + 1) * _DAY - 1), near
            return replace(wanted, created_from=day * _DAY), near
        left -= jobs
    return wanted, replace(page, limit=0)


def _days(database: sqlite3.Connection, wanted: JobFilter, *, newest_first: bool) -> list[tuple[int, int]]:
    """Each day with its number of jobs."""
    kinds = (("workspace_id", wanted.workspace_ids), ("type", wanted.types), ("status", wanted.statuses))
    clauses = [f"{name} IN ({','.join('?' * len(values))})" for name, values in kinds if values]
    where = f" WHERE {' AND '.join(clauses)}" if clauses else ""
    rows = database.execute(
        f"SELECT day, sum(jobs) FROM job_days{where} GROUP BY day ORDER BY day"  # noqa: S608 - names and marks only
        f" {'DESC' if newest_first else 'ASC'}",
        [value for _, values in kinds for value in values],
    ).fetchall()
    return [(int(row[0]), int(row[1])) for row in rows]
