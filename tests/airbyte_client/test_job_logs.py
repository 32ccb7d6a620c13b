"""The end of a job's log: bounded and clean in both of Airbyte's formats, and never worth a failure."""

import pytest

from airbyte_answers import CONNECTION_ID, WORKSPACE_ID, connection, job
from airbyte_client import AirbyteClient, BearerToken, JobDetails, LogTail, StreamState
from scripted_airbyte import RESET, Reply, ScriptedAirbyte, answer, html

ASK = "POST /api/v1/jobs/get_without_logs"
ASK_LOG = "POST /api/v1/attempt/get_for_job"
ATTEMPTS = {"attempts": [{"attempt": {"id": 0}}, {"attempt": {"id": 1}}]}


def _tail(details: JobDetails) -> LogTail:
    assert details.log is not None
    return details.log


def _lines(count: int) -> dict[str, object]:
    return {"logType": "formatted", "logs": {"logLines": [f"line {number}" for number in range(count)]}}


def _log(client: AirbyteClient, server: ScriptedAirbyte, reply: Reply, lines: int = 5) -> JobDetails:
    server.on(ASK, answer(ATTEMPTS))
    server.on(ASK_LOG, reply)
    return client.explain_job(124, log_lines=lines)


def test_no_log_is_fetched_unless_asked_for(client: AirbyteClient, server: ScriptedAirbyte) -> None:
    server.on(ASK, answer(ATTEMPTS))

    details = client.explain_job(124)

    assert (details.log, details.log_why_not) == (None, None)
    assert len(server.log) == 1


def test_the_end_of_the_last_attempts_formatted_log_is_told(
    client: AirbyteClient, server: ScriptedAirbyte
) -> None:
    tail = _tail(_log(client, server, answer(_lines(8)), lines=2))

    assert tail.lines == ("line 6", "line 7")
    assert (tail.attempt_number, tail.omitted) == (1, 6)
    assert server.log[-1].json == {"jobId": 124, "attemptNumber": 1}


@pytest.mark.parametrize("key", ["events", "logEvents"])
def test_structured_events_become_lines(client: AirbyteClient, server: ScriptedAirbyte, key: str) -> None:
    events = [
        {"timestamp": 1767261600000, "message": "early", "level": "INFO"},
        {"timestamp": 1767261601000, "message": "disk full", "level": "ERROR", "caller": {"line": 3}},
        {"message": None, "level": "WARN"},
    ]

    tail = _tail(_log(client, server, answer({"logType": "structured", "logs": {key: events}}), lines=2))

    assert tail.lines == ("2026-01-01T10:00:01Z ERROR disk full", "WARN")
    assert tail.omitted == 1


@pytest.mark.parametrize("logs", [{}, None, {"logLines": None}, {"logLines": []}, {"events": []}])
def test_an_empty_log_is_empty(client: AirbyteClient, server: ScriptedAirbyte, logs: object) -> None:
    assert _tail(_log(client, server, answer({"logs": logs}))).lines == ()


def test_hostile_lines_are_defused(server: ScriptedAirbyte) -> None:
    hostile = ["\x1b[32mINFO\x1b[m done\u202e\nsecond\x00", "x" * 5_000, "Authorization: Bearer s3cret-token"]

    with AirbyteClient(server.base_url, auth=BearerToken("s3cret-token")) as client:
        tail = _tail(_log(client, server, answer({"logs": {"logLines": hostile}})))

    assert tail.lines[0] == "INFO done second"
    assert len(tail.lines[1]) == 1_000
    assert tail.lines[2] == "Authorization: Bearer ***"


def test_no_more_than_a_thousand_lines_are_told(client: AirbyteClient, server: ScriptedAirbyte) -> None:
    tail = _tail(_log(client, server, answer(_lines(3_000)), lines=1_000_000))

    assert (len(tail.lines), tail.omitted, tail.lines[-1]) == (1_000, 2_000, "line 2999")


@pytest.mark.parametrize(
    "reply",
    [
        answer({}, 403),
        answer({}, 404),
        answer({}, 500),
        html(502),
        html(),
        RESET,
        Reply(body=b"{"),
        answer({"logs": {"logLines": [1, 2]}}),
        Reply(body=b" " * (33 * 1024 * 1024)),
    ],
)
def test_a_log_that_is_not_to_be_had_costs_nothing_else(
    client: AirbyteClient, server: ScriptedAirbyte, reply: Reply
) -> None:
    details = _log(client, server, reply)

    assert details.available
    assert len(details.attempts) == 2
    assert details.log is None
    assert details.log_why_not


@pytest.mark.parametrize("reply", [answer({}, 404), html(404), answer({}, 405), answer({}, 501), html()])
def test_an_airbyte_without_logs_is_asked_for_one_once(
    client: AirbyteClient, server: ScriptedAirbyte, reply: Reply
) -> None:
    first, second = _log(client, server, reply), client.explain_job(125, log_lines=5)

    assert server.lines().count(ASK_LOG) == 1
    assert first.log_why_not == second.log_why_not
    assert "hands out no logs" in (second.log_why_not or "")
    assert second.available


