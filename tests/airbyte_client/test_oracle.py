"""The official SDK, airbyte-api 1.0.1, reads from the sandbox what our client reads."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from airbyte_client import (
    AirbyteClient,
    ClientCredentials,
    Connection,
    CronSchedule,
    Destination,
    IntervalSchedule,
    Job,
    Schedule,
    Source,
)
from airbyte_sandbox import SandboxSettings, start_in_thread
from environments import make_environment, run_python

pytestmark = [pytest.mark.ci, pytest.mark.timeout(600)]

ORACLE = """
import json, sys
from airbyte_api import AirbyteAPI, api, errors, models

url, token = sys.argv[1:]
sdk = AirbyteAPI(server_url=url, security=models.Security(bearer_auth=token))

def read_all(read, request, answer, **fixed):
    rows, offset = [], 0
    while page := read_page(read, request(limit=100, offset=offset, **fixed), answer):
        rows += page
        offset += len(page)
    return rows

def read_page(read, request, answer):
    try:
        page = getattr(read(request=request), answer).data
    except errors.ResponseValidationError as error:
        # The SDK refuses a destination whose configuration does not repeat its type; this is what it got.
        return error.raw_response.json()["data"]
    return [row.model_dump(mode="json", by_alias=True) for row in page]

json.dump({
    "workspaces": read_all(sdk.workspaces.list_workspaces, api.ListWorkspacesRequest, "workspaces_response"),
    "sources": read_all(sdk.sources.list_sources, api.ListSourcesRequest, "sources_response"),
    "destinations": read_all(
        sdk.destinations.list_destinations, api.ListDestinationsRequest, "destinations_response"
    ),
    "connections": read_all(sdk.connections.list_connections, api.ListConnectionsRequest, "connections_response"),
    "jobs": read_all(sdk.jobs.list_jobs, api.ListJobsRequest, "jobs_response", order_by="createdAt|DESC"),
}, sys.stdout)
"""

Read = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def client() -> Iterator[AirbyteClient]:
    with start_in_thread(SandboxSettings()) as sandbox:
        credentials = ClientCredentials(sandbox.address.client_id, sandbox.address.client_secret)
        with AirbyteClient(sandbox.address.api_url, auth=credentials) as ready:
            yield ready


@pytest.fixture(scope="module")
def oracle(client: AirbyteClient, tmp_path_factory: pytest.TempPathFactory) -> Read:
    """Everything that the official SDK reads."""
    folder = tmp_path_factory.mktemp("oracle")
    python = make_environment(Path(folder), "airbyte-api==1.0.1")
    # The SDK asks for its own token by a form, which Airbyte's public API does not take.
    told = run_python(python, ORACLE, client.base_url, client.access_token)
    read: Read = json.loads(told)
    return read


def _moment(said: str | int | None) -> datetime | None:
    if said is None:
        return None
    return datetime.fromtimestamp(said, UTC) if isinstance(said, int) else datetime.fromisoformat(said)


def _span(said: str | None) -> timedelta | None:
    return None if said is None else TypeAdapter(timedelta).validate_python(said)


def _said(schedule: Schedule | None) -> dict[str, str]:
    """A schedule as Airbyte says it."""
    if isinstance(schedule, CronSchedule):
        said = f"{schedule.expression} {schedule.timezone}"
        return {"scheduleType": "cron", "cronExpression": said}
    if isinstance(schedule, IntervalSchedule):
        return {"scheduleType": "basic", "basicTiming": f"Every {schedule.every} {schedule.unit.upper()}"}
    return {"scheduleType": "manual"}


def _stream(sent: Mapping[str, object]) -> dict[str, object]:
    """Without what is empty: the SDK fills some of it in by itself."""
    return {key: value for key, value in sent.items() if value}


def test_workspaces(client: AirbyteClient, oracle: Read) -> None:
    ours = [(read.workspace_id, read.name) for read in client.list_workspaces()]

    assert ours == [(row["workspaceId"], row["name"]) for row in oracle["workspaces"]]
    assert ours


# Configurations are left out: the SDK takes one for the first connector's whose model it fits, and adds that
# connector's name to it.


def test_sources(client: AirbyteClient, oracle: Read) -> None:
    def plain(read: Source) -> tuple[object, ...]:
        return (
            read.source_id,
            read.name,
            read.source_type,
            read.workspace_id,
            read.definition_id,
            read.created_at,
        )

    names = ("sourceId", "name", "sourceType", "workspaceId", "definitionId")
    theirs = [(*(row[name] for name in names), _moment(row["createdAt"])) for row in oracle["sources"]]
    assert [plain(read) for read in client.list_sources()] == theirs
    assert theirs


def test_destinations(client: AirbyteClient, oracle: Read) -> None:
    def plain(read: Destination) -> tuple[object, ...]:
        return (
            read.destination_id,
            read.name,
            read.destination_type,
            read.workspace_id,
            read.definition_id,
            read.created_at,
        )

    names = ("destinationId", "name", "destinationType", "workspaceId", "definitionId")
    theirs = [(*(row[name] for name in names), _moment(row["createdAt"])) for row in oracle["destinations"]]
    assert [plain(read) for read in client.list_destinations()] == theirs
    assert theirs


def test_connections(client: AirbyteClient, oracle: Read) -> None:
    def plain(read: Connection) -> dict[str, object]:
        return {
            "connectionId": read.connection_id,
            "name": read.name,
            "sourceId": read.source_id,
            "destinationId": read.destination_id,
            "workspaceId": read.workspace_id,
            "status": read.status.value,
            "schedule": _said(read.schedule),
            "createdAt": read.created_at,
            "tags": [(tag.tag_id, tag.name, tag.color, tag.workspace_id) for tag in read.tags],
            "streams": [_stream(stream.root) for stream in read.streams],
        }

    def plain_theirs(row: dict[str, Any]) -> dict[str, object]:
        tags = [tuple(tag[key] for key in ("tagId", "name", "color", "workspaceId")) for tag in row["tags"]]
        names = ("connectionId", "name", "sourceId", "destinationId", "workspaceId", "status", "schedule")
        return {
            **{name: row[name] for name in names},
            "createdAt": _moment(row["createdAt"]),
            "tags": tags,
            "streams": [_stream(stream) for stream in row["configurations"]["streams"]],
        }

    ours = [plain(read) for read in client.list_connections()]
    assert ours == [plain_theirs(row) for row in oracle["connections"]]
    assert len(ours) > 5


def test_jobs(client: AirbyteClient, oracle: Read) -> None:
    def plain(read: Job) -> tuple[object, ...]:
        return (
            read.job_id,
            read.status.value,
            read.job_type.value,
            read.connection_id,
            read.started_at,
            read.updated_at,
            read.duration,
            read.rows_synced,
            read.bytes_synced,
        )

    theirs = [
        (
            *(row[name] for name in ("jobId", "status", "jobType", "connectionId")),
            _moment(row["startTime"]),
            _moment(row.get("lastUpdatedAt")),
            _span(row.get("duration")),
            row.get("rowsSynced"),
            row.get("bytesSynced"),
        )
        for row in oracle["jobs"]
    ]
    ended = {row[0] for row in theirs if row[1] in ("succeeded", "failed", "cancelled")}
    ours = [plain(read) for read in client.list_jobs()]
    # A job that runs may have gone on between the two readings.
    assert [row for row in ours if row[0] in ended] == [row for row in theirs if row[0] in ended]
    assert len(ended) > 20
