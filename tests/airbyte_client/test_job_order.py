"""Newest jobs first, always: also from a server that ignores the order that it is asked for."""

import pytest

from airbyte_answers import CONNECTION_ID, job
from airbyte_client import AirbyteClient, CancelRefusedError, InvalidAnswerError, OutcomeUnknownError
from scripted_airbyte import RESET, Reply, Request, ScriptedAirbyte, answer, page


def _job(number: int) -> dict[str, object]:
    return job(
        number, startTime=f"2026-01-{1 + number // 60 // 24:02}T{number // 60 % 24:02}:{number % 60:02}Z"
    )


def _oldest_first(server: ScriptedAirbyte, count: int) -> None:
    rows = [_job(number) for number in range(1, count + 1)]

    def reply(request: Request) -> Reply:
        offset, limit = int(request.query["offset"][0]), int(request.query["limit"][0])
        return page(*rows[offset : offset + limit])

    server.on("GET /jobs", reply)


@pytest.mark.parametrize("limit", [1, 3, 150, None])
def test_jobs_that_come_oldest_first_are_put_in_order(
    client: AirbyteClient, server: ScriptedAirbyte, limit: int | None
) -> None:
    _oldest_first(server, 250)

    jobs = [read.job_id for read in client.list_jobs(limit=limit)]

    assert jobs == list(range(250, 0, -1))[:limit]


def test_an_order_without_times_is_seen_by_the_ids(client: AirbyteClient, server: ScriptedAirbyte) -> None:
    server.on("GET /jobs", page(*(job(number, startTime=None) for number in (1, 2, 3))))

    assert [read.job_id for read in client.list_jobs()] == [3, 2, 1]


def test_jobs_of_the_same_second_are_in_order_as_they_come(
    client: AirbyteClient, server: ScriptedAirbyte
) -> None:
    server.on("GET /jobs", page(job(1), job(2)))

    assert [read.job_id for read in client.list_jobs()] == [1, 2]
    assert len(server.log) == 1


def test_more_jobs_than_can_be_ordered_are_refused_with_a_way_out(
    client: AirbyteClient, server: ScriptedAirbyte
) -> None:
    _oldest_first(server, 10_001)

    with pytest.raises(InvalidAnswerError, match="ignores the order") as refused:
        client.list_jobs(limit=5)

    assert "created_after" in refused.value.next_step


def test_a_lost_answer_is_compared_with_the_newest_job_all_the_same(
    client: AirbyteClient, server: ScriptedAirbyte
) -> None:
    server.on("GET /jobs", page(_job(1), _job(2), _job(3)))
    server.on("POST /jobs", RESET)

    with pytest.raises(OutcomeUnknownError) as unknown:
        client.trigger_job(CONNECTION_ID)

    assert unknown.value.newest_job_id_before == 3
    assert unknown.value.found is None


def test_a_newer_sync_is_not_cancelled_all_the_same(client: AirbyteClient, server: ScriptedAirbyte) -> None:
    server.on("GET /jobs/1", answer(_job(1)))
    server.on("GET /jobs", page(_job(1), _job(2)))

    with pytest.raises(CancelRefusedError):
        client.cancel_job(1)

    assert server.effects == []
