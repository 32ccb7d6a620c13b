"""Reads a whole fleet in few requests: never one for each connection.

Connections come a hundred at a time, and so do the jobs of the window. What is
left of the budget looks further back, so that a streak and a usual volume are
known beyond the window.
"""

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from airbyte_client import AsyncAirbyteClient, Connection, Job, JobStatus
from airbyte_tools.finding import without_streams
from airbyte_tools.health import History
from airbyte_tools.words import counted, iso

PAGE = 100
MAX_CONNECTIONS = 35 * PAGE
MAX_JOBS = 19 * PAGE
MAX_RUNNING = PAGE
MAX_OLDER = 2 * PAGE
"""Together at most 60 requests: 35 + 1, 19, 1, 2, with one page more where a list ends on a full one."""


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """What was read.

    Attributes:
        connections: Of the workspace asked for, or of all.
        jobs_read: Jobs created in the window that were read.
        histories: Jobs by connection id.
        missing: What was not read although it was asked for, as a sentence; empty where nothing is missing.
    """

    connections: list[Connection]
    jobs_read: int
    histories: dict[str, History]
    missing: str

    def history_of(self, connection: Connection) -> History:
        """The jobs of a connection, newest first."""
        return self.histories[connection.connection_id]


async def read_fleet(
    client: AsyncAirbyteClient, workspace_id: str | None, since: datetime, until: datetime
) -> Fleet:
    """Read connections and the jobs of a window that ends at `until`, whatever starts meanwhile.

    Raises:
        AirbyteError: Airbyte cannot be read.
    """
    connections, recent, running = await asyncio.gather(
        _first_connections(client, workspace_id),
        client.list_jobs(
            workspace_id=workspace_id, created_after=since, created_before=until, limit=MAX_JOBS
        ),
        # A job that runs since before the window is the one that matters most.
        client.list_jobs(workspace_id=workspace_id, status=JobStatus.RUNNING, limit=MAX_RUNNING),
    )
    cut = len(recent) == MAX_JOBS
    older = await _older(client, workspace_id, since, cut=cut)
    known_since = _known_since(recent, older, since, cut=cut)
    jobs = {job.job_id: job for job in (*recent, *running, *older)}
    return Fleet(
        connections=connections[:MAX_CONNECTIONS],
        jobs_read=len(recent),
        histories=_by_connection(connections, list(jobs.values()), known_since),
        missing=_missing(connections, recent, cut=cut),
    )


async def _first_connections(client: AsyncAirbyteClient, workspace_id: str | None) -> list[Connection]:
    """One more than are looked at, where there are more."""
    found: list[Connection] = []
    async for connection in client.iter_connections(workspace_id):
        found.append(without_streams(connection))
        if len(found) > MAX_CONNECTIONS:
            break
    return found


async def _older(
    client: AsyncAirbyteClient, workspace_id: str | None, since: datetime, *, cut: bool
) -> list[Job]:
    """Jobs before the window; or where the window itself was too full to be read, its failures."""
    if cut:
        return await client.list_jobs(
            workspace_id=workspace_id, status=JobStatus.FAILED, created_after=since, limit=MAX_OLDER
        )
    return await client.list_jobs(workspace_id=workspace_id, created_before=since, limit=MAX_OLDER)


def _known_since(recent: list[Job], older: list[Job], since: datetime, *, cut: bool) -> datetime | None:
    """From when on every job was read; None for all there are."""
    if cut:
        return recent[-1].started_at or since
    if len(older) < MAX_OLDER:
        return None
    return older[-1].started_at or since


def _by_connection(
    connections: list[Connection], jobs: list[Job], known_since: datetime | None
) -> dict[str, History]:
    found: dict[str, list[Job]] = defaultdict(list)
    for job in sorted(jobs, key=lambda job: job.job_id, reverse=True):
        found[job.connection_id].append(job)
    return {
        c.connection_id: History(jobs=found.get(c.connection_id, []), since=known_since) for c in connections
    }


def _missing(connections: list[Connection], recent: list[Job], *, cut: bool) -> str:
    told: list[str] = []
    if len(connections) > MAX_CONNECTIONS:
        told.append(f"Only the first {counted(MAX_CONNECTIONS, 'connection')} were looked at.")
    if cut:
        oldest = iso(recent[-1].started_at) or "an unknown time"
        read = counted(MAX_JOBS, "job")
        told.append(f"Only the newest {read} were read, back to {oldest}; before that, failures only.")
    return " ".join([*told, "Name a workspace, or fewer hours."] if told else told)
