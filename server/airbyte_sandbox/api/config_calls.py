"""The part of the Config API that tells why a job failed, what it logged and how far it is."""

from uuid import NAMESPACE_URL, uuid5

from airbyte_sandbox.api.answers import Answer, Call, ConfigApiError
from airbyte_sandbox.json_value import JsonObject, JsonValue, as_int, as_object, as_text, as_texts
from airbyte_sandbox.model import (
    Attempt,
    Connection,
    Failure,
    FailureType,
    Job,
    JobType,
    LogLine,
    StreamRunState,
    StreamStatus,
)
from airbyte_sandbox.storage.details import DetailStore
from airbyte_sandbox.storage.fleet import FleetStore, Page
from airbyte_sandbox.storage.job_filter import JobFilter, JobOrder
from airbyte_sandbox.storage.jobs import JobStore

_CONFIG_TYPES = {JobType.SYNC: "sync", JobType.RESET: "reset_connection"}
_MOST_ITEMS = 200


class ConfigCalls:
    """Handlers of ``/api/v1``: all are POST, all are reads."""

    def __init__(self, fleet: FleetStore, jobs: JobStore, details: DetailStore) -> None:
        self._fleet = fleet
        self._jobs = jobs
        self._details = details

    def get_job_without_logs(self, call: Call) -> Answer:
        """POST /jobs/get_without_logs {id}: the job and its attempts, with counts while it runs."""
        job = self._job(as_int(call.json_object().get("id"), -1))
        return Answer(self._job_with_attempts(job))

    def get_job(self, call: Call) -> Answer:
        """POST /jobs/get {id}: the same with the log of every attempt."""
        job = self._job(as_int(call.json_object().get("id"), -1))
        attempts: list[JsonValue] = [
            self._attempt_with_log(attempt) for attempt in self._jobs.attempts(job.id)
        ]
        return Answer({"job": _job_json(job), "attempts": attempts})

    def list_jobs(self, call: Call) -> Answer:
        """POST /jobs/list {configId, configTypes, statuses, pagination}: newest first."""
        body = call.json_object()
        kinds = as_texts(body.get("configTypes"))
        statuses = as_texts(body.get("statuses"))
        wanted = JobFilter(
            connection_id=as_text(body.get("configId")) or None,
            types=tuple(kind for kind, name in _CONFIG_TYPES.items() if name in kinds),
            statuses=statuses,
        )
        found = self._jobs.jobs(wanted, JobOrder(newest_first=True), _page(body))
        jobs: list[JsonValue] = [self._job_with_attempts(job) for job in found]
        return Answer({"jobs": jobs, "totalJobCount": self._jobs.count(wanted)})

    def get_attempt(self, call: Call) -> Answer:
        """POST /attempt/get_for_job {jobId, attemptNumber}: one attempt with its log."""
        body = call.json_object()
        job = self._job(as_int(body.get("jobId"), -1))
        number = as_int(body.get("attemptNumber"), -1)
        attempts = [attempt for attempt in self._jobs.attempts(job.id) if attempt.number == number]
        if not attempts:
            raise ConfigApiError(404, f"Could not find attempt {number} of job {job.id}")
        return Answer(self._attempt_with_log(attempts[0]))

    def list_stream_statuses(self, call: Call) -> Answer:
        """POST /stream_statuses/list {workspaceId, connectionId, jobId, pagination}."""
        body = call.json_object()
        job_id = body.get("jobId")
        found = self._details.stream_statuses(
            _page(body),
            connection_id=as_text(body.get("connectionId")) or None,
            job_id=as_int(job_id, -1) if job_id is not None else None,
        )
        statuses: list[JsonValue] = [self._stream_status_json(status) for status in found]
        return Answer({"streamStatuses": statuses})

    def _job(self, job_id: int) -> Job:
        job = self._jobs.job(job_id) if 0 <= job_id < 2**63 else None
        if job is None:
            raise ConfigApiError(404, f"Could not find job with id: {job_id}")
        return job

    def _job_with_attempts(self, job: Job) -> JsonObject:
        attempts: list[JsonValue] = [
            {"attempt": _attempt_json(attempt)} for attempt in self._jobs.attempts(job.id)
        ]
        return {"job": _job_json(job), "attempts": attempts}

    def _attempt_with_log(self, attempt: Attempt) -> JsonObject:
        lines = self._details.log(attempt.job_id, attempt.number)
        events: list[JsonValue] = [_log_json(line) for line in lines]
        return {
            "attempt": _attempt_json(attempt),
            "logType": "structured",
            "logs": {"version": "1", "logLines": [], "events": events},
        }

    def _stream_status_json(self, status: StreamStatus) -> JsonObject:
        job = self._job(status.job_id)
        connection: Connection | None = self._fleet.connection(job.connection_id)
        body: JsonObject = {
            "id": str(uuid5(NAMESPACE_URL, f"sandbox/{status.job_id}/{status.attempt}/{status.stream}")),
            "workspaceId": connection.workspace_id if connection is not None else None,
            "connectionId": job.connection_id,
            "jobId": job.id,
            "jobType": "SYNC" if job.type is JobType.SYNC else "RESET",
            "attemptNumber": status.attempt,
            "streamName": status.stream,
            "streamNamespace": None,
            "runState": status.state.value.upper(),
            "transitionedAt": status.at,
        }
        if status.state is StreamRunState.INCOMPLETE:
            body["incompleteRunCause"] = "CANCELED" if status.cancelled else "FAILED"
        return body


