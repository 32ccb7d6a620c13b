"""Asks the Config API about a job, and remembers where there is none to ask."""

from airbyte_client._async.exchange import AsyncExchange
from airbyte_client.calls import Call, decode
from airbyte_client.details import HOW_TO_GET, JobDetails, JobDetailsAnswer
from airbyte_client.errors import AirbyteError, NotAirbyteError
from airbyte_client.operations import Operation, closed_gate


class AsyncExplainer:
    """Shared by all clients of one instance, so that a missing Config API is noticed once."""

    def __init__(self, exchange: AsyncExchange) -> None:
        self._exchange = exchange
        self._absence: str | None = None

    async def explain(self, job_id: int) -> JobDetails:
        """See `AsyncAirbyteClient.explain_job`."""
        if self._absence is not None:
            return _unavailable(job_id, self._absence)
        call = Call(Operation.EXPLAIN_JOB, str(job_id), body={"id": job_id})
        try:
            told = decode(await self._exchange.send(call, closed_gate), JobDetailsAnswer)
        except NotAirbyteError as error:
            self._absence = f"This Airbyte has no Config API to ask: {error.message}"
            return _unavailable(job_id, self._absence)
        except AirbyteError as error:
            return _unavailable(job_id, error.message)
        attempts = tuple(answer.attempt for answer in told.attempts)
        return JobDetails(job_id=job_id, available=True, attempts=attempts)


def _unavailable(job_id: int, why_not: str) -> JobDetails:
    return JobDetails(job_id=job_id, available=False, why_not=why_not, how_to_get=HOW_TO_GET)
