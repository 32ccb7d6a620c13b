"""The two ways in which the public API writes things down, and takes them.

`current` is the server of today. `reference` is the project's reference document: fewer fields, ids and times
of jobs as strings, basic schedules that can be written, links that can be followed, errors of two words.
"""

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Protocol
from urllib.parse import urlencode

from airbyte_sandbox.api import render
from airbyte_sandbox.api.answers import Answer, ApiError, Call
from airbyte_sandbox.api.lists import page_answer
from airbyte_sandbox.json_value import JsonObject, JsonValue, as_object, as_text
from airbyte_sandbox.model import (
    Connection,
    ConnectionStatus,
    Destination,
    Job,
    JobStatus,
    Schedule,
    ScheduleType,
    Source,
    Workspace,
)
from airbyte_sandbox.settings import PUBLIC_API
from airbyte_sandbox.storage.fleet import Page
from airbyte_sandbox.storage.job_filter import JobOrder

_TIMING = re.compile(r"every_([1-9]\d{0,3})_(minute|hour|day|week|month)s?")
_SHOWN_TIMING = re.compile(r"Every (\d+) (\w+)")


class Writing(Protocol):
    """How one dialect writes each thing."""

    @property
    def default_order(self) -> JobOrder:
        """The order of jobs unless ``orderBy`` says another."""
        ...

    def workspace(self, workspace: Workspace) -> JsonObject:
        """A workspace."""
        ...

    def source(self, source: Source) -> JsonObject:
        """A source, its secrets masked."""
        ...

    def destination(self, destination: Destination) -> JsonObject:
        """A destination, its secrets masked."""
        ...

    def connection(self, connection: Connection) -> JsonObject:
        """A connection by itself."""
        ...

    def listed_connection(self, connection: Connection) -> JsonObject:
        """A connection in a list."""
        ...

    def job(self, job: Job) -> JsonObject:
        """A job."""
        ...

    def new_job(self, job: Job) -> Answer:
        """The answer to POST /jobs."""
        ...

    def page(
        self, call: Call, items: Sequence[JsonObject], page: Page, kept: Sequence[tuple[str, str]]
    ) -> Answer:
        """A page of a list; ``kept`` are the parameters that a current server keeps in its links."""
        ...

    def basic_schedule(self, timing: str) -> Schedule | None:
        """The schedule that a written basic timing means; None if it cannot be written."""
        ...

    def error(self, error: ApiError) -> JsonObject:
        """The body of an error."""
        ...


class CurrentWriting:
    """As the server of today."""

    default_order = JobOrder()

    workspace = staticmethod(render.workspace_json)
    source = staticmethod(render.source_json)
    destination = staticmethod(render.destination_json)
    connection = staticmethod(render.connection_json)
    listed_connection = staticmethod(render.connection_json)
    job = staticmethod(render.job_json)

    def new_job(self, job: Job) -> Answer:
        """200, not 201."""
        return Answer(render.job_json(job))

    def page(
        self, call: Call, items: Sequence[JsonObject], page: Page, kept: Sequence[tuple[str, str]]
    ) -> Answer:
        """With links that cannot be followed."""
        return page_answer(items, call.path.removeprefix(PUBLIC_API), page, kept)

    def basic_schedule(self, timing: str) -> Schedule | None:
        """It can be read and not written."""
        del timing
        return None

    def error(self, error: ApiError) -> JsonObject:
        """In one of the several shapes of the real server."""
        return error.body


