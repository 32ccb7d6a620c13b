"""The nine bodies that an error comes in, each read for what it says; hostile ones are defused."""

import pytest

from airbyte_client import (
    AirbyteClient,
    ApiError,
    AuthenticationError,
    BadRequestError,
    BearerToken,
    ConflictError,
    ConnectionLockedError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitedError,
    ServerFaultError,
    SyncAlreadyRunningError,
    UnprocessableError,
)
from scripted_airbyte import Reply, ScriptedAirbyte, answer, html

PROBLEM = {
    "status": 400,
    "type": "https://reference.airbyte.com/reference/errors#bad-request",
    "title": "bad-request",
    "detail": "The request could not be understood.",
    "documentationUrl": None,
    "data": {"message": "Invalid order by clause provided: x"},
}
HAL = {
    "message": "Bad Request",
    "_links": {"self": [{"href": "/api"}]},
    "_embedded": {"errors": [{"message": "jobId: must be a number"}]},
}


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (answer(PROBLEM, 400), "Invalid order by clause provided: x"),
        (answer({**PROBLEM, "data": {"resourceId": "r-1"}}, 400), "r-1"),
        (answer({**PROBLEM, "data": {"validationErrorMessage": "too often"}}, 400), "too often"),
        (answer({**PROBLEM, "data": {"cronExpression": "0 * *"}}, 400), "0 * *"),
        (answer({**PROBLEM, "data": None}, 400), "The request could not be understood"),
        (answer({"message": "Known", "exceptionClassName": "io.airbyte.X"}, 400), "Known"),
        (answer(HAL, 400), "Bad Request: jobId: must be a number"),
        (
            answer({"error": "Invalid connection ID", "message": "Connection x not found"}, 400),
            "Connection x not found",
        ),
        (answer({"error": "Invalid connection ID"}, 400), "Invalid connection ID"),
        (answer({"title": "a-slug"}, 400), "a-slug"),
        (Reply(status=400, body=b"plain words", content_type="text/plain"), "plain words"),
    ],
)
def test_the_most_useful_text_is_passed_on(
    client: AirbyteClient, server: ScriptedAirbyte, reply: Reply, said: str
) -> None:
    server.on("GET /jobs/1", reply)

    with pytest.raises(BadRequestError) as refused:
        client.get_job(1)

    assert refused.value.message == f"Airbyte does not accept this request (400): {said}."
    assert refused.value.status == 400


@pytest.mark.parametrize(
    "reply",
    [
        answer({"type": "about:blank", "status": 400}, 400),
        answer({}, 400),
        answer([], 400),
        answer("x", 400),
        html(400),
        Reply(status=400),
        Reply(status=400, body=b"{broken"),
        Reply(status=400, body=b"[" * 100_000),
    ],
)
def test_a_body_that_says_nothing_still_makes_a_sentence(
    client: AirbyteClient, server: ScriptedAirbyte, reply: Reply
) -> None:
    server.on("GET /jobs/1", reply)

    with pytest.raises(BadRequestError) as refused:
        client.get_job(1)

    assert refused.value.message.startswith("Airbyte does not accept this request (400)")
    assert "<" not in str(refused.value)


def test_airbytes_own_error_id_is_kept(client: AirbyteClient, server: ScriptedAirbyte) -> None:
    server.on("GET /jobs/1", answer({"errorId": "0a1b"}, 500))

    with pytest.raises(ServerFaultError) as refused:
        client.get_job(1)

    assert refused.value.error_id == "0a1b"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, BadRequestError),
        (401, AuthenticationError),
        (402, ApiError),
        (403, PermissionDeniedError),
        (404, NotFoundError),
        (408, ApiError),
        (409, ConflictError),
        (412, ApiError),
        (422, UnprocessableError),
        (429, RateLimitedError),
        (500, ServerFaultError),
        (501, ServerFaultError),
        (502, ServerFaultError),
        (503, ServerFaultError),
        (504, ServerFaultError),
    ],
)
def test_each_status_has_its_error(
    client: AirbyteClient, server: ScriptedAirbyte, status: int, kind: type[ApiError]
) -> None:
    server.on("GET /jobs/1", answer({"message": "said"}, status))

    with pytest.raises(ApiError) as refused:
        client.get_job(1)

    assert type(refused.value) is kind
    assert refused.value.status == status


@pytest.mark.parametrize(
    ("problem", "kind"),
    [
        (
            {"title": "try-again-later", "data": {"message": "A sync is already running for: x"}},
            SyncAlreadyRunningError,
        ),
        ({"message": "A sync is already running for: x"}, SyncAlreadyRunningError),
        ({"type": "error:connection/locked", "title": "Connection is locked"}, ConnectionLockedError),
        ({"title": "connection-locked"}, ConnectionLockedError),
        ({"title": "state-conflict", "data": {"message": "Job is not currently running"}}, ConflictError),
    ],
)
def test_a_conflict_says_which_one_it_is(
    client: AirbyteClient, server: ScriptedAirbyte, problem: object, kind: type[ConflictError]
) -> None:
    server.on("GET /jobs/1", answer(problem, 409))

    with pytest.raises(ConflictError) as refused:
        client.get_job(1)

    assert type(refused.value) is kind


def test_hostile_text_is_defused(client: AirbyteClient, server: ScriptedAirbyte) -> None:
    hostile = "line\r\n\x1b[31mred\u202eesrever\u200b" + "A" * 100_000
    server.on("GET /jobs/1", answer({"message": hostile}, 400))

    with pytest.raises(BadRequestError) as refused:
        client.get_job(1)

    assert refused.value.message.isprintable()
    assert "\u202e" not in refused.value.message
    assert len(refused.value.message) < 700


def test_an_echoed_token_is_blanked_out(server: ScriptedAirbyte) -> None:
    server.on("GET /jobs/1", answer({"message": "bad token t0p-s3cret"}, 403))

    with (
        AirbyteClient(server.base_url, auth=BearerToken("t0p-s3cret")) as client,
        pytest.raises(PermissionDeniedError) as refused,
    ):
        client.get_job(1)

    assert "t0p-s3cret" not in str(refused.value)
    assert "***" in str(refused.value)
