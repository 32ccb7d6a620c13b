"""How the public API of a current Airbyte writes things down."""

import re
from datetime import UTC, datetime
from uuid import NAMESPACE_URL, uuid5

from airbyte_sandbox.json_value import JsonObject, JsonValue, as_object
from airbyte_sandbox.model import (
    Connection,
    Destination,
    Job,
    JobStatus,
    Schedule,
    ScheduleType,
    Source,
    StreamConfig,
    Tag,
    Workspace,
)

_SECRET_NAME = re.compile(
    r"password|secret|token|api_?key|private_?key|credentials?_json|passphrase", re.IGNORECASE
)
_MASK = "**********"


def masked(value: JsonValue) -> JsonValue:
    """``value`` with everything secret replaced, judged by the names of the fields."""
    if isinstance(value, list):
        return [masked(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: _MASK if _SECRET_NAME.search(name) and not isinstance(item, dict | list) else masked(item)
        for name, item in value.items()
    }


def java_time(milliseconds: int) -> str:
    """A time as Java's OffsetDateTime prints it: whole seconds, and none at all if they are zero."""
    moment = datetime.fromtimestamp(milliseconds // 1000, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ" if moment.second else "%Y-%m-%dT%H:%MZ")


def java_duration(seconds: int) -> str:
    """Seconds as Java's Duration prints them: "PT8H6M12S", "PT0S"."""
    hours, minutes, rest = seconds // 3600, seconds // 60 % 60, seconds % 60
    parts = [f"{amount}{unit}" for amount, unit in ((hours, "H"), (minutes, "M"), (rest, "S")) if amount]
    return "PT" + ("".join(parts) or "0S")


def workspace_json(workspace: Workspace) -> JsonObject:
    """A workspace."""
    return {
        "workspaceId": workspace.id,
        "name": workspace.name,
        "dataResidency": "auto",
        "notifications": {},
    }


def source_json(source: Source) -> JsonObject:
    """A source, its secrets masked; ``createdAt`` is seconds since 1970."""
    return {
        "sourceId": source.id,
        "name": source.name,
        "sourceType": source.source_type,
        "definitionId": _definition("source", source.source_type),
        "workspaceId": source.workspace_id,
        "configuration": masked(source.configuration),
        "createdAt": source.created_at // 1000,
    }


def destination_json(destination: Destination) -> JsonObject:
    """A destination, its secrets masked; ``createdAt`` is seconds since 1970."""
    return {
        "destinationId": destination.id,
        "name": destination.name,
        "destinationType": destination.destination_type,
        "definitionId": _definition("destination", destination.destination_type),
        "workspaceId": destination.workspace_id,
        # The official SDK tells the kinds of destinations apart by this field inside.
        "configuration": {
            **as_object(masked(destination.configuration)),
            "destinationType": destination.destination_type,
        },
        "createdAt": destination.created_at // 1000,
    }


def connection_json(connection: Connection) -> JsonObject:
    """A connection with all its streams; ``statusReason`` is in the specification and never sent."""
    body: JsonObject = {
        "connectionId": connection.id,
        "name": connection.name,
        "sourceId": connection.source_id,
        "destinationId": connection.destination_id,
        "workspaceId": connection.workspace_id,
        "status": connection.status.value,
        "schedule": _schedule_json(connection.schedule),
        "dataResidency": "auto",
        "configurations": {"streams": [_stream_json(stream) for stream in connection.streams]},
        "createdAt": connection.created_at // 1000,
        "tags": [tag_json(tag) for tag in connection.tags],
        "namespaceDefinition": connection.namespace_definition,
        "nonBreakingSchemaUpdatesBehavior": connection.schema_updates,
        "prefix": connection.prefix,
    }
    if connection.namespace_format is not None:
        body["namespaceFormat"] = connection.namespace_format
    return body


def tag_json(tag: Tag) -> JsonObject:
    """A tag."""
    return {"tagId": tag.id, "name": tag.name, "color": tag.color, "workspaceId": tag.workspace_id}


def job_json(job: Job) -> JsonObject:
    """A job: no creation time but as ``startTime``, no update time and no counts before its end."""
    ended = job.status.terminal
    seconds = job.updated_at // 1000 - job.created_at // 1000
    return {
        "jobId": job.id,
        "status": job.status.value,
        "jobType": job.type.value,
        "startTime": java_time(job.created_at),
        "connectionId": job.connection_id,
        "lastUpdatedAt": java_time(job.updated_at) if ended else None,
        "duration": None if job.status is JobStatus.PENDING else java_duration(seconds),
        "bytesSynced": job.bytes if ended else None,
        "rowsSynced": job.rows if ended else None,
    }


def _definition(kind: str, type_name: str) -> str:
    """A connector's definition id: made up, but the same every time."""
    return str(uuid5(NAMESPACE_URL, f"sandbox/{kind}-definition/{type_name}"))


def _schedule_json(schedule: Schedule) -> JsonObject:
    match schedule.type:
        case ScheduleType.MANUAL:
            return {"scheduleType": "manual"}
        case ScheduleType.BASIC:
            return {"scheduleType": "basic", "basicTiming": schedule.expression}
        case ScheduleType.CRON:
            return {"scheduleType": "cron", "cronExpression": f"{schedule.expression} UTC"}


def _stream_json(stream: StreamConfig) -> JsonObject:
    return {
        "name": stream.name,
        "syncMode": stream.sync_mode.value,
        "cursorField": list(stream.cursor_field),
        "primaryKey": [[field] for field in stream.primary_key],
        "selectedFields": [{"fieldPath": [field]} for field in stream.selected_fields],
        "mappers": [],
        **({"namespace": stream.namespace} if stream.namespace is not None else {}),
    }
