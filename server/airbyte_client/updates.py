"""What a PATCH of a connection says."""

from collections.abc import Sequence

from pydantic import JsonValue

from airbyte_client.enums import ConnectionStatus
from airbyte_client.errors import InvalidArgumentError, InvalidScheduleError
from airbyte_client.models import StreamConfiguration
from airbyte_client.schedules import CronSchedule, ManualSchedule, Schedule


def connection_changes(
    *,
    name: str | None,
    status: ConnectionStatus | None,
    schedule: Schedule | None,
    streams: Sequence[StreamConfiguration] | None,
) -> dict[str, JsonValue]:
    """The body that changes what is given and nothing else.

    Raises:
        InvalidArgumentError: Nothing is given, or an empty list of streams.
        InvalidScheduleError: A schedule that the API cannot write.
    """
    body: dict[str, JsonValue] = {}
    if name is not None:
        body["name"] = name
    if status is not None:
        body["status"] = status.value
    if schedule is not None:
        body["schedule"] = _schedule(schedule)
    if streams is not None:
        body["configurations"] = {"streams": _streams(streams)}
    if not body:
        raise InvalidArgumentError(
            "No change was given.", next_step="Give a name, a status, a schedule or streams."
        )
    return body


def _schedule(schedule: Schedule) -> dict[str, JsonValue]:
    if isinstance(schedule, ManualSchedule):
        return {"scheduleType": "manual"}
    if isinstance(schedule, CronSchedule) and schedule.timezone in ("UTC", "Etc/UTC"):
        return {"scheduleType": "cron", "cronExpression": schedule.expression}
    raise InvalidScheduleError(
        f"Airbyte's API cannot write this schedule: {schedule.in_words()}.",
        next_step="It writes ManualSchedule() and cron in UTC: see writable_cron() and every().",
    )


def _streams(streams: Sequence[StreamConfiguration]) -> list[JsonValue]:
    if not streams:
        raise InvalidArgumentError(
            "The list of streams is empty, which Airbyte takes as no change.",
            next_step="Give every stream to keep, or pause the connection instead.",
        )
    return [_sendable(stream.root) for stream in streams]


def _sendable(sent: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Airbyte shows "all fields" as an empty list and refuses the same list when it is written back."""
    return {key: value for key, value in sent.items() if not (key == "selectedFields" and value == [])}
