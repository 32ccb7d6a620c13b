"""What became of a request whose answer nobody has, as far as Airbyte shows it. Nothing here but reads."""

from collections.abc import Awaitable, Callable
from typing import Any

from pydantic import JsonValue

from airbyte_client import Job, JobStatus, JobType
from airbyte_guardrails.plans import Target
from airbyte_guardrails.states import PlanState
from airbyte_tools.changing import Setting
from airbyte_tools.tool import Settled, ToolContext, Unanswered
from airbyte_tools.words import plain

BASELINE_JOBS = 10
NEWER_JOBS = 100
"""Jobs of one connection that are looked through, newest first: more do not begin while a request is lost."""

Settle = Callable[[ToolContext, Unanswered[Any]], Awaitable[Settled]]


async def newest_job_id(context: ToolContext, target: Target) -> JsonValue:
    """The baseline of a request that starts a job: every job of the connection with a higher id is newer."""
    # Airbyte orders by time, and jobs that began at the same time need not be in the order of their ids.
    jobs = await context.client.list_jobs(target.id, limit=BASELINE_JOBS)
    return max((job.job_id for job in jobs), default=0)


def by_new_job(*types: JobType) -> Settle:
    """Settle by a job of one of these types that began after the baseline.

    Airbyte gives a job no mark of who asked for it, so a newer job is never proof that it is ours.
    """

    async def settle(context: ToolContext, request: Unanswered[Any]) -> Settled:
        if not isinstance(request.baseline, int):
            return _unknown("Which job was its newest before is not on record, so a new one cannot be told.")
        newer = await _jobs_after(context, request.target.id, request.baseline)
        began = [job for job in newer if job.job_type in types]
        if not began:
            return _unknown(
                "No such job has begun since; the request may have been lost, or still be on its way.",
                traceless=True,
            )
        first = began[-1]
        more = f" (and {len(began) - 1} more since)" if len(began) > 1 else ""
        return Settled(
            status=PlanState.OUTCOME_UNKNOWN,
            message=f"Job {first.job_id}{more} began after the request; whether it is ours cannot be proven.",
            job_id=first.job_id,
        )

    return settle


async def _jobs_after(context: ToolContext, connection_id: str, baseline: int) -> list[Job]:
    """The connection's jobs with a higher id, newest first."""
    newer: list[Job] = []
    async for job in context.client.iter_jobs(connection_id, limit=NEWER_JOBS):
        if job.job_id <= baseline:
            break
        newer.append(job)
    return newer


async def by_job_end(context: ToolContext, request: Unanswered[Any]) -> Settled:
    """Settle a cancellation by how the job stands; the target is the job."""
    job = await context.client.get_job(int(request.target.id))
    if job.status is JobStatus.CANCELLED:
        return Settled(
            status=PlanState.EXECUTED,
            message=f"Job {job.job_id} is cancelled; that this request did it cannot be proven.",
        )
    if job.status.is_terminal:
        return Settled(
            status=PlanState.FAILED,
            message=f"Job {job.job_id} was not cancelled: it ended as {plain(job.status.value)}.",
        )
    return _unknown(
        f"Job {job.job_id} still is {plain(job.status.value)}; the request may have been lost, or still be on"
        " its way.",
        traceless=True,
    )


def by_setting(setting: Setting[Any]) -> Settle:
    """Settle by the value that the connection has now, compared with the old and the new one of the plan."""

    async def settle(context: ToolContext, request: Unanswered[Any]) -> Settled:
        connection = await context.client.get_connection(request.target.id)
        covered = request.covered if isinstance(request.covered, dict) else {}
        different = setting.moved_on(connection, covered.get("new"))
        if not different:
            return Settled(
                status=PlanState.EXECUTED,
                message="It now is as approved; that this request made it so cannot be proven.",
            )
        if not setting.moved_on(connection, covered.get("old")):
            return _unknown(
                "It still is as before; the change may have been lost, or still be on its way.",
                traceless=True,
            )
        return _unknown(f"It is neither as before nor as approved: {'; '.join(different)}.")

    return settle


def _unknown(message: str, *, traceless: bool = False) -> Settled:
    return Settled(status=PlanState.OUTCOME_UNKNOWN, message=message, traceless=traceless)
