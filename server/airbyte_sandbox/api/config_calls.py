"""The part of the Config API that tells why a job failed and how far it is."""

from airbyte_sandbox.api.answers import Answer, Call, ConfigApiError
from airbyte_sandbox.json_value import JsonObject, JsonValue, as_int
from airbyte_sandbox.model import Attempt, Failure, FailureType, JobType
from airbyte_sandbox.storage.jobs import JobStore


class ConfigCalls:
    """Handlers of ``/api/v1``."""

    def __init__(self, jobs: JobStore) -> None:
        self._jobs = jobs

    def get_job_without_logs(self, call: Call) -> Answer:
        """POST /jobs/get_without_logs {id}: the job and its attempts, with counts while it runs."""
        job_id = as_int(call.json_object().get("id"), -1)
        job = self._jobs.job(job_id)
        if job is None:
            raise ConfigApiError(404, f"Could not find job with id: {job_id}")
        attempts: list[JsonValue] = [
            {"attempt": _attempt_json(attempt)} for attempt in self._jobs.attempts(job_id)
        ]
        return Answer(
            {
                "job": {
                    "id": job.id,
                    "configType": "sync" if job.type is JobType.SYNC else "reset_connection",
                    "configId": job.connection_id,
                    "createdAt": job.created_at // 1000,
                    "updatedAt": job.updated_at // 1000,
                    "status": job.status.value,
                },
                "attempts": attempts,
            }
        )


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
