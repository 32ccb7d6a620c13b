"""The public API as a user types it: checked by mypy and pyright, never executed."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import assert_type

from airbyte_client import (
    AirbyteClient,
    AsyncAirbyteClient,
    BearerToken,
    Connection,
    CronSchedule,
    Destination,
    Job,
    JobDetails,
    JobStatus,
    JobType,
    LogTail,
    Operation,
    OutcomeUnknownError,
    Schedule,
    Source,
    StreamConfiguration,
    StreamState,
    SyncMode,
    Workspace,
    closed_gate,
    every,
    normalise_base_url,
    parse_schedule,
    writable_cron,
)


def gate(operation: Operation, target_id: str) -> None:
    assert_type(operation.is_effect, bool)
    assert_type(operation.timeout, float)
    assert_type(target_id, str)


def synchronous() -> None:
    with AirbyteClient("localhost:8000", auth=BearerToken("t"), write_gate=gate, names_kept_for=10) as client:
        assert_type(client, AirbyteClient)
        assert_type(client.with_write_gate(closed_gate), AirbyteClient)
        assert_type(client.base_url, str)
        assert_type(client.access_token, str)
        assert_type(client.list_workspaces(), list[Workspace])
        assert_type(client.list_sources(), list[Source])
        assert_type(client.list_destinations("w"), list[Destination])
        assert_type(client.iter_connections("w", tag_ids=["t"]), Iterator[Connection])
        assert_type(client.list_jobs(limit=5, status=JobStatus.FAILED), list[Job])
        assert_type(client.trigger_job("c", JobType.CLEAR), Job)
        assert_type(client.cancel_job(1), Job | None)
        assert_type(client.explain_job(1, streams=True, log_lines=20), JobDetails)
        assert_type(client.explain_job(1).log, LogTail | None)
        assert_type(client.explain_job(1).streams[0].state, StreamState)
        assert_type(client.update_connection("c", schedule=every(6)), Connection)


async def asynchronous() -> None:
    async with AsyncAirbyteClient() as client:
        assert_type(client.with_write_gate(closed_gate), AsyncAirbyteClient)
        assert_type(await client.access_token, str)
        assert_type(client.iter_jobs(created_after=datetime.now(UTC)), AsyncIterator[Job])
        assert_type(await client.list_jobs("c"), list[Job])
        assert_type(await client.get_connection("c"), Connection)
        assert_type(await client.cancel_job(1), Job | None)


def models(connection: Connection, job: Job, error: OutcomeUnknownError) -> None:
    assert_type(connection.schedule, Schedule | None)
    assert_type(connection.streams, tuple[StreamConfiguration, ...])
    assert_type(connection.streams[0].sync_mode, SyncMode | None)
    assert_type(job.job_id, int)
    assert_type(job.rows_synced, int | None)
    assert_type(job.duration, timedelta | None)
    assert_type(job.started_at, datetime | None)
    assert_type(job.status.is_terminal, bool)
    assert_type(error.found, Job | None)


def schedules() -> None:
    assert_type(writable_cron("0 0 9 * * ?", "Asia/Tokyo"), CronSchedule)
    assert_type(every(6).next_runs(datetime.now(UTC), 3), list[datetime])
    assert_type(parse_schedule(None), Schedule | None)
    assert_type(normalise_base_url("localhost"), str)
