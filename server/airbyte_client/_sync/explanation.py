# Generated from _async/explanation.py by scripts/sync_client.py; change that file instead.
"""Asks the Config API about a job: its attempts, and on request its streams and the end of its log."""

from collections.abc import Iterator

from pydantic import JsonValue

from airbyte_client._sync.exchange import SyncExchange
from airbyte_client._sync.optional_call import SyncOptionalCall
from airbyte_client._sync.paging import iterate
from airbyte_client.calls import Call, decode
from airbyte_client.details import JobDetailsAnswer
from airbyte_client.errors import AirbyteError
from airbyte_client.job_details import JobDetails, told, untold
from airbyte_client.job_logs import MAX_LOG_LINES, LogAnswer
from airbyte_client.models import LONG_AGO, Connection
from airbyte_client.operations import Operation, closed_gate
from airbyte_client.streams import StreamRun, StreamRunsAnswer


class SyncExplainer:
    """Shared by all clients of one instance, so that a missing Config API is noticed once."""

    def __init__(self, exchange: SyncExchange) -> None:
        self._exchange = exchange
        self._attempts = SyncOptionalCall(exchange, "This Airbyte has no Config API to ask")
        self._streams = SyncOptionalCall(exchange, "This Airbyte tells no states of streams")
        self._logs = SyncOptionalCall(exchange, "This Airbyte hands out no logs")

    def explain(self, job_id: int, *, streams: bool, log_lines: int) -> JobDetails:
        """See `AsyncAirbyteClient.explain_job`."""

        def job_exists() -> bool:
            return self._job_exists(job_id)

        call = Call(Operation.EXPLAIN_JOB, str(job_id), body={"id": job_id})
        try:
            answer = self._attempts.ask(call, JobDetailsAnswer, job_exists)
        except AirbyteError as error:
            return untold(job_id, error.message)
        details = told(job_id, answer.attempts)
        if streams and details.attempts and answer.job and answer.job.config_id:
            details = self._with_streams(details, answer.job.config_id)
        return self._with_log(details, min(log_lines, MAX_LOG_LINES))

    def _with_streams(self, details: JobDetails, connection_id: str) -> JobDetails:
        number = details.attempts[-1].number
        try:
            runs = list(self._stream_runs(details.job_id, number, connection_id))
        except AirbyteError as error:
            return details.model_copy(update={"streams_why_not": error.message})
        # The attempt is a filter of newer versions; the latest state of each stream comes last.
        own = [run for run in runs if run.attempt_number in (None, number)]
        own.sort(key=lambda run: run.changed_at or LONG_AGO)
        return details.model_copy(update={"stream_runs": tuple(own)})

    def _stream_runs(self, job_id: int, number: int, connection_id: str) -> Iterator[StreamRun]:
        call = Call(Operation.GET_CONNECTION, connection_id)
        workspace_id = decode(self._exchange.send(call, closed_gate), Connection).workspace_id

        def fetch(size: int, offset: int) -> list[StreamRun]:
            body: dict[str, JsonValue] = {
                "workspaceId": workspace_id,
                "jobId": job_id,
                "attemptNumber": number,
                "pagination": {"pageSize": size, "rowOffset": offset},
            }
            page = Call(Operation.LIST_STREAM_STATES, str(job_id), body=body)
            answer = self._streams.ask(page, StreamRunsAnswer, _certainly)
            return list(answer.stream_statuses)

        yield from iterate(fetch, lambda run: run)

    def _with_log(self, details: JobDetails, limit: int) -> JobDetails:
        if limit <= 0 or not details.attempts:
            return details
        number = details.attempts[-1].number
        call = Call(
            Operation.READ_LOG,
            str(details.job_id),
            body={"jobId": details.job_id, "attemptNumber": number},
        )
        try:
            answer = self._logs.ask(call, LogAnswer, _certainly)
        except AirbyteError as error:
            return details.model_copy(update={"log_why_not": error.message})
        tail = answer.tail(number, limit, self._exchange.tokens.secrets)
        return details.model_copy(update={"log": tail})

    def _job_exists(self, job_id: int) -> bool:
        """Whether the public API knows the job; if so, it is the Config API that is not there."""
        try:
            self._exchange.send(Call(Operation.GET_JOB, str(job_id)), closed_gate)
        except AirbyteError:
            return False
        return True


def _certainly() -> bool:
    """The attempt was told of a moment ago."""
    return True
