"""The sixteen points on which Airbyte's dialects differ, one by one, over real HTTP."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from airbyte_answers import CONNECTION_ID, WORKSPACE_ID, connection, job
from airbyte_client import (
    AirbyteClient,
    ClientCredentials,
    ConnectionStatus,
    CronSchedule,
    IntervalSchedule,
    IntervalUnit,
    JobStatus,
    JobType,
    ManualSchedule,
    NoAuth,
    NotAirbyteError,
    Schedule,
    SyncMode,
    UnknownSchedule,
)
from scripted_airbyte import Reply, ScriptedAirbyte, answer, html, page

TEN = datetime(2026, 1, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize("suffix", ["", "/", "/api/public/v1", "/api/public/v1/"])
def test_01_the_base_url_comes_with_or_without_its_path(server: ScriptedAirbyte, suffix: str) -> None:
    server.on("GET /workspaces", page({"workspaceId": WORKSPACE_ID, "name": "Default"}))

    with AirbyteClient(server.origin + suffix, auth=NoAuth()) as client:
        (workspace,) = client.list_workspaces()

    assert workspace.name == "Default"


@pytest.mark.parametrize(
    "reply",
    [
        html(),
        Reply(body=b"Successful operation", content_type="text/plain"),
        Reply(body=b"hello", content_type=None),
    ],
)
def test_01_a_good_status_without_json_is_not_airbyte(
    client: AirbyteClient, server: ScriptedAirbyte, reply: Reply
) -> None:
    server.on("GET /workspaces", reply)

    with pytest.raises(NotAirbyteError, match="This base URL answers with") as refused:
        client.list_workspaces()

    assert "AIRBYTE_API_URL" in refused.value.next_step


@pytest.mark.parametrize("job_id", [123, "123"])
def test_02_a_job_id_is_a_number_however_it_is_written(
    client: AirbyteClient, server: ScriptedAirbyte, job_id: object
) -> None:
    server.on("GET /jobs/123", answer(job(job_id)))

    assert client.get_job(123).job_id == 123


@pytest.mark.parametrize(
    "said",
    [
        "2026-01-01T10:00:00Z",
        "2026-01-01T10:00Z",
        "2026-01-01T12:00:00+02:00",
        "2026-01-01T10:00:00",
        1767261600,
        1767261600000,
        "1767261600",
        "1767261600000",
    ],
)
def test_03_times_are_read_in_every_form(
    client: AirbyteClient, server: ScriptedAirbyte, said: object
) -> None:
    server.on("GET /jobs/124", answer(job(startTime=said)))

    started = client.get_job(124).started_at

    assert started == TEN
    assert started is not None
    assert started.utcoffset() == timedelta(0)


def test_03_a_job_without_a_start_time_began_when_it_was_created(
    client: AirbyteClient, server: ScriptedAirbyte
) -> None:
    server.on("GET /jobs/124", answer(job(startTime=None, createdAt="1767261600000")))

    assert client.get_job(124).started_at == TEN


def test_03_a_job_without_any_time_has_none(client: AirbyteClient, server: ScriptedAirbyte) -> None:
    server.on("GET /jobs/124", answer(job(startTime=None)))

    assert client.get_job(124).started_at is None


@pytest.mark.parametrize("said", [{}, {"rowsSynced": None, "bytesSynced": None, "duration": None}])
def test_04_what_airbyte_does_not_count_is_unknown_not_zero(
    client: AirbyteClient, server: ScriptedAirbyte, said: dict[str, object]
) -> None:
    server.on("GET /jobs/124", answer(job(**said)))

    read = client.get_job(124)

    assert (read.rows_synced, read.bytes_synced, read.duration, read.updated_at) == (None, None, None, None)


def test_04_a_zero_is_a_zero_and_a_duration_is_one(client: AirbyteClient, server: ScriptedAirbyte) -> None:
    server.on("GET /jobs/124", answer(job(rowsSynced=0, bytesSynced=0, duration="PT8H6M12S")))

    read = client.get_job(124)

    assert (read.rows_synced, read.bytes_synced) == (0, 0)
    assert read.duration == timedelta(hours=8, minutes=6, seconds=12)


def test_04_an_odd_duration_does_not_lose_the_job(client: AirbyteClient, server: ScriptedAirbyte) -> None:
    server.on("GET /jobs/124", answer(job(duration="about an hour")))

    assert client.get_job(124).duration is None


def test_05_unknown_words_pass_through_typed(client: AirbyteClient, server: ScriptedAirbyte) -> None:
    server.on("GET /jobs/124", answer(job(status="paused_by_moon", jobType="defrag")))
    streams = {"streams": [{"name": "users", "syncMode": "sideways"}]}
    server.on(
        f"GET /connections/{CONNECTION_ID}", answer(connection(status="dreaming", configurations=streams))
    )

    read, linked = client.get_job(124), client.get_connection(CONNECTION_ID)

    assert isinstance(read.status, JobStatus)
    assert (read.status, read.job_type) == ("paused_by_moon", "defrag")
    assert not read.status.is_known
    assert not read.status.is_terminal
    assert isinstance(linked.status, ConnectionStatus)
    assert linked.status == "dreaming"
    assert isinstance(linked.streams[0].sync_mode, SyncMode)
    assert linked.streams[0].sync_mode == "sideways"


@pytest.mark.parametrize(
    ("said", "schedule"),
    [
        (None, None),
        ({"scheduleType": "manual"}, ManualSchedule()),
        ({"scheduleType": "manual", "basicTiming": None, "cronExpression": None}, ManualSchedule()),
        (
            {"scheduleType": "basic", "basicTiming": "every_24_hours"},
            IntervalSchedule(every=24, unit=IntervalUnit.HOURS),
        ),
        (
            {"scheduleType": "basic", "basicTiming": "Every 24 HOURS"},
            IntervalSchedule(every=24, unit=IntervalUnit.HOURS),
        ),
        (
            {"scheduleType": "basic", "basicTiming": "Every 90 MINUTES"},
            IntervalSchedule(every=90, unit=IntervalUnit.MINUTES),
        ),
        (
            {"scheduleType": "basic", "basicTiming": "Every 1 MONTHS"},
            IntervalSchedule(every=1, unit=IntervalUnit.MONTHS),
        ),
        (
            {"scheduleType": "cron", "cronExpression": "0 0 12 * * ? UTC"},
            CronSchedule(expression="0 0 12 * * ?", timezone="UTC"),
        ),
        (
            {"scheduleType": "cron", "cronExpression": "0 0 12 * * ? 2027 America/Toronto"},
            CronSchedule(expression="0 0 12 * * ? 2027", timezone="America/Toronto"),
        ),
        ({"scheduleType": "cron", "cronExpression": "0 0 12 * * ?"}, CronSchedule(expression="0 0 12 * * ?")),
        ({"scheduleType": "moonlight"}, UnknownSchedule(said="moonlight")),
        ({"scheduleType": "basic", "basicTiming": "now and then"}, UnknownSchedule(said="now and then")),
        ("daily", UnknownSchedule(said="daily")),
    ],
)
def test_06_schedules_are_read_in_every_form(
    client: AirbyteClient, server: ScriptedAirbyte, said: object, schedule: Schedule | None
) -> None:
    server.on(f"GET /connections/{CONNECTION_ID}", answer(connection(schedule=said)))

    assert client.get_connection(CONNECTION_ID).schedule == schedule


def test_06_a_connection_may_say_nothing_of_its_schedule(
    client: AirbyteClient, server: ScriptedAirbyte
) -> None:
    said = connection()
    del said["schedule"]
    server.on(f"GET /connections/{CONNECTION_ID}", answer(said))

    assert client.get_connection(CONNECTION_ID).schedule is None


@pytest.mark.parametrize(
    "body",
    [
        {"data": [job()], "next": None, "previous": None},
        {"data": [job()], "next": "", "previous": ""},
        {"data": [job()]},
        [job()],
    ],
)
def test_07_a_list_comes_with_any_links_or_bare(
    client: AirbyteClient, server: ScriptedAirbyte, body: object
) -> None:
    server.on("GET /jobs", answer(body))

    assert [read.job_id for read in client.list_jobs()] == [124]


def test_08_next_is_never_followed(client: AirbyteClient, server: ScriptedAirbyte) -> None:
    rows = [job(number) for number in range(250, 0, -1)]
    server.on("GET /jobs", lambda request: page(*rows[int(request.query["offset"][0]) :][:100]))

    jobs = client.list_jobs()

    assert [read.job_id for read in jobs] == list(range(250, 0, -1))
    assert [request.query["offset"] for request in server.log] == [["0"], ["100"], ["200"]]
    assert all(request.query["orderBy"] == ["createdAt|DESC"] for request in server.log)


def test_09_the_workspace_is_named_in_the_plural(client: AirbyteClient, server: ScriptedAirbyte) -> None:
    for line in ("GET /sources", "GET /destinations", "GET /connections", "GET /jobs"):
        server.on(line, page())

    client.list_sources(WORKSPACE_ID)
    client.list_destinations(WORKSPACE_ID)
    client.list_connections(WORKSPACE_ID, tag_ids=["t1", "t2"])
    client.list_jobs(workspace_id=WORKSPACE_ID)

    assert all(request.query["workspaceIds"] == [WORKSPACE_ID] for request in server.log)
    assert not any("workspaceId" in request.query for request in server.log)
    assert server.log[2].query["tagIds"] == ["t1", "t2"]


def test_10_an_update_may_answer_without_a_body(client: AirbyteClient, server: ScriptedAirbyte) -> None:
    server.on(f"PATCH /connections/{CONNECTION_ID}", Reply(status=200, content_type=None))
    server.on(f"GET /connections/{CONNECTION_ID}", answer(connection(name="New")))

    assert client.update_connection(CONNECTION_ID, name="New").name == "New"


@pytest.mark.parametrize(
    ("reply", "status"),
    [(answer(job(status="cancelled")), "cancelled"), (Reply(status=204, content_type=None), None)],
)
def test_10_a_cancellation_may_answer_without_a_body(
    client: AirbyteClient, server: ScriptedAirbyte, reply: Reply, status: str | None
) -> None:
    server.on("GET /jobs/124", answer(job()))
    server.on("GET /jobs", page(job()))
    server.on("DELETE /jobs/124", reply)

    cancelled = client.cancel_job(124)

    assert (None if cancelled is None else cancelled.status) == status


@pytest.mark.parametrize("status", [200, 201])
def test_11_a_job_is_started_with_200_or_201(
    client: AirbyteClient, server: ScriptedAirbyte, status: int
) -> None:
    server.on("GET /jobs", page(job(123, status="succeeded")))
    created = {"jobId": "124", "status": "pending", "jobType": "sync", "connectionId": CONNECTION_ID}
    server.on("POST /jobs", answer({**created, "createdAt": "1767261600000"}, status))

    started = client.trigger_job(CONNECTION_ID)

    assert (started.job_id, started.status, started.started_at) == (124, JobStatus.PENDING, TEN)
    assert server.log[-1].json == {"connectionId": CONNECTION_ID, "jobType": "sync"}


# Point 12, the nine error bodies, has a file of its own: test_error_bodies.py


@pytest.mark.parametrize(
    "granted", [{"access_token": "t0k"}, {"access_token": "t0k", "token_type": "Bearer", "expires_in": 900}]
)
def test_13_a_token_comes_with_or_without_its_lifetime(
    server: ScriptedAirbyte, granted: dict[str, object]
) -> None:
    server.on("POST /applications/token", answer(granted))

    with AirbyteClient(server.base_url, auth=ClientCredentials("id", "s3cret")) as client:
        assert client.access_token == "t0k"

    sent = json.loads(server.log[0].body)
    assert (sent["client_id"], sent["client_secret"]) == ("id", "s3cret")
    assert sent["grant-type"] == sent["grant_type"] == "client_credentials"


def test_14_no_authentication_sends_no_header(client: AirbyteClient, server: ScriptedAirbyte) -> None:
    server.on("GET /workspaces", page())

    client.list_workspaces()

    assert server.log[0].authorization is None


def test_14_a_token_endpoint_that_is_a_web_page_is_not_airbyte(server: ScriptedAirbyte) -> None:
    server.on("POST /applications/token", html())

    with (
        AirbyteClient(server.base_url, auth=ClientCredentials("id", "s3cret")) as client,
        pytest.raises(NotAirbyteError, match="web page"),
    ):
        client.list_workspaces()


# Point 15, basic and bearer, is in test_authentication.py


@pytest.mark.parametrize("word", ["queued", "incomplete", "pending", "running"])
def test_16_a_job_that_will_go_on_is_not_terminal(
    client: AirbyteClient, server: ScriptedAirbyte, word: str
) -> None:
    server.on("GET /jobs/124", answer(job(status=word)))

    status = client.get_job(124).status

    assert status.is_known
    assert not status.is_terminal


@pytest.mark.parametrize("word", ["locked", "deprecated", "active", "inactive"])
def test_16_a_connection_may_be_locked_or_deprecated(
    client: AirbyteClient, server: ScriptedAirbyte, word: str
) -> None:
    server.on(f"GET /connections/{CONNECTION_ID}", answer(connection(status=word)))

    assert client.get_connection(CONNECTION_ID).status.is_known


def test_reset_comes_back_for_clear(client: AirbyteClient, server: ScriptedAirbyte) -> None:
    server.on("GET /jobs", page())
    server.on("POST /jobs", answer(job(jobType="reset")))

    assert client.trigger_job(CONNECTION_ID, JobType.CLEAR).job_type is JobType.RESET
