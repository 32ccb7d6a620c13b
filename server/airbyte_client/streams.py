"""How the streams of an attempt fared: what Airbyte says of each, and what follows from the rest."""

from collections.abc import Iterable, Iterator
from typing import Annotated

from pydantic import BeforeValidator, Field

from airbyte_client.details import Attempt, AttemptStatus, Failure, StreamDescriptor, StreamStats, SyncStats
from airbyte_client.enums import TolerantStrEnum
from airbyte_client.models import AirbyteModel, Instant, no_nulls


class StreamState(TolerantStrEnum):
    """How a stream fared in an attempt."""

    PENDING = "pending"
    RUNNING = "running"
    RATE_LIMITED = "rate_limited"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


_STATES: dict[tuple[str, str | None], StreamState] = {
    ("complete", None): StreamState.SUCCEEDED,
    ("incomplete", "failed"): StreamState.FAILED,
    ("incomplete", "canceled"): StreamState.CANCELLED,
}


class StreamRun(AirbyteModel):
    """The state that Airbyte gives a stream of an attempt."""

    stream_name: str
    stream_namespace: str | None = None
    attempt_number: int | None = None
    run_state: str
    incomplete_run_cause: str | None = None
    changed_at: Instant | None = Field(default=None, alias="transitionedAt")

    @property
    def stream(self) -> StreamDescriptor:
        """The stream."""
        return StreamDescriptor(name=self.stream_name, namespace=self.stream_namespace)

    @property
    def state(self) -> StreamState:
        """The same in our words; a state that this version does not know passes through."""
        cause = self.incomplete_run_cause
        said = self.run_state.lower()
        return _STATES.get((said, cause and cause.lower())) or StreamState(said)


class StreamRunsAnswer(AirbyteModel):
    """What the Config API answers about streams."""

    stream_statuses: Annotated[tuple[StreamRun, ...], BeforeValidator(no_nulls)] = ()


class StreamOutcome(AirbyteModel):
    """One stream in the last attempt.

    Attributes:
        state: What Airbyte says, where it was asked. Else failed where a failure names the stream, and
            succeeded or running as its attempt; in a failed attempt a stream that no failure names is
            unknown: it may be complete or cut short.
        stats: Its counts; None where Airbyte gives none.
        failures: Those that name it.
    """

    stream: StreamDescriptor
    state: StreamState
    stats: SyncStats | None = None
    failures: tuple[Failure, ...] = ()


def outcomes(attempt: Attempt, runs: Iterable[StreamRun]) -> Iterator[StreamOutcome]:
    """Each stream that is told of anywhere, in Airbyte's order."""
    states = {run.stream: run.state for run in runs}
    failures = attempt.failure_summary.failures if attempt.failure_summary else ()
    counted = {_stream_of(stats): stats.stats for stats in attempt.stream_stats}
    named = [failure.stream for failure in failures if failure.stream]
    for stream in dict.fromkeys([*states, *counted, *named]):
        own = tuple(failure for failure in failures if failure.stream == stream)
        derived = StreamState.FAILED if own else _state_with(attempt)
        yield StreamOutcome(
            stream=stream,
            state=states.get(stream, derived),
            stats=counted.get(stream),
            failures=own,
        )


def _stream_of(stats: StreamStats) -> StreamDescriptor:
    return StreamDescriptor(name=stats.stream_name, namespace=stats.stream_namespace)


def _state_with(attempt: Attempt) -> StreamState:
    match attempt.status:
        case AttemptStatus.SUCCEEDED:
            return StreamState.SUCCEEDED
        case AttemptStatus.RUNNING:
            return StreamState.RUNNING
        case _:
            return StreamState.UNKNOWN
