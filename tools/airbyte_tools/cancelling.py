"""Cancelling a job, and no other one.

Airbyte cancels whatever runs on the job's connection. So the job must be the
newest of its connection and not have ended: that is what a person approves,
and what the client checks once more right before it sends.
"""

from airbyte_client import AirbyteError, Connection, Job, JobStatus, NotFoundError, Operation
from airbyte_guardrails.plans import PlanDraft, Risk, Target
from airbyte_tools.answers import ChangeResult
from airbyte_tools.changing import find_connections, tag_names
from airbyte_tools.errors import InvalidRequestError, NothingFoundError, ToolFailureError
from airbyte_tools.histories import History, histories_of, usual_words
from airbyte_tools.jobs import JobNumber
from airbyte_tools.settling import by_job_end
from airbyte_tools.tool import Arguments, Done, Hints, MutatingTool, NothingToDo, ToolContext
from airbyte_tools.words import iso, plain


class CancelJobArguments(Arguments):
    """Which job."""

    job_id: JobNumber


async def _plan(
    context: ToolContext, arguments: CancelJobArguments
) -> PlanDraft[CancelJobArguments] | NothingToDo:
    job = await _job(context, arguments.job_id)
    (connection,) = await find_connections(context, [job.connection_id])
    if job.status.is_terminal:
        return NothingToDo(
            message=f"Job {job.job_id} has ended already: {job.status.value}. Nothing was cancelled.",
            next_step=f"Call list_jobs with connection {job.connection_id} to see what runs now.",
        )
    (history,) = await histories_of(context, [connection])
    newest = history[0] if history else job
    if newest.job_id != job.job_id:
        raise InvalidRequestError(
            f"Job {job.job_id} is not the newest of its connection, and Airbyte would cancel the newest,"
            f" {newest.job_id}. Nothing was cancelled.",
            f"Call cancel_job with job_id {newest.job_id} if that is the one the person means.",
        )
    return _draft(job, connection, history)


async def _job(context: ToolContext, job_id: int) -> Job:
    try:
        return await context.client.get_job(job_id)
    except NotFoundError as error:
        raise NothingFoundError(f"There is no job {job_id}.", "Call list_jobs to see the jobs.") from error


def _draft(job: Job, connection: Connection, history: History) -> PlanDraft[CancelJobArguments]:
    return PlanDraft(
        arguments=CancelJobArguments(job_id=job.job_id),
        summary=f"Cancel job {job.job_id}",
        targets=(
            Target(
                kind="job",
                id=str(job.job_id),
                name=connection.name,
                workspace_id=connection.workspace_id,
                connection_id=connection.connection_id,
                tags=tag_names(connection),
                notes=(_job_words(job), usual_words(history)),
            ),
        ),
        effects=("What the destination has committed stays; the rest of this run is dropped.",),
        irreversible=("the run itself: a cancelled job cannot be continued, only a new one started",),
        risk=Risk.MEDIUM,
        covered={
            str(job.job_id): {"connection": connection.connection_id, "newest": True, "has_ended": False}
        },
    )


def _job_words(job: Job) -> str:
    begun = iso(job.started_at) or "at an unknown time"
    kind, status = plain(job.job_type.value), plain(job.status.value)
    return f"A {kind} of connection {job.connection_id}, {status}, begun {begun}."


async def _apply(context: ToolContext, _arguments: CancelJobArguments, target: Target) -> Done:
    answer = await context.client.cancel_job(int(target.id))
    job = answer or await _read_back(context, int(target.id))
    if job.status is JobStatus.CANCELLED:
        return Done(message=f"job {job.job_id} is cancelled")
    raise ToolFailureError(
        f"Airbyte took the cancellation, but the job then was {plain(job.status.value)}.", ""
    )


async def _read_back(context: ToolContext, job_id: int) -> Job:
    try:
        return await context.client.get_job(job_id)
    except AirbyteError as error:
        raise ToolFailureError(
            f"Airbyte took the cancellation, but the job could not be read: {error.message}", ""
        ) from error


CANCEL_JOB = MutatingTool(
    name="cancel_job",
    title="Cancel a job",
    description=(
        "Cancels exactly this job, after a person has approved it; refused if it has ended or its connection"
        " has a newer one. To stop future runs use set_connection_status."
    ),
    arguments=CancelJobArguments,
    answer=ChangeResult,
    hints=Hints(read_only=False, destructive=True, idempotent=True),
    effects=frozenset({Operation.CANCEL_JOB}),
    plan=_plan,
    only=lambda arguments, _target: arguments,
    apply=_apply,
    settle=by_job_end,
)