def test_each_stream_says_how_it_fared(client: AirbyteClient, server: ScriptedAirbyte) -> None:
    attempt = {
        "id": 0,
        "status": "failed",
        "streamStats": [
            {"streamName": "users", "streamNamespace": "public", "stats": {"recordsCommitted": 3}},
            {"streamName": "orders", "stats": {"recordsCommitted": 4}},
        ],
        "failureSummary": {
            "failures": [
                {
                    "externalMessage": "no such column",
                    "streamDescriptor": {"name": "users", "namespace": "public"},
                },
                {"externalMessage": "gone", "streamDescriptor": {"name": "items"}},
                {"externalMessage": "in general"},
            ]
        },
    }
    server.on(ASK, answer({"attempts": [{"attempt": attempt}]}))

    users, orders, items = client.explain_job(124).streams

    assert (users.stream.namespace, users.state) == ("public", StreamState.FAILED)
    assert [failure.message for failure in users.failures] == ["no such column"]
    assert users.stats is not None
    assert users.stats.records_committed == 3
    assert (orders.stream.name, orders.state, orders.failures) == ("orders", StreamState.UNKNOWN, ())
    assert (items.stream.name, items.state, items.stats) == ("items", StreamState.FAILED, None)


@pytest.mark.parametrize("status", ["running", "succeeded", "paused"])
def test_a_stream_without_failure_fares_as_its_attempt(
    client: AirbyteClient, server: ScriptedAirbyte, status: str
) -> None:
    attempt = {"id": 0, "status": status, "streamStats": [{"streamName": "users"}]}
    server.on(ASK, answer({"attempts": [{"attempt": attempt}]}))

    (users,) = client.explain_job(124).streams

    assert users.state == {"paused": "unknown"}.get(status, status)


@pytest.mark.parametrize("reply", [answer({}, 404), html(404)])
def test_a_missing_config_api_is_told_from_a_missing_job(
    client: AirbyteClient, server: ScriptedAirbyte, reply: Reply
) -> None:
    server.on(ASK, reply)
    first = client.explain_job(999)
    assert "no Config API" not in (first.why_not or "")

    server.on("GET /jobs/124", answer(job(124)))
    second, third = client.explain_job(124), client.explain_job(125)

    assert "no Config API" in (second.why_not or "")
    assert third.why_not == second.why_not
    assert server.lines() == [ASK, "GET /jobs/999", ASK, "GET /jobs/124"]


def test_a_config_api_that_refuses_the_credentials_is_asked_once(
    client: AirbyteClient, server: ScriptedAirbyte
) -> None:
    server.on(ASK, answer({}, 401))

    client.explain_job(124)
    client.explain_job(125)

    assert server.lines() == [ASK]


ASK_STREAMS = "POST /api/v1/stream_statuses/list"
OF_A_CONNECTION = {"job": {"configId": CONNECTION_ID}, **ATTEMPTS}


def _run(name: str, state: str, **changes: object) -> dict[str, object]:
    return {"streamName": name, "attemptNumber": 1, "runState": state, **changes}


def _explain_streams(client: AirbyteClient, server: ScriptedAirbyte, reply: Reply) -> JobDetails:
    server.on(ASK, answer(OF_A_CONNECTION))
    server.on(f"GET /connections/{CONNECTION_ID}", answer(connection()))
    server.on(ASK_STREAMS, reply)
    return client.explain_job(124, streams=True)


def test_airbytes_own_states_of_the_streams_are_told_where_asked_for(
    client: AirbyteClient, server: ScriptedAirbyte
) -> None:
    rows = [
        _run("done", "COMPLETE", transitionedAt=2_000),
        _run("done", "RUNNING", transitionedAt=1_000),
        _run("broken", "INCOMPLETE", incompleteRunCause="FAILED"),
        _run("stopped", "INCOMPLETE", incompleteRunCause="CANCELED"),
        _run("slow", "RATE_LIMITED", streamNamespace="api"),
        _run("odd", "SLEEPING"),
        _run("earlier", "COMPLETE", attemptNumber=0),
    ]

    details = _explain_streams(client, server, answer({"streamStatuses": rows}))

    assert {outcome.stream.name: str(outcome.state) for outcome in details.streams} == {
        "done": "succeeded",
        "broken": "failed",
        "stopped": "cancelled",
        "slow": "rate_limited",
        "odd": "sleeping",
    }
    assert server.log[-1].json == {
        "workspaceId": WORKSPACE_ID,
        "jobId": 124,
        "attemptNumber": 1,
        "pagination": {"pageSize": 100, "rowOffset": 0},
    }


@pytest.mark.parametrize(
    "reply", [answer({}, 403), html(404), RESET, Reply(body=b"{"), answer({"streamStatuses": [1]})]
)
def test_states_that_are_not_to_be_had_cost_nothing_else(
    client: AirbyteClient, server: ScriptedAirbyte, reply: Reply
) -> None:
    details = _explain_streams(client, server, reply)

    assert details.available
    assert details.streams == ()
    assert details.streams_why_not
