"""A PATCH says what was asked and nothing else."""

import json

import pytest

from airbyte_answers import CONNECTION_ID, connection
from airbyte_client import (
    AirbyteClient,
    ConnectionStatus,
    IntervalSchedule,
    IntervalUnit,
    InvalidAnswerError,
    InvalidArgumentError,
    InvalidScheduleError,
    ManualSchedule,
    Schedule,
    StreamConfiguration,
    SyncMode,
    UnknownSchedule,
    every,
)
from airbyte_client.schedules import CronSchedule
from scripted_airbyte import Reply, ScriptedAirbyte, answer

STREAM = (
    b'{"zeta": [1, 1.5, 1e5, null], "name": "users", "syncMode": "incremental_append", "cursorField": ["at"],'
    b' "primaryKey": [["id"], ["a", "b"]], "mappers": [{"type": "hash", "mapperConfiguration": {"b": 1, "a": 2}}],'
    b' "namespace": null, "includeFiles": false, "selectedFields": [{"fieldPath": ["id"]}]}'
)


@pytest.fixture
def _patched(server: ScriptedAirbyte) -> None:
    server.on(f"PATCH /connections/{CONNECTION_ID}", answer(connection()))
    server.on(
        f"GET /connections/{CONNECTION_ID}",
        answer(connection(configurations={"streams": [json.loads(STREAM)]})),
    )


@pytest.mark.usefixtures("_patched")
def test_only_what_is_given_is_sent(client: AirbyteClient, server: ScriptedAirbyte) -> None:
    client.update_connection(CONNECTION_ID, status=ConnectionStatus.INACTIVE)
    client.update_connection(CONNECTION_ID, name="New", schedule=ManualSchedule())
    client.update_connection(CONNECTION_ID, schedule=every(6))

    assert [request.json for request in server.log] == [
        {"status": "inactive"},
        {"name": "New", "schedule": {"scheduleType": "manual"}},
        {"schedule": {"scheduleType": "cron", "cronExpression": "0 0 0/6 * * ?"}},
    ]


@pytest.mark.usefixtures("_patched")
def test_streams_go_back_byte_for_byte_as_they_came(client: AirbyteClient, server: ScriptedAirbyte) -> None:
    read = client.get_connection(CONNECTION_ID)

    client.update_connection(CONNECTION_ID, streams=read.streams)

    sent = json.loads(STREAM)
    assert server.log[-1].body == json.dumps({"configurations": {"streams": [sent]}}).encode()


def test_a_stream_is_read_through_its_attributes() -> None:
    stream = StreamConfiguration.model_validate_json(STREAM)

    assert (stream.name, stream.namespace, stream.sync_mode) == ("users", None, SyncMode.INCREMENTAL_APPEND)
    assert stream.cursor_field == ("at",)
    assert stream.primary_key == (("id",), ("a", "b"))
    assert stream.selected_fields == (("id",),)


def test_a_changed_stream_keeps_all_else_in_its_place() -> None:
    stream = StreamConfiguration.model_validate_json(STREAM)

    changed = stream.with_changes(
        sync_mode=SyncMode.FULL_REFRESH_OVERWRITE, cursor_field=["updated"], primary_key=[["key"]]
    )

    expected = json.loads(STREAM) | {
        "syncMode": "full_refresh_overwrite",
        "cursorField": ["updated"],
        "primaryKey": [["key"]],
    }
    assert json.dumps(changed.root) == json.dumps(expected)
    assert stream.sync_mode is SyncMode.INCREMENTAL_APPEND


def test_a_stream_of_odd_shape_is_read_as_far_as_it_goes() -> None:
    stream = StreamConfiguration.model_validate({"name": 3, "cursorField": "at", "primaryKey": None})

    assert (stream.name, stream.sync_mode, stream.cursor_field, stream.primary_key) == ("", None, (), ())


@pytest.mark.usefixtures("_patched")
def test_all_fields_shown_as_an_empty_selection_are_not_written_back(
    client: AirbyteClient, server: ScriptedAirbyte
) -> None:
    stream = StreamConfiguration({"name": "users", "selectedFields": []})

    client.update_connection(CONNECTION_ID, streams=[stream])

    assert server.log[-1].json == {"configurations": {"streams": [{"name": "users"}]}}


def test_no_change_and_no_streams_are_refused_before_sending(
    client: AirbyteClient, server: ScriptedAirbyte
) -> None:
    with pytest.raises(InvalidArgumentError, match="No change"):
        client.update_connection(CONNECTION_ID)
    with pytest.raises(InvalidArgumentError, match="empty"):
        client.update_connection(CONNECTION_ID, streams=[])

    assert server.log == []


@pytest.mark.parametrize(
    "schedule",
    [
        IntervalSchedule(every=12, unit=IntervalUnit.HOURS),
        CronSchedule(expression="0 0 9 * * ?", timezone="America/Toronto"),
        UnknownSchedule(said="moonlight"),
    ],
)
def test_a_schedule_that_the_api_cannot_write_is_refused_before_sending(
    client: AirbyteClient, server: ScriptedAirbyte, schedule: Schedule
) -> None:
    with pytest.raises(InvalidScheduleError) as refused:
        client.update_connection(CONNECTION_ID, schedule=schedule)

    assert "writable_cron" in refused.value.next_step
    assert server.log == []


def test_an_empty_answer_and_a_failing_look_is_no_refusal(
    client: AirbyteClient, server: ScriptedAirbyte
) -> None:
    server.on(f"PATCH /connections/{CONNECTION_ID}", Reply())
    server.on(f"GET /connections/{CONNECTION_ID}", answer({}, 404))

    with pytest.raises(InvalidAnswerError, match=r"took the change .* could not be read back") as told:
        client.update_connection(CONNECTION_ID, status=ConnectionStatus.INACTIVE)

    assert told.value.sent
    assert len(server.effects) == 1
