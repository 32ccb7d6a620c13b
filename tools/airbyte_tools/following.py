"""Following jobs until they end, with progress, without outlasting the caller's patience."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from airbyte_client import Job, JobStatus, JobType
from airbyte_tools.tool import ToolContext
from airbyte_tools.words import counted

LONGEST_WAIT = 300
"""The most seconds that one call may wait."""

FIRST_PAUSE = 0.3
LONGEST_PAUSE = 5.0
SLOWING = 1.5


async def follow(context: ToolContext, job_ids: Sequence[int], wait_seconds: int) -> list[Job]:
    """The jobs as they stand when all have ended, or when `wait_seconds` are over.

    Reports the rows of all of them together. A job that will retry (incomplete) has not ended.
    """
    until = context.now() + timedelta(seconds=wait_seconds)
    jobs = await _read(context, job_ids)
    expected = await _expected_rows(context, jobs)
    reported = 0
    pause = FIRST_PAUSE
    while _going(jobs) and context.now() < until:
        so_far = await _total_so_far(context, jobs)
        if so_far is not None and so_far > reported:
            reported = so_far
            await context.progress(so_far, _total(expected, so_far), f"{counted(so_far, 'row')} so far")
        await asyncio.sleep(pause)
        pause = min(pause * SLOWING, LONGEST_PAUSE)
        jobs = await _read(context, job_ids, jobs)
    await _report_end(context, jobs, reported)
    return jobs


async def rows_so_far(context: ToolContext, job: Job) -> int | None:
    """Rows that a job has moved until now; None where this Airbyte does not tell before the end."""
    # The public API tells no counts before a job ends; the Config API does, where there is one.
    if job.rows_synced is not None:
        return job.rows_synced
    return (await context.client.explain_job(job.job_id)).rows_so_far


async def _read(context: ToolContext, job_ids: Sequence[int], before: Sequence[Job] = ()) -> list[Job]:
    ended = {job.job_id: job for job in before if job.status.is_terminal}
    return [ended.get(job_id) or await context.client.get_job(job_id) for job_id in job_ids]


def _going(jobs: Sequence[Job]) -> bool:
    return any(not job.status.is_terminal for job in jobs)


async def _expected_rows(context: ToolContext, jobs: Sequence[Job]) -> int | None:
    earlier = [
        await context.client.list_jobs(
            job.connection_id, job_type=JobType.SYNC, status=JobStatus.SUCCEEDED, limit=1
        )
        for job in jobs
    ]
    return _sum([found[0].rows_synced if found else None for found in earlier])


async def _total_so_far(context: ToolContext, jobs: Sequence[Job]) -> int | None:
    return _sum([await rows_so_far(context, job) for job in jobs])


def _sum(counts: Sequence[int | None]) -> int | None:
    """The sum; unknown as soon as one part of it is."""
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


def _total(expected: int | None, so_far: int) -> int | None:
    return expected if expected is not None and expected >= so_far else None


async def _report_end(context: ToolContext, jobs: Sequence[Job], reported: int) -> None:
    rows = _sum([job.rows_synced for job in jobs])
    if not _going(jobs) and rows is not None and rows > reported:
        states = ", ".join(dict.fromkeys(job.status.value for job in jobs))
        await context.progress(rows, rows, f"{counted(rows, 'row')}, {states}")
