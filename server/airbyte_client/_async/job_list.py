"""Jobs newest first, whatever the server makes of the order that it was asked for."""

from collections.abc import AsyncIterator
from itertools import pairwise

from airbyte_client._async.paging import PAGE_SIZE, iterate
from airbyte_client.clocks import AsyncPageSource
from airbyte_client.errors import InvalidAnswerError
from airbyte_client.models import LONG_AGO, Job

MAX_UNORDERED = 10_000
"""Jobs that are read to put them in order ourselves: a hundred requests."""

_SMALLEST_ORDER = 2


async def newest_first(fetch: AsyncPageSource[Job], limit: int | None) -> AsyncIterator[Job]:
    """Jobs as they come, when they come newest first; else all of them, put in order here.

    Airbyte lists jobs oldest first unless asked otherwise. A server that does not know `orderBy` shows it on
    the first page, of which therefore two rows at least are read.

    Args:
        fetch: Gets a page by limit and offset.
        limit: The most jobs; None for all.

    Raises:
        InvalidAnswerError: The order is ignored and there are more than 10,000 jobs.
    """
    if limit is not None and limit <= 0:
        return
    size = PAGE_SIZE if limit is None else max(_SMALLEST_ORDER, min(PAGE_SIZE, limit))
    first = await fetch(size, 0)

    async def pages(size: int, offset: int) -> list[Job]:
        return first if offset == 0 else await fetch(size, offset)

    in_order = all(not _is_older(job, follower) for job, follower in pairwise(first))
    rows = iterate(pages, _job_id, limit) if in_order else _ordered(fetch, limit)
    async for job in rows:
        yield job


async def _ordered(fetch: AsyncPageSource[Job], limit: int | None) -> AsyncIterator[Job]:
    jobs = [job async for job in iterate(fetch, _job_id, MAX_UNORDERED + 1)]
    if len(jobs) > MAX_UNORDERED:
        raise InvalidAnswerError(
            f"Airbyte ignores the order asked for, and there are more than {MAX_UNORDERED:,} jobs to order.",
            next_step="Narrow the request down: one connection, or created_after.",
        )
    jobs.sort(key=lambda job: (job.started_at or LONG_AGO, job.job_id), reverse=True)
    for job in jobs[:limit]:
        yield job


def _is_older(job: Job, other: Job) -> bool:
    """By their times, which may be the same; by their ids where a time is missing."""
    if job.started_at is None or other.started_at is None:
        return job.job_id < other.job_id
    return job.started_at < other.started_at


def _job_id(job: Job) -> int:
    return job.job_id
