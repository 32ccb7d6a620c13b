"""Starting a job at most once, and saying so honestly when the answer is lost."""

from airbyte_client.calls import Answer, decode
from airbyte_client.clocks import AsyncSource
from airbyte_client.enums import ConnectionStatus
from airbyte_client.errors import (
    AirbyteError,
    ApiError,
    ConflictError,
    OutcomeUnknownError,
    TransportError,
)
from airbyte_client.models import Connection, Job
from airbyte_client.problems import is_refusal


async def start_job(
    send: AsyncSource[Answer],
    newest_job: AsyncSource[Job | None],
    connection: AsyncSource[Connection],
) -> Job:
    """Send the request once; if its answer is lost, look for the job instead of asking again.

    Raises:
        OutcomeUnknownError: The answer was lost, or says nothing.
        AirbyteError: Everything else that reading and sending raise.
    """
    before = await newest_job()
    before_id = None if before is None else before.job_id
    try:
        return decode(await send(), Job)
    except (TransportError, ApiError) as error:
        if not _is_ambiguous(error):
            raise
        if isinstance(error, ConflictError):
            await _require_active(connection, error)
        raise await _outcome(error, before_id, newest_job) from error


def _is_ambiguous(error: TransportError | ApiError) -> bool:
    """Whether a job may have been started although this error came back."""
    return error.sent if isinstance(error, TransportError) else not is_refusal(error)


async def _require_active(connection: AsyncSource[Connection], error: ConflictError) -> None:
    """The other cause of the 409 that says nothing is a connection that is not active."""
    try:
        status = (await connection()).status
    except AirbyteError:
        return
    if status is not ConnectionStatus.ACTIVE:
        raise ConflictError(
            f"The connection is {status}; Airbyte starts jobs only on an active one. Nothing was started.",
            status=error.status,
            next_step="Set its status to active first.",
        ) from error


async def _outcome(
    error: AirbyteError, before_id: int | None, newest_job: AsyncSource[Job | None]
) -> OutcomeUnknownError:
    try:
        newest = await newest_job()
    except AirbyteError:
        return _unknown(error, "the list of jobs could not be read either", before_id, None)
    if newest is None or (before_id is not None and newest.job_id <= before_id):
        return _unknown(error, "no newer job is there yet", before_id, None)
    story = f"job {newest.job_id} is new since, but whose it is cannot be proven"
    return _unknown(error, story, before_id, newest)


def _unknown(
    error: AirbyteError, story: str, before_id: int | None, found: Job | None
) -> OutcomeUnknownError:
    return OutcomeUnknownError(
        f"A job was asked for and the answer was lost ({error.message.rstrip('.')}); {story}.",
        newest_job_id_before=before_id,
        found=found,
        next_step="Look at the connection's newest jobs before asking again.",
    )
