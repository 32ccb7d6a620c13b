"""Fleets of any size, the same for the same number, for those who want to know how something scales.

Jobs are spread over the 90 days before the start. As in the demo, they are a story; what runs after the start
is real. Cron schedules are spread over the day, so that a large fleet does not start all at once.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from airbyte_sandbox.clock import milliseconds
from airbyte_sandbox.json_value import JsonObject
from airbyte_sandbox.model import (
    Attempt,
    AttemptStatus,
    Connection,
    ConnectionStatus,
    Destination,
    Failure,
    FailureOrigin,
    FailureType,
    Job,
    JobStatus,
    JobType,
    Progress,
    Schedule,
    ScheduleType,
    Source,
    StreamConfig,
    SyncMode,
    Workspace,
)
from airbyte_sandbox.seed.home import DEFAULT_WORKSPACE, fixed_id
from airbyte_sandbox.settings import FleetSize
from airbyte_sandbox.sources import sample_streams
from airbyte_sandbox.storage.fleet import FleetStore
from airbyte_sandbox.storage.jobs import JobStore

_HISTORY = timedelta(days=90)
_LONGEST_JOB_SECONDS = 600
_CONNECTIONS_OF_A_WORKSPACE = 500
_BYTES_PER_ROW = 190
_ACTIVE_SHARE = 0.9
_SCHEDULED_SHARE = 0.8
_GOOD_SHARE = 0.93
_KINDS = ("postgres", "hubspot", "stripe", "zendesk-support", "google-sheets", "mixpanel")
_REFUSED = Failure(FailureOrigin.SOURCE, FailureType.CONFIG, "The password was refused.")


def plant_generated(fleet: FleetStore, jobs: JobStore, size: FleetSize, now: datetime) -> None:
    """Put in a fleet of this size."""
    random = Random(size.seed)  # noqa: S311 - a fleet is no secret
    born = milliseconds(now - _HISTORY)
    connections: list[str] = []
    with fleet.in_bulk():
        for number in range(size.connections):
            workspace = _workspace(number // _CONNECTIONS_OF_A_WORKSPACE)
            if number % _CONNECTIONS_OF_A_WORKSPACE == 0:
                fleet.add_workspace(workspace)
                fleet.add_destination(_destination(workspace, born))
            source, connection = _pair(workspace, number, random, born)
            fleet.add_source(source)
            fleet.put_connection(connection)
            connections.append(connection.id)
        jobs.add_many_finished(_jobs(connections, size.jobs, random, now))


def _workspace(number: int) -> Workspace:
    if number == 0:
        return DEFAULT_WORKSPACE
    return Workspace(fixed_id("generated", "workspace", str(number)), f"Team {number}")


def _destination(workspace: Workspace, born: int) -> Destination:
    configuration: JsonObject = {"host": "warehouse.internal", "database": "main", "username": "airbyte"}
    identifier = fixed_id("generated", "destination", workspace.id)
    return Destination(
        identifier, workspace.id, f"{workspace.name} warehouse", "postgres", configuration, born
    )


def _pair(workspace: Workspace, number: int, random: Random, born: int) -> tuple[Source, Connection]:
    kind = _KINDS[random.randrange(len(_KINDS))]
    names = sample_streams.stream_names()
    schema = sample_streams.schema(names[random.randrange(len(names))])
    configuration: JsonObject = {"streams": {schema.name: 100 + random.randrange(900)}, "new_rows": 10}
    source = Source(
        id=fixed_id("generated", "source", str(number)),
        workspace_id=workspace.id,
        name=f"{kind} {number}",
        source_type=kind,
        connector="sample",
        configuration=configuration,
        catalog=(schema,),
        created_at=born,
    )
    mode = SyncMode.INCREMENTAL_APPEND if random.random() < 0.5 else SyncMode.FULL_REFRESH_OVERWRITE  # noqa: PLR2004 - half of them
    cursor = schema.default_cursor if mode.incremental else ()
    active = random.random() < _ACTIVE_SHARE
    connection = Connection(
        id=fixed_id("generated", "connection", str(number)),
        workspace_id=workspace.id,
        name=f"{schema.name} of {source.name}",
        source_id=source.id,
        destination_id=fixed_id("generated", "destination", workspace.id),
        status=ConnectionStatus.ACTIVE if active else ConnectionStatus.INACTIVE,
        schedule=_schedule(random),
        streams=(StreamConfig(schema.name, mode, cursor, schema.primary_key),),
        created_at=born,
        prefix=f"c{number}_",
    )
    return source, connection


def _schedule(random: Random) -> Schedule:
    minute, hour, scheduled = random.randrange(60), random.randrange(24), random.random()
    if scheduled >= _SCHEDULED_SHARE:
        return Schedule()
    return Schedule(ScheduleType.CRON, f"0 {minute} {hour} * * ?")


def _jobs(connections: list[str], count: int, random: Random, now: datetime) -> Iterator[tuple[Job, Attempt]]:
    """Jobs in the order of their start."""
    first = milliseconds(now - _HISTORY)
    step = (milliseconds(now) - _LONGEST_JOB_SECONDS * 1000 - first) / max(count, 1)
    for number in range(count):
        start = first + int(number * step)
        end = start + (10 + random.randrange(_LONGEST_JOB_SECONDS - 10)) * 1000
        good = random.random() < _GOOD_SHARE
        rows = random.randrange(10_000) if good else 0
        size = rows * _BYTES_PER_ROW
        identifier = connections[random.randrange(len(connections))]
        status = JobStatus.SUCCEEDED if good else JobStatus.FAILED
        attempt_status = AttemptStatus.SUCCEEDED if good else AttemptStatus.FAILED
        yield (
            Job(0, identifier, JobType.SYNC, status, start, end),
            Attempt(
                0,
                0,
                attempt_status,
                start,
                end,
                Progress(rows, size, rows, size, states=1),
                () if good else (_REFUSED,),
            ),
        )
