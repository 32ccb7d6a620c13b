"""Both clients against the sandbox: another implementation of the same facts."""

import asyncio
import time
from collections.abc import Iterator

import pytest

from airbyte_client import (
    AirbyteClient,
    AsyncAirbyteClient,
    AuthenticationError,
    BadRequestError,
    ClientCredentials,
    ConflictError,
    ConnectionStatus,
    CronSchedule,
    Job,
    JobStatus,
    NoAuth,
    NotFoundError,
    PermissionDeniedError,
    StreamState,
    every,
)
from airbyte_sandbox import RunningSandbox, SandboxSettings, start_in_thread


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    with start_in_thread(SandboxSettings()) as running:
        yield running


@pytest.fixture
def client(sandbox: RunningSandbox) -> Iterator[AirbyteClient]:
    address = sandbox.address
    with AirbyteClient(
        address.url, auth=ClientCredentials(address.client_id, address.client_secret)
    ) as ready:
        yield ready


def _active(client: AirbyteClient) -> str:
    """An active connection on which nothing runs."""
    for connection in client.list_connections():
        newest = client.list_jobs(connection.connection_id, limit=1)
        idle = not newest or newest[0].status.is_terminal
        if (
            connection.status is ConnectionStatus.ACTIVE
            and idle
            and newest
            and newest[0].status == "succeeded"
        ):
            return connection.connection_id
    pytest.fail("the sandbox has no idle healthy connection")


def _wait(client: AirbyteClient, job_id: int) -> Job:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        job = client.get_job(job_id)
        if job.status.is_terminal:
            return job
    pytest.fail("the job did not end")


def test_the_fleet_is_read(client: AirbyteClient) -> None:
    (workspace, *_) = client.list_workspaces()
    connections = client.list_connections(workspace.workspace_id)

    assert client.get_workspace(workspace.workspace_id) == workspace
    assert client.list_sources(workspace.workspace_id)
    assert client.list_destinations(workspace.workspace_id)
    assert {connection.status for connection in connections} >= {
        ConnectionStatus.ACTIVE,
        ConnectionStatus.INACTIVE,
    }
    assert all(client.get_connection(connection.connection_id) == connection for connection in connections)
    assert any(isinstance(connection.schedule, CronSchedule) for connection in connections)


def test_jobs_come_newest_first(client: AirbyteClient) -> None:
    jobs = client.list_jobs()

    started = [job.started_at for job in jobs if job.started_at is not None]
    assert len(jobs) > 1
    assert started == sorted(started, reverse=True)


def test_a_sync_runs_to_its_end_and_its_rows_are_counted(client: AirbyteClient) -> None:
    started = client.trigger_job(_active(client))

    ended = _wait(client, started.job_id)

    assert ended.status is JobStatus.SUCCEEDED
    assert ended.rows_synced is not None
    assert client.explain_job(started.job_id).job_id == started.job_id


def test_a_sync_tells_of_its_streams_and_its_log(client: AirbyteClient) -> None:
    started = client.trigger_job(_active(client))
    _wait(client, started.job_id)

    details = client.explain_job(started.job_id, streams=True, log_lines=2)

    assert {outcome.state for outcome in details.streams} == {StreamState.SUCCEEDED}
    assert details.log is not None
    assert len(details.log.lines) == 2
    assert details.log.omitted > 0


def test_a_job_that_does_not_exist_hides_no_other(client: AirbyteClient) -> None:
    assert not client.explain_job(10**9).available
    assert client.explain_job(client.list_jobs(limit=1)[0].job_id).available


def test_an_inactive_connection_is_named_so(client: AirbyteClient) -> None:
    paused = next(c for c in client.list_connections() if c.status is ConnectionStatus.INACTIVE)

    with pytest.raises(ConflictError, match="The connection is inactive"):
        client.trigger_job(paused.connection_id)


def test_a_failed_job_is_explained_or_said_to_be_unexplained(client: AirbyteClient) -> None:
    (failed, *_) = client.list_jobs(status=JobStatus.FAILED, limit=1)

    details = client.explain_job(failed.job_id)

    assert details.failures if details.available else details.how_to_get


def test_a_schedule_is_written_and_read_back(client: AirbyteClient) -> None:
    connection_id = _active(client)

    changed = client.update_connection(connection_id, schedule=every(6))

    assert changed.schedule == every(6)
    assert client.get_connection(connection_id) == changed


def test_streams_that_are_sent_back_change_nothing(client: AirbyteClient) -> None:
    before = client.get_connection(_active(client))

    after = client.update_connection(before.connection_id, streams=before.streams)

    assert after == before


def test_refusals_are_errors_of_the_tree(client: AirbyteClient, sandbox: RunningSandbox) -> None:
    nobody = "00000000-0000-4000-8000-000000000000"
    with pytest.raises((NotFoundError, PermissionDeniedError)):
        client.get_connection(nobody)
    with pytest.raises(BadRequestError):
        client.update_connection(_active(client), schedule=CronSchedule(expression="every full moon"))
    with AirbyteClient(sandbox.address.url, auth=NoAuth()) as stranger, pytest.raises(AuthenticationError):
        stranger.list_workspaces()


def test_the_asynchronous_client_sees_the_same(client: AirbyteClient, sandbox: RunningSandbox) -> None:
    async def names() -> list[str]:
        auth = ClientCredentials(sandbox.address.client_id, sandbox.address.client_secret)
        async with AsyncAirbyteClient(sandbox.address.url, auth=auth) as other:
            return [connection.name async for connection in other.iter_connections()]

    assert asyncio.run(names()) == [connection.name for connection in client.list_connections()]
