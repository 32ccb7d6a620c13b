"""The sandbox's own calls, outside the paths of the API: look inside, and wait without polling."""

import asyncio
from contextlib import closing, suppress

from starlette.concurrency import run_in_threadpool

from airbyte_sandbox.api.answers import Answer, Call, Problem, bad_request, not_found
from airbyte_sandbox.api.fleet_calls import FleetCalls, resource_id
from airbyte_sandbox.api.job_calls import job_id_of
from airbyte_sandbox.api.render import job_json
from airbyte_sandbox.api.request_log import RequestLog
from airbyte_sandbox.clock import monotonic
from airbyte_sandbox.json_value import JsonValue
from airbyte_sandbox.model import Job, JobStatus
from airbyte_sandbox.runs.changes import JobChanges
from airbyte_sandbox.runs.runner import JobRunner
from airbyte_sandbox.sink.folder import SinkFolder
from airbyte_sandbox.sink.sink import SinkUnavailableError
from airbyte_sandbox.storage.fleet import Page
from airbyte_sandbox.storage.job_filter import JobFilter, JobOrder
from airbyte_sandbox.storage.jobs import JobStore

_LONGEST_WAIT = 60.0


class ControlCalls:
    """Handlers of ``/_sandbox``."""

    def __init__(
        self,
        *,
        fleet: FleetCalls,
        jobs: JobStore,
        runner: JobRunner,
        sinks: SinkFolder,
        changes: JobChanges,
        log: RequestLog,
    ) -> None:
        self._fleet = fleet
        self._jobs = jobs
        self._runner = runner
        self._sinks = sinks
        self._changes = changes
        self._log = log

    def list_requests(self, call: Call) -> Answer:
        """GET /_sandbox/requests?after=NUMBER."""
        return Answer({"requests": self._log.after(int(_amount(call, "after", 0)))})

    def show_sink(self, call: Call) -> Answer:
        """GET /_sandbox/sink/{connectionId}: the file and what is in this connection's tables."""
        connection = self._fleet.connection(resource_id(call, "connectionId"))
        try:
            with closing(self._sinks.open(connection)) as file:
                streams: list[JsonValue] = [
                    {"stream": table.stream, "table": table.table, "rows": table.rows}
                    for table in file.tables()
                ]
                return Answer({"path": str(file.path), "streams": streams})
        except SinkUnavailableError as error:
            raise Problem(503, "sink-unavailable", "Sink unavailable", {"message": str(error)}) from error

    async def wait_for_job(self, call: Call) -> Answer:
        """GET /_sandbox/jobs/{jobId}/wait?status=terminal|running&records=N&timeout=SECONDS.

        ``running`` is reached by a job that ended, too; ``records`` asks for so many committed ones. The
        answer says whether it was ``reached``, and the ``pid`` of the source that runs.
        """
        job_id, running = job_id_of(call), _wants_running(call)
        records = int(_amount(call, "records", 0))
        deadline = monotonic() + min(_amount(call, "timeout", 30), _LONGEST_WAIT)
        while True:
            change = self._changes.next()
            job = await run_in_threadpool(self._jobs.job, job_id)
            if job is None:
                raise not_found("job", str(job_id))
            reached = job.status.terminal or (running and _runs(job, records))
            left = deadline - monotonic()
            if reached or left <= 0:
                return Answer({"job": job_json(job), "reached": reached, "pid": self._runner.pid(job_id)})
            with suppress(TimeoutError):
                await asyncio.wait_for(change.wait(), left)

    async def wait_for_next_job(self, call: Call) -> Answer:
        """GET /_sandbox/connections/{connectionId}/wait?after=JOB_ID&timeout=SECONDS.

        The newest job of the connection, once it is newer than ``after``; None if that takes too long.
        """
        wanted = JobFilter(connection_id=self._fleet.connection(resource_id(call, "connectionId")).id)
        after = _amount(call, "after", 0)
        deadline = monotonic() + min(_amount(call, "timeout", 30), _LONGEST_WAIT)
        while True:
            change = self._changes.next()
            jobs = await run_in_threadpool(
                self._jobs.jobs, wanted, JobOrder(newest_first=True), Page(limit=1)
            )
            left = deadline - monotonic()
            if left <= 0 or (jobs and jobs[0].id > after):
                newer = jobs and jobs[0].id > after
                return Answer({"job": job_json(jobs[0]) if newer else None})
            with suppress(TimeoutError):
                await asyncio.wait_for(change.wait(), left)


def _wants_running(call: Call) -> bool:
    wanted = call.one("status") or "terminal"
    if wanted not in {"terminal", "running"}:
        raise bad_request("status must be terminal or running")
    return wanted == "running"


def _runs(job: Job, records: int) -> bool:
    return job.status is JobStatus.RUNNING and (job.rows or 0) >= records


def _amount(call: Call, name: str, default: float) -> float:
    try:
        amount = float(call.one(name) or default)
    except ValueError:
        amount = -1
    if not 0 <= amount < 2**53:
        raise bad_request(f"{name} must be a number, 0 or more")
    return amount
