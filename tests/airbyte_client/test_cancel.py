"""Exactly that job is cancelled, never a newer one."""

import pytest

from airbyte_answers import job
from airbyte_client import AirbyteClient, CancelRefusedError
from scripted_airbyte import ScriptedAirbyte, answer, page


@pytest.mark.parametrize("status", ["succeeded", "failed", "cancelled"])
def test_a_job_that_has_ended_is_not_cancelled(
    client: AirbyteClient, server: ScriptedAirbyte, status: str
) -> None:
    server.on("GET /jobs/124", answer(job(124, status=status)))
    server.on("GET /jobs", page(job(124, status=status)))

    with pytest.raises(CancelRefusedError, match="has ended already"):
        client.cancel_job(124)

    assert server.effects == []


def test_a_newer_sync_is_not_cancelled_in_place_of_an_old_one(
    client: AirbyteClient, server: ScriptedAirbyte
) -> None:
    server.on("GET /jobs/124", answer(job(124, status="incomplete")))
    server.on("GET /jobs", page(job(125)))

    with pytest.raises(CancelRefusedError) as refused:
        client.cancel_job(124)

    assert "125" in refused.value.next_step
    assert server.effects == []


def test_the_newest_running_job_is_cancelled(client: AirbyteClient, server: ScriptedAirbyte) -> None:
    server.on("GET /jobs/124", answer(job(124)))
    server.on("GET /jobs", page(job(124)))
    server.on("DELETE /jobs/124", answer(job(124, status="cancelled")))

    cancelled = client.cancel_job(124)

    assert cancelled is not None
    assert cancelled.status == "cancelled"
    assert len(server.effects) == 1
