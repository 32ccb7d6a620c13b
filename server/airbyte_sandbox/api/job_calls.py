"""The public API's jobs."""

from datetime import UTC, datetime
from uuid import UUID

from airbyte_sandbox.api.answers import (
    Answer,
    BareError,
    Call,
    Problem,
    bad_request,
    not_found,
    state_conflict,
    try_again_later,
)
from airbyte_sandbox.api.fleet_calls import FleetCalls
from airbyte_sandbox.api.lists import order_of, page_of
from airbyte_sandbox.api.writing import Writing
from airbyte_sandbox.clock import milliseconds
from airbyte_sandbox.json_value import as_text
from airbyte_sandbox.model import ConnectionStatus, JobStatus, JobType
from airbyte_sandbox.runs.runner import AlreadyRunningError, JobRunner
from airbyte_sandbox.storage.job_filter import JobFilter
from airbyte_sandbox.storage.jobs import JobStore

_ASKED_TYPES = {"sync": JobType.SYNC, "reset": JobType.RESET, "clear": JobType.RESET}


class JobCalls:
    """Handlers; each takes a call and gives an answer, or raises an :class:`ApiError`."""

    def __init__(self, fleet: FleetCalls, jobs: JobStore, runner: JobRunner, writing: Writing) -> None:
        self._fleet = fleet
        self._writing = writing
        self._jobs = jobs
        self._runner = runner

    def list_jobs(self, call: Call) -> Answer:
        """GET /jobs; ``next`` of the current dialect forgets status, times and order."""
        page, order = page_of(call), order_of(call, self._writing.default_order)
        wanted = self._filter(call)
        items = [self._writing.job(job) for job in self._jobs.jobs(wanted, order, page)]
        kept = [("jobType", call.one("jobType") or ""), ("connectionId", wanted.connection_id or "")]
        if wanted.workspace_ids:
            kept.append(("workspaceIds", ",".join(wanted.workspace_ids)))
        return self._writing.page(call, items, page, [(name, value) for name, value in kept if value])

    def get_job(self, call: Call) -> Answer:
        """GET /jobs/{jobId}."""
        job_id = job_id_of(call)
        job = self._jobs.job(job_id)
        if job is None:
            raise not_found("job", str(job_id))
        return Answer(self._writing.job(job))

    def start_job(self, call: Call) -> Answer:
        """POST /jobs: answered as soon as the job has an id."""
        body = call.json_object()
        connection = self._fleet.connection(_uuid(as_text(body.get("connectionId"))))
        asked = as_text(body.get("jobType"))
        if asked == "refresh":
            raise _unprocessable("Refreshes are not supported in the public API")
        kind = _ASKED_TYPES.get(asked)
        if kind is None:
            raise BareError(400)
        if kind is JobType.RESET:
            return self._writing.new_job(self._runner.reset(connection))
        if connection.status is not ConnectionStatus.ACTIVE:
            raise state_conflict()
        try:
            return self._writing.new_job(self._runner.sync(connection))
        except AlreadyRunningError:
            raise try_again_later(f"A sync is already running for: {connection.id}") from None

    def cancel_job(self, call: Call) -> Answer:
        """DELETE /jobs/{jobId}: stops whatever runs for the job's connection, then gives the job."""
        job = self._jobs.job(job_id_of(call))
        if job is None:
            raise state_conflict("Job is not currently running")
        self._runner.cancel(job.connection_id)
        return Answer(self._writing.job(self._jobs.job(job.id) or job))

    def _filter(self, call: Call) -> JobFilter:
        connection_id = call.one("connectionId")
        kind, status = call.one("jobType"), call.one("status")
        if kind is not None and kind not in {*_ASKED_TYPES, "refresh"}:
            raise BareError(400)
        if status is not None and status not in {*JobStatus, "queued"}:
            raise BareError(400)
        return JobFilter(
            connection_id=_uuid(connection_id) if connection_id else None,
            workspace_ids=self._fleet.known_workspaces(call),
            types=(_ASKED_TYPES.get(kind, kind),) if kind else (),
            statuses=(status,) if status else (),
            created_from=_time(call, "createdAtStart"),
            created_to=_time(call, "createdAtEnd"),
            updated_from=_time(call, "updatedAtStart"),
            updated_to=_time(call, "updatedAtEnd"),
        )


def job_id_of(call: Call) -> int:
    """The job id in the path.

    Raises:
        BareError: 400, it is no 64-bit number.
    """
    text = call.parts["jobId"]
    if not (text.isascii() and text.isdigit()) or int(text[:20]) >= 2**63:
        raise BareError(400)
    return int(text)


def _uuid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise BareError(400) from None


def _time(call: Call, name: str) -> int | None:
    text = call.one(name)
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        raise bad_request(f"{name} is not a date and time: {text}") from None
    return milliseconds(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _unprocessable(message: str) -> Problem:
    return Problem(422, "unprocessable-entity", "The request could not be processed.", {"message": message})
