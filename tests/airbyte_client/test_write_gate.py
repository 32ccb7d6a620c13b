"""The write gate stands before every effect and before no read."""

from collections.abc import Callable

import pytest

from airbyte_answers import CONNECTION_ID, connection, job
from airbyte_client import (
    AirbyteClient,
    ClientCredentials,
    JobType,
    Operation,
    WriteRefusedError,
    closed_gate,
)
from scripted_airbyte import ScriptedAirbyte, answer, page

EFFECTS: dict[str, Callable[[AirbyteClient], object]] = {
    "update": lambda client: client.update_connection(CONNECTION_ID, name="x"),
    "sync": lambda client: client.trigger_job(CONNECTION_ID),
    "clear": lambda client: client.trigger_job(CONNECTION_ID, JobType.CLEAR),
    "reset": lambda client: client.trigger_job(CONNECTION_ID, JobType.RESET),
    "cancel": lambda client: client.cancel_job(124),
}


@pytest.fixture
def _fleet(server: ScriptedAirbyte) -> None:
    server.on("POST /applications/token", answer({"access_token": "t"}))
    server.on("GET /jobs", page(job(124)))
    server.on("GET /jobs/124", answer(job(124)))
    server.on("DELETE /jobs/124", answer(job(124)))
    server.on("POST /jobs", answer(job(125)))
    server.on(f"PATCH /connections/{CONNECTION_ID}", answer(connection()))
    server.on("POST /api/v1/jobs/get_without_logs", answer({"attempts": []}))


@pytest.mark.usefixtures("_fleet")
@pytest.mark.parametrize("effect", EFFECTS)
def test_a_closed_gate_sends_nothing(client: AirbyteClient, server: ScriptedAirbyte, effect: str) -> None:
    with pytest.raises(WriteRefusedError):
        EFFECTS[effect](client.with_write_gate(closed_gate))

    assert server.effects == []


@pytest.mark.usefixtures("_fleet")
@pytest.mark.parametrize("effect", EFFECTS)
def test_an_open_gate_is_told_of_each_effect_once(
    client: AirbyteClient, server: ScriptedAirbyte, effect: str
) -> None:
    seen: list[tuple[Operation, str]] = []
    before: list[int] = []

    def gate(operation: Operation, target_id: str) -> None:
        seen.append((operation, target_id))
        before.append(len(server.effects))

    EFFECTS[effect](client.with_write_gate(gate))

    assert len(seen) == 1
    assert seen[0][0].is_effect
    assert seen[0][1] in (CONNECTION_ID, "124")
    assert before == [0]
    assert len(server.effects) == 1


@pytest.mark.usefixtures("_fleet")
def test_an_effect_sent_again_after_a_renewed_token_passes_the_gate_once(server: ScriptedAirbyte) -> None:
    server.on("POST /jobs", [answer({}, 401), answer(job(125))])
    seen: list[Operation] = []

    def gate(operation: Operation, target_id: str) -> None:
        seen.append(operation)

    with AirbyteClient(server.base_url, auth=ClientCredentials("id", "s3cret"), write_gate=gate) as client:
        started = client.trigger_job(CONNECTION_ID)

    assert started.job_id == 125
    assert seen == [Operation.TRIGGER_SYNC]
    assert server.lines().count("POST /jobs") == 2


@pytest.mark.usefixtures("_fleet")
def test_reads_pass_a_closed_gate_though_some_are_posts(server: ScriptedAirbyte) -> None:
    auth = ClientCredentials("id", "s3cret")
    with AirbyteClient(server.base_url, auth=auth, write_gate=closed_gate) as client:
        assert client.access_token == "t"
        assert client.list_jobs()
        assert client.explain_job(124).available


@pytest.mark.usefixtures("_fleet")
def test_a_sibling_shares_the_token(server: ScriptedAirbyte) -> None:
    with AirbyteClient(server.base_url, auth=ClientCredentials("id", "s3cret")) as client:
        client.list_jobs()
        client.with_write_gate(closed_gate).list_jobs()

    assert server.lines().count("POST /applications/token") == 1


def test_the_table_says_of_every_operation_whether_it_changes_something() -> None:
    effects = {operation for operation in Operation if operation.is_effect}

    assert effects == {
        Operation.UPDATE_CONNECTION,
        Operation.TRIGGER_SYNC,
        Operation.CLEAR_CONNECTION,
        Operation.CANCEL_JOB,
    }


@pytest.mark.parametrize("operation", Operation)
def test_every_operation_has_a_complete_row(operation: Operation) -> None:
    assert operation.method in {"GET", "POST", "PATCH", "DELETE"}
    assert operation.path.startswith("/")
    assert 0 < operation.timeout <= 180
    assert operation.may_be_retried is not operation.is_effect
    # A GET never changes anything, PATCH and DELETE always do; POST is told apart by the table alone.
    assert operation.method == "POST" or operation.is_effect is (operation.method != "GET")
