"""What a connection's newest jobs tell somebody who is about to change it."""

import asyncio
from collections.abc import Sequence

from airbyte_client import Connection, Job, JobType
from airbyte_tools.tool import ToolContext
from airbyte_tools.words import length, rows, size

RECENT_JOBS = 10

History = Sequence[Job]
"""The newest jobs of one connection, newest first."""


async def histories_of(context: ToolContext, connections: Sequence[Connection]) -> list[History]:
    """The newest jobs of each connection."""
    return await asyncio.gather(
        *(context.client.list_jobs(c.connection_id, limit=RECENT_JOBS) for c in connections)
    )


def running_in(history: History) -> Job | None:
    """The job that has not ended; only the newest can be one."""
    return history[0] if history and not history[0].status.is_terminal else None


def volume_words(job: Job) -> str:
    """How much a job moved: "2,000 rows, 1.2 MB"."""
    return f"{rows(job.rows_synced)}, {size(job.bytes_synced)}"


def usual_words(history: History) -> str:
    """How much the last good sync moved and how long it took, as a sentence."""
    done = next((j for j in history if j.job_type is JobType.SYNC and j.status.value == "succeeded"), None)
    if done is None:
        return "None of its recent syncs succeeded."
    return f"Last successful sync: {volume_words(done)}, took {length(done.duration)}."


def last_words(history: History) -> str:
    """The newest job, as a sentence."""
    if not history:
        return "It has never run."
    return f"Last job: {history[0].job_id}, {history[0].status.value}."
