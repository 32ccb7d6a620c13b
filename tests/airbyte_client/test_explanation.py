"""Why a job failed: told where the Config API answers, and said to be unknown where it does not."""

import pytest

from airbyte_client import AirbyteClient, FailureOrigin, FailureType, NoAuth
from scripted_airbyte import RESET, Reply, ScriptedAirbyte, answer, html

ASK = "POST /api/v1/jobs/get_without_logs"
TOLD = {
    "job": {"id": 124, "status": "failed"},
    "attempts": [
        {
            "attempt": {
                "id": 0,
                "status": "failed",
                "createdAt": 1767261600,
                "endedAt": 1767261700,
                "totalStats": {"recordsEmitted": 10, "recordsCommitted": 4, "bytesEmitted": 100},
                "streamStats": [{"streamName": "users", "stats": {"recordsEmitted": 10}}],
                "failureSummary": {
                    "failures": [
                        {
                            "failureOrigin": "source",
                            "failureType": "config_error",
                            "externalMessage": "Password\u202e expired\n\x1b[31m",
                            "internalMessage": "401",
                            "retryable": False,
                            "streamDescriptor": {"name": "users"},
                            "stacktrace": "long",
                        }
                    ],
                    "partialSuccess": True,
                },
            },
            "logs": {"logLines": ["x"]},
        }
    ],
}


def test_the_reason_is_told(client: AirbyteClient, server: ScriptedAirbyte) -> None:
    server.on(ASK, answer(TOLD))

    details = client.explain_job(124)

    (failure,) = details.failures
    assert details.available
    assert (failure.origin, failure.type) == (FailureOrigin.SOURCE, FailureType.CONFIG_ERROR)
    assert failure.message == "Password expired [31m"
    assert failure.stream is not None
    assert failure.stream.name == "users"
    assert (details.rows_so_far, details.bytes_so_far) == (10, 100)
    assert details.attempts[0].total_stats is not None
    assert details.attempts[0].total_stats.bytes_committed is None
    assert server.log[0].json == {"id": 124}


def test_unknown_kinds_of_failure_pass_through(client: AirbyteClient, server: ScriptedAirbyte) -> None:
    failure = {"failureOrigin": "moon", "failureType": "tide"}
    attempt = {"id": 0, "failureSummary": {"failures": [failure]}}
    server.on(ASK, answer({"attempts": [{"attempt": attempt}]}))

    (read,) = client.explain_job(124).failures

    assert (read.origin, read.type, read.message) == ("moon", "tide", None)


@pytest.mark.parametrize("told", [{}, {"attempts": None}, {"attempts": []}])
def test_a_job_without_attempts_has_no_failures(
    client: AirbyteClient, server: ScriptedAirbyte, told: object
) -> None:
    server.on(ASK, answer(told))

    details = client.explain_job(124)

    assert (details.failures, details.rows_so_far, details.bytes_so_far) == ((), None, None)


@pytest.mark.parametrize(
    "reply",
    [
        answer({}, 401),
        answer({}, 403),
        answer({}, 404),
        answer({}, 500),
        html(404),
        html(502),
        html(),
        RESET,
        Reply(body=b"{"),
        answer({"attempts": "many"}),
        Reply(status=302, headers={"Location": "https://elsewhere.invalid/"}),
    ],
)
def test_no_answer_is_never_fatal_and_says_how_to_get_it(
    client: AirbyteClient, server: ScriptedAirbyte, reply: Reply
) -> None:
    server.on(ASK, reply)

    details = client.explain_job(124)

    assert not details.available
    assert details.why_not
    assert "Timeline" in (details.how_to_get or "")
    assert details.failures == ()


def test_a_missing_config_api_is_noticed_once(client: AirbyteClient, server: ScriptedAirbyte) -> None:
    server.on(ASK, html())

    first, second = client.explain_job(124), client.explain_job(125)

    assert len(server.log) == 1
    assert first.why_not == second.why_not


def test_where_its_place_is_unknown_nothing_is_asked(server: ScriptedAirbyte) -> None:
    with AirbyteClient(f"{server.origin}/v1", auth=NoAuth()) as client:
        details = client.explain_job(124)

    assert not details.available
    assert server.log == []