class ReferenceWriting:
    """As the reference document shows; what it does not show is written as today."""

    default_order = JobOrder(newest_first=True)
    """The document fetches "recent jobs" without an order."""

    def workspace(self, workspace: Workspace) -> JsonObject:
        """Id and name."""
        return {"workspaceId": workspace.id, "name": workspace.name}

    def source(self, source: Source) -> JsonObject:
        """Without definition and time."""
        return _without(render.source_json(source), "definitionId", "createdAt")

    def destination(self, destination: Destination) -> JsonObject:
        """Without definition and time."""
        shown = _without(render.destination_json(destination), "definitionId", "createdAt")
        return {**shown, "configuration": render.masked(destination.configuration)}

    def connection(self, connection: Connection) -> JsonObject:
        """With its streams, four fields each."""
        streams: list[JsonValue] = [
            {
                "name": stream.name,
                "syncMode": stream.sync_mode.value,
                "cursorField": list(stream.cursor_field),
                "primaryKey": [[field] for field in stream.primary_key],
            }
            for stream in connection.streams
        ]
        return {**self.listed_connection(connection), "configurations": {"streams": streams}}

    def listed_connection(self, connection: Connection) -> JsonObject:
        """Without its streams; whatever is not active is inactive."""
        active = connection.status is ConnectionStatus.ACTIVE
        return {
            "connectionId": connection.id,
            "name": connection.name,
            "sourceId": connection.source_id,
            "destinationId": connection.destination_id,
            "status": "active" if active else "inactive",
            "schedule": _reference_schedule(connection),
        }

    def job(self, job: Job) -> JsonObject:
        """Five fields while it is pending, then with its start and its counts; all times are milliseconds."""
        running = job.status is JobStatus.INCOMPLETE
        body: JsonObject = {
            "jobId": str(job.id),
            "status": "running" if running else job.status.value,
            "jobType": job.type.value,
            "connectionId": job.connection_id,
            "createdAt": str(job.created_at),
        }
        if job.started_at is None:
            return body
        return {
            **body,
            "startTime": str(job.started_at),
            "lastUpdatedAt": str(job.updated_at),
            "rowsSynced": job.rows or 0,
            "bytesSynced": job.bytes or 0,
        }

    def new_job(self, job: Job) -> Answer:
        """201, as the document says of what is created."""
        return Answer(self.job(job), 201)

    def page(
        self, call: Call, items: Sequence[JsonObject], page: Page, kept: Sequence[tuple[str, str]]
    ) -> Answer:
        """With links to this server that keep every parameter; "" where there is no further page."""
        del kept
        data: list[JsonValue] = list(items)
        before = max(page.offset - page.limit, 0)
        return Answer(
            {
                "data": data,
                "previous": _link(call, page.limit, before) if page.offset else "",
                "next": _link(call, page.limit, page.offset + page.limit) if len(data) == page.limit else "",
            }
        )

    def basic_schedule(self, timing: str) -> Schedule | None:
        """A timing such as "every_12_hours"."""
        found = _TIMING.fullmatch(timing)
        if found is None:
            return None
        unit = found[2].upper()
        return Schedule(ScheduleType.BASIC, f"Every {found[1]} {unit if found[1] == '1' else unit + 'S'}")

    def error(self, error: ApiError) -> JsonObject:
        """A short name and a sentence."""
        reason = HTTPStatus(error.status).phrase
        kind = as_text(as_object(error.body.get("data")).get("resourceType"))
        return {"error": f"Invalid {kind} ID" if kind else reason, "message": error.words or reason}


def _reference_schedule(connection: Connection) -> JsonObject:
    schedule = connection.schedule
    if schedule.type is not ScheduleType.BASIC:
        return as_object(render.connection_json(connection)["schedule"])
    found = _SHOWN_TIMING.fullmatch(schedule.expression)
    number, unit = (found[1], found[2].lower()) if found else ("24", "hours")
    return {"scheduleType": "basic", "basicTiming": f"every_{number}_{unit}"}


def _link(call: Call, limit: int, offset: int) -> str:
    kept = [(name, value) for name, value in call.query if name not in {"limit", "offset"}]
    query = urlencode([*kept, ("limit", str(limit)), ("offset", str(offset))])
    return f"{call.origin}{call.path}?{query}"


def _without(body: JsonObject, *names: str) -> JsonObject:
    return {name: value for name, value in body.items() if name not in names}
