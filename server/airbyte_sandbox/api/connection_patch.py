"""PATCH /connections/{connectionId}: what it takes, what it refuses, and what it silently replaces."""

import threading
from dataclasses import replace

from airbyte_sandbox.api.answers import Answer, Call, Problem, bad_request
from airbyte_sandbox.api.fleet_calls import FleetCalls, resource_id
from airbyte_sandbox.api.stream_patch import patched_streams
from airbyte_sandbox.api.writing import Writing
from airbyte_sandbox.cron import CronError, checked_cron
from airbyte_sandbox.json_value import JsonObject, JsonValue, as_list, as_object, as_text
from airbyte_sandbox.model import Connection, ConnectionStatus, Schedule, ScheduleType, Tag
from airbyte_sandbox.storage.fleet import FleetStore

_NAMESPACES = {"source", "destination", "custom_format"}
_SCHEMA_UPDATES = {"ignore", "disable_connection", "propagate_columns", "propagate_fully"}


class ConnectionPatchCalls:
    """The one handler that changes a connection."""

    def __init__(self, calls: FleetCalls, fleet: FleetStore, writing: Writing) -> None:
        self._calls = calls
        self._writing = writing
        self._fleet = fleet
        self._lock = threading.Lock()

    def patch_connection(self, call: Call) -> Answer:
        """Change what the body names; unknown fields are ignored, as the real server ignores them."""
        with self._lock:
            connection = self._calls.connection(resource_id(call, "connectionId"))
            changed = self._changed(connection, call.json_object())
            self._fleet.put_connection(changed)
        return Answer(self._writing.connection(changed))

    def _changed(self, connection: Connection, body: JsonObject) -> Connection:
        if connection.status is ConnectionStatus.LOCKED:
            raise Problem(
                409,
                "connection-locked",
                "Connection is locked",
                {"message": "Connection is locked"},
                "error:connection/locked",
            )
        changed = self._with_schedule(self._with_words(connection, body), body)
        changed = self._with_tags(changed, body)
        return self._with_streams(changed, body)

    @staticmethod
    def _with_words(connection: Connection, body: JsonObject) -> Connection:
        status = _one_of(body, "status", {*ConnectionStatus} - {ConnectionStatus.LOCKED})
        return replace(
            connection,
            name=_text(body, "name", connection.name),
            prefix=_text(body, "prefix", connection.prefix),
            status=ConnectionStatus(status) if status else connection.status,
            namespace_definition=_one_of(body, "namespaceDefinition", _NAMESPACES)
            or connection.namespace_definition,
            namespace_format=_text(body, "namespaceFormat", connection.namespace_format or "") or None,
            schema_updates=_one_of(body, "nonBreakingSchemaUpdatesBehavior", _SCHEMA_UPDATES)
            or connection.schema_updates,
        )

    def _with_schedule(self, connection: Connection, body: JsonObject) -> Connection:
        wanted = body.get("schedule")
        if wanted is None:
            return connection
        return replace(connection, schedule=self._schedule(as_object(wanted)))

    def _schedule(self, wanted: JsonObject) -> Schedule:
        if wanted.get("scheduleType") == "basic":
            schedule = self._writing.basic_schedule(as_text(wanted.get("basicTiming")))
            if schedule is not None:
                return schedule
        return _schedule(wanted)

    def _with_tags(self, connection: Connection, body: JsonObject) -> Connection:
        """Listed tags replace all tags; only their ids are read."""
        if body.get("tags") is None:
            return connection
        tags: list[Tag] = []
        for item in as_list(body.get("tags")):
            tag = self._fleet.tag(as_text(as_object(item).get("tagId")))
            if tag is None or tag.workspace_id != connection.workspace_id:
                raise bad_request("tags must name tags of the connection's workspace by their tagId")
            tags.append(tag)
        return replace(connection, tags=tuple(dict.fromkeys(tags)))

    def _with_streams(self, connection: Connection, body: JsonObject) -> Connection:
        """Listed streams replace all streams; an empty list changes nothing."""
        wanted: list[JsonValue] = as_list(as_object(body.get("configurations")).get("streams"))
        source = self._fleet.source(connection.source_id)
        if not wanted or source is None:
            return connection
        return replace(connection, streams=patched_streams(wanted, source.catalog))


def _schedule(wanted: JsonObject) -> Schedule:
    kind = wanted.get("scheduleType")
    if kind == "manual":
        return Schedule()
    if kind != "cron":
        raise bad_request(f"scheduleType must be one of [manual, cron], not {as_text(kind, 'that')}")
    expression = as_text(wanted.get("cronExpression")).strip()
    if not expression:
        raise bad_request("Missing cron expression in the schedule.")
    try:
        return Schedule(ScheduleType.CRON, checked_cron(expression))
    except CronError as error:
        if not error.kind:
            raise bad_request(error.message) from error
        data: JsonObject = {"cronExpression": expression, "validationErrorMessage": error.message}
        kind = f"error:cron-validation/{error.kind}"
        raise Problem(400, error.kind, "The cron expression is not allowed.", data, kind) from error


def _text(body: JsonObject, name: str, default: str) -> str:
    value = body.get(name)
    if value is None:
        return default
    if not isinstance(value, str):
        raise bad_request(f"{name} must be a string")
    return value


def _one_of(body: JsonObject, name: str, allowed: set[ConnectionStatus] | set[str]) -> str | None:
    value = body.get(name)
    if value is None or (isinstance(value, str) and value in allowed):
        return value
    raise bad_request(f"{name} must be one of [{', '.join(sorted(allowed))}]")