def _page(body: JsonObject) -> Page:
    pagination = as_object(body.get("pagination"))
    limit = as_int(pagination.get("pageSize"), 20)
    offset = as_int(pagination.get("rowOffset"))
    if not 1 <= limit <= _MOST_ITEMS or not 0 <= offset < 2**62:
        raise ConfigApiError(422, f"pageSize must be from 1 to {_MOST_ITEMS}, rowOffset 0 or more")
    return Page(limit, offset)


def _job_json(job: Job) -> JsonObject:
    return {
        "id": job.id,
        "configType": _CONFIG_TYPES[job.type],
        "configId": job.connection_id,
        "createdAt": job.created_at // 1000,
        "updatedAt": job.updated_at // 1000,
        "status": job.status.value,
    }


def _log_json(line: LogLine) -> JsonObject:
    return {"timestamp": line.at, "level": line.level, "logSource": line.source, "message": line.message}


def _attempt_json(attempt: Attempt) -> JsonObject:
    progress = attempt.progress
    body: JsonObject = {
        "id": attempt.number,
        "status": attempt.status.value,
        "createdAt": attempt.created_at // 1000,
        "updatedAt": attempt.updated_at // 1000,
        "bytesSynced": progress.bytes_committed,
        "recordsSynced": progress.records_committed,
        "totalStats": {
            "recordsEmitted": progress.records_emitted,
            "bytesEmitted": progress.bytes_emitted,
            "stateMessagesEmitted": progress.states,
            "recordsCommitted": progress.records_committed,
            "bytesCommitted": progress.bytes_committed,
            "estimatedRecords": progress.estimated_records,
        },
    }
    if attempt.status != "running":
        body["endedAt"] = attempt.updated_at // 1000
    if attempt.failures:
        body["failureSummary"] = {
            "failures": [_failure_json(failure, attempt.updated_at) for failure in attempt.failures],
            "partialSuccess": progress.records_committed > 0,
        }
    return body


def _failure_json(failure: Failure, timestamp: int) -> JsonObject:
    body: JsonObject = {
        "failureOrigin": failure.origin.value,
        "failureType": failure.type.value,
        "externalMessage": failure.message,
        "internalMessage": failure.detail or failure.message,
        "retryable": failure.type is not FailureType.CONFIG,
        "timestamp": timestamp,
    }
    if failure.stream is not None:
        body["streamDescriptor"] = {"name": failure.stream}
    return body
