# Generated from _async/explanation.py by scripts/sync_client.py; change that file instead.
"""Asks the Config API about a job, and remembers where there is none to ask."""

from airbyte_client._sync.exchange import SyncExchange
from airbyte_client.calls import Call, decode
from airbyte_client.details import HOW_TO_GET, JobDetails, JobDetailsAnswer
from airbyte_client.errors import AirbyteError, NotAirbyteError
from airbyte_client.operations import Operation, closed_gate


class SyncExplainer:
    """Shared by all clients of one instance, so that a missing Config API is noticed once."""

    def __init__(self, exchange: SyncExchange) -> None:
        self._exchange = exchange
        self._absence: str | None = None

    def explain(self, job_id: int) -> JobDetails:
        """See `AsyncAirbyteClient.explain_job`."""
        if self._absence is not None:
            return _unavailable(job_id, self._absence)
        call = Call(Operation.EXPLAIN_JOB, str(job_id), body={"id": job_id})
        try:
            told = decode(self._exchange.send(call, closed_gate), JobDetailsAnswer)
        except NotAirbyteError as error:
            self._absence = f"This Airbyte has no Config API to ask: {error.message}"
            return _unavailable(job_id, self._absence)
        except AirbyteError as error:
            return _unavailable(job_id, error.message)
        attempts = tuple(answer.attempt for answer in told.attempts)
        return JobDetails(job_id=job_id, available=True, attempts=attempts)


def _unavailable(job_id: int, why_not: str) -> JobDetails:
    return JobDetails(job_id=job_id, available=False, why_not=why_not, how_to_get=HOW_TO_GET)
