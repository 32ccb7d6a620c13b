"""A job is started at most once, and never silently."""

import pytest

from airbyte_answers import CONNECTION_ID, connection, job
from airbyte_client import (
    AirbyteClient,
    AirbyteError,
    ClientCredentials,
    ConflictError,
    InvalidArgumentError,
    JobType,
    NoAuth,
    OutcomeUnknownError,
    SyncAlreadyRunningError,
    UnreachableError,
)
from scripted_airbyte import RESET, Reply, ScriptedAirbyte, answer, html, page

OPAQUE = answer({"title": "state-conflict", "data": {"message": "Could not fulfill request"}}, 409)
CUT = Reply(body=b'{"jobId": 124, "status": "pending"}', cut=True)
AMBIGUOUS = {
    "reset": RESET,
    "cut off": CUT,
    "half a json": Reply(body=b'{"jobId": 1'),
    "no body": Reply(),
    "web page": html(),
    "500": answer({"errorId": "e"}, 500),
    "502": html(502),
    "503": answer({}, 503),
    "504": html(504),
    "408": answer({}, 408),
    "425": answer({}, 425),
    "opaque 409": OPAQUE,
}
DEFINITE = {
    "400": answer({}, 400),
    "401": answer({}, 401),
    "403": answer({}, 403),
    "404": answer({}, 404),
    "422": answer({"data": {"message": "Refreshes are not supported in the public API"}}, 422),
    "429": answer({"message": "You are being rate limited."}, 429),
    "already running": answer(
        {"title": "try-again-later", "data": {"message": "A sync is already running for: x"}}, 409
    ),
}


@pytest.mark.parametrize("fault", AMBIGUOUS)
@pytest.mark.parametrize("job_type", [JobType.SYNC, JobType.CLEAR])
def test_a_lost_answer_is_never_answered_by_asking_again(
    client: AirbyteClient, server: ScriptedAirbyte, fault: str, job_type: JobType
) -> None:
    server.on("GET /jobs", [page(job(123, status="succeeded")), page(job(124))])
    server.on(f"GET /connections/{CONNECTION_ID}", answer(connection()))
    server.on("POST /jobs", AMBIGUOUS[fault])

    with pytest.raises(OutcomeUnknownError) as unknown:
        client.trigger_job(CONNECTION_ID, job_type)

    assert server.lines().count("POST /jobs") == 1
    assert unknown.value.newest_job_id_before == 123
    assert unknown.value.found is not None
    assert unknown.value.found.job_id == 124


@pytest.mark.parametrize("fault", DEFINITE)
def test_a_definite_refusal_stays_what_it_is(
    client: AirbyteClient, server: ScriptedAirbyte, fault: str
) -> None:
    server.on("GET /jobs", page(job(123, status="succeeded")))
    server.on("POST /jobs", DEFINITE[fault])

    with pytest.raises(AirbyteError) as refused:
        client.trigger_job(CONNECTION_ID)

    assert not isinstance(refused.value, OutcomeUnknownError)
    assert server.lines().count("POST /jobs") == 1


def test_nothing_new_is_said_to_be_nothing_yet(client: AirbyteClient, server: ScriptedAirbyte) -> None:
    server.on("GET /jobs", page(job(123, status="succeeded")))
    server.on("POST /jobs", RESET)

    with pytest.raises(OutcomeUnknownError, match="no newer job is there yet") as unknown:
        client.trigger_job(CONNECTION_ID)

    assert unknown.value.found is None


def test_a_connection_without_any_job_before_has_no_newest(
    client: AirbyteClient, server: ScriptedAirbyte
) -> None:
    server.on("GET /jobs", [page(), page(job(1))])
    server.on("POST /jobs", RESET)

    with pytest.raises(OutcomeUnknownError) as unknown:
        client.trigger_job(CONNECTION_ID)

    assert unknown.value.newest_job_id_before is None
    assert unknown.value.found is not None


def test_a_list_that_fails_too_leaves_the_outcome_unknown(
    client: AirbyteClient, server: ScriptedAirbyte
) -> None:
    server.on("GET /jobs", [page(job(123)), answer({}, 403)])
    server.on("POST /jobs", RESET)

    with pytest.raises(OutcomeUnknownError, match="could not be read either"):
        client.trigger_job(CONNECTION_ID)


def test_nothing_is_sent_when_the_newest_job_cannot_be_read(
    client: AirbyteClient, server: ScriptedAirbyte
) -> None:
    server.on("GET /jobs", answer({}, 403))

    with pytest.raises(AirbyteError):
        client.trigger_job(CONNECTION_ID)

    assert server.effects == []


def test_the_opaque_conflict_of_an_inactive_connection_is_said_plainly(
    client: AirbyteClient, server: ScriptedAirbyte
) -> None:
    server.on("GET /jobs", page(job(123, status="succeeded")))
    server.on(f"GET /connections/{CONNECTION_ID}", answer(connection(status="inactive")))
    server.on("POST /jobs", OPAQUE)

    with pytest.raises(ConflictError, match="The connection is inactive") as refused:
        client.trigger_job(CONNECTION_ID)

    assert "active" in refused.value.next_step


def test_a_running_sync_is_its_own_error(client: AirbyteClient, server: ScriptedAirbyte) -> None:
    server.on("GET /jobs", page(job(123)))
    server.on("POST /jobs", DEFINITE["already running"])

    with pytest.raises(SyncAlreadyRunningError):
        client.trigger_job(CONNECTION_ID)


def test_an_unreachable_airbyte_started_nothing_for_certain() -> None:
    with (
        AirbyteClient("http://127.0.0.1:9", auth=NoAuth()) as client,
        pytest.raises(UnreachableError) as refused,
    ):
        client.update_connection(CONNECTION_ID, name="x")

    assert not refused.value.sent


@pytest.mark.parametrize("fault", [RESET, html(502), answer({}, 500), html(), answer({}, 401)])
def test_a_token_that_cannot_be_renewed_started_nothing_for_certain(
    server: ScriptedAirbyte, fault: Reply
) -> None:
    server.on("POST /applications/token", [answer({"access_token": "t"}), fault])
    server.on("GET /jobs", page(job(123, status="succeeded")))
    server.on("POST /jobs", answer({}, 401))

    auth = ClientCredentials("id", "s3cret")
    with AirbyteClient(server.base_url, auth=auth) as client, pytest.raises(AirbyteError) as refused:
        client.trigger_job(CONNECTION_ID)

    assert not isinstance(refused.value, OutcomeUnknownError)
    assert server.lines().count("POST /jobs") == 1


@pytest.mark.parametrize("hostile", ["", "../jobs/1", "a/b", "a?b=c", "x" * 65, "a b", "ü"])
def test_an_id_that_could_leave_its_place_in_the_path_is_refused(
    client: AirbyteClient, server: ScriptedAirbyte, hostile: str
) -> None:
    with pytest.raises(InvalidArgumentError):
        client.get_connection(hostile)
    with pytest.raises(InvalidArgumentError):
        client.trigger_job(hostile)

    assert server.effects == []
