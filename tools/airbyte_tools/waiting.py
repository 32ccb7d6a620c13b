"""Following a job until it ends, without holding the call longer than a client waits."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from airbyte_client import Job
from airbyte_tools.answers import JobWatch
from airbyte_tools.following import LONGEST_WAIT, follow, rows_so_far
from airbyte_tools.jobs import JobNumber, job_row, job_words
from airbyte_tools.tool import Arguments, ReadTool, ToolContext
from airbyte_tools.words import counted, sentence


class WaitForJobArguments(Arguments):
    """Which job, and for how long at most."""

    job_id: JobNumber
    wait_seconds: Annotated[int, Field(ge=1, le=LONGEST_WAIT)] = 45


async def _run(context: ToolContext, arguments: WaitForJobArguments) -> JobWatch:
    (job,) = await follow(context, [arguments.job_id], arguments.wait_seconds)
    return await _watch(context, job)


async def _watch(context: ToolContext, job: Job) -> JobWatch:
    finished = job.status.is_terminal
    return JobWatch(
        job=job_row(job),
        finished=finished,
        rows_so_far=job.rows_synced if finished else await rows_so_far(context, job),
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
