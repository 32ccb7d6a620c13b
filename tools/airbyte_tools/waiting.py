"""Following a job until it ends, without holding the call longer than a client waits."""

import asyncio
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field

from airbyte_client import Job, JobStatus, JobType
from airbyte_tools.answers import JobWatch
from airbyte_tools.jobs import JobNumber, job_row, job_words
from airbyte_tools.tool import Arguments, ReadTool, ToolContext
from airbyte_tools.words import counted, sentence

FIRST_PAUSE = 0.3
LONGEST_PAUSE = 5.0
SLOWING = 1.5


class WaitForJobArguments(Arguments):
    """Which job, and for how long at most."""

    job_id: JobNumber
    wait_seconds: Annotated[int, Field(ge=1, le=300)] = 45


async def _run(context: ToolContext, arguments: WaitForJobArguments) -> JobWatch:
    until = context.now() + timedelta(seconds=arguments.wait_seconds)
    job = await context.client.get_job(arguments.job_id)
    expected = await _expected_rows(context, job)
    reported = 0
    pause = FIRST_PAUSE
    while not job.status.is_terminal and context.now() < until:
        so_far = await _rows_so_far(context, job)
        if so_far is not None and so_far > reported:
            reported = so_far
            await context.progress(so_far, _total(expected, so_far), f"{counted(so_far, 'row')} so far")
        await asyncio.sleep(pause)
        pause = min(pause * SLOWING, LONGEST_PAUSE)
        job = await context.client.get_job(job.job_id)
    await _report_end(context, job, reported)
    return await _watch(context, job)


async def _expected_rows(context: ToolContext, job: Job) -> int | None:
    earlier = await context.client.list_jobs(
        job.connection_id, job_type=JobType.SYNC, status=JobStatus.SUCCEEDED, limit=1
    )
    return earlier[0].rows_synced if earlier else None


async def _rows_so_far(context: ToolContext, job: Job) -> int | None:
    # The public API tells no counts before a job ends; the Config API does, where there is one.
    if job.rows_synced is not None:
        return job.rows_synced
    return (await context.client.explain_job(job.job_id)).rows_so_far


def _total(expected: int | None, so_far: int) -> int | None:
    return expected if expected is not None and expected >= so_far else None


async def _report_end(context: ToolContext, job: Job, reported: int) -> None:
    rows = job.rows_synced
    if job.status.is_terminal and rows is not None and rows > reported:
        await context.progress(rows, rows, f"{counted(rows, 'row')}, {job.status.value}")


async def _watch(context: ToolContext, job: Job) -> JobWatch:
    finished = job.status.is_terminal
    return JobWatch(
        job=job_row(job),
        finished=finished,
        rows_so_far=job.rows_synced if finished else await _rows_so_far(context, job),
        next_step=_next_step(job),
    )


def _next_step(job: Job) -> str:
    if not job.status.is_terminal:
        return f"Still going: call wait_for_job with job_id {job.job_id} again to keep following it."
    if job.status.value == "succeeded":
        return ""
    return f"Call get_job with job_id {job.job_id} to see why."


def _say(answer: JobWatch, now: datetime) -> str:
    lines = [f"{sentence(job_words(answer.job, now))}."]
    if not answer.finished and answer.rows_so_far is not None:
        lines.append(f"{counted(answer.rows_so_far, 'row')} so far.")
    return " ".join([*lines, answer.next_step]).strip()


WAIT_FOR_JOB = ReadTool(
    name="wait_for_job",
    title="Wait for a job",
    description=(
        "Follows a job with progress until it ends or wait_seconds are over, then says how to go on."
        " A job that will retry (incomplete) is not over."
    ),
    arguments=WaitForJobArguments,
    answer=JobWatch,
    run=_run,
    say=_say,
)
