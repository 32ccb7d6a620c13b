"""Whole lists, though the server moves while we read, or cannot page at all."""

import pytest

from airbyte_answers import job
from airbyte_client import AirbyteClient, BearerToken, ClientCredentials
from scripted_airbyte import Reply, Request, ScriptedAirbyte, answer, page


def _serve(server: ScriptedAirbyte, newest: int) -> None:
    rows = [job(number) for number in range(newest, 0, -1)]

    def reply(request: Request) -> Reply:
        offset, limit = int(request.query["offset"][0]), int(request.query["limit"][0])
        return page(*rows[offset : offset + limit])

    server.on("GET /jobs", reply)


@pytest.mark.parametrize(
    ("limit", "sizes"), [(1, ["2"]), (2, ["2"]), (100, ["100"]), (101, ["100", "1"]), (0, [])]
)
def test_no_more_is_asked_for_than_wanted_and_two_at_least_to_see_their_order(
    client: AirbyteClient, server: ScriptedAirbyte, limit: int, sizes: list[str]
) -> None:
    _serve(server, 300)

    jobs = client.list_jobs(limit=limit)

    assert [read.job_id for read in jobs] == list(range(300, 300 - limit, -1))
    assert [request.query["limit"][0] for request in server.log] == sizes


@pytest.mark.parametrize("count", [0, 99, 100, 101, 200])
def test_all_rows_arrive_once(client: AirbyteClient, server: ScriptedAirbyte, count: int) -> None:
    _serve(server, count)

    assert [read.job_id for read in client.list_jobs()] == list(range(count, 0, -1))


def test_a_job_that_appears_while_we_read_doubles_none(
    client: AirbyteClient, server: ScriptedAirbyte
) -> None:
    first = [job(number) for number in range(150, 50, -1)]
    shifted = [job(number) for number in range(51, 0, -1)]
    server.on("GET /jobs", [page(*first), page(*shifted)])

    assert [read.job_id for read in client.list_jobs()] == list(range(150, 0, -1))


def test_a_server_that_ignores_the_offset_does_not_trap_us(
    client: AirbyteClient, server: ScriptedAirbyte
) -> None:
    server.on("GET /jobs", page(*(job(number) for number in range(100, 0, -1))))

    assert len(client.list_jobs()) == 100
    assert len(server.log) == 2


def test_a_server_that_ignores_the_limit_is_cut_to_it(client: AirbyteClient, server: ScriptedAirbyte) -> None:
    server.on("GET /jobs", page(*(job(number) for number in range(500, 0, -1))))

    assert [read.job_id for read in client.list_jobs(limit=2)] == [500, 499]


def test_iterating_reads_no_page_before_it_is_needed(client: AirbyteClient, server: ScriptedAirbyte) -> None:
    _serve(server, 300)

    jobs = client.iter_jobs()

    assert next(jobs).job_id == 300
    assert len(server.log) == 1


def test_a_token_that_expires_in_the_middle_is_renewed(server: ScriptedAirbyte) -> None:
    rows = [page(*(job(number) for number in range(200, 100, -1))), answer({}, 401), page(job(1))]
    server.on("POST /applications/token", answer({"access_token": "t"}))
    server.on("GET /jobs", rows)

    with AirbyteClient(server.base_url, auth=ClientCredentials("id", "s3cret")) as client:
        assert len(client.list_jobs()) == 101


def test_the_bearer_stays_home_though_next_points_elsewhere(server: ScriptedAirbyte) -> None:
    _serve(server, 150)

    with AirbyteClient(server.base_url, auth=BearerToken("t")) as client:
        assert len(client.list_jobs()) == 150

    assert server.lines() == ["GET /jobs", "GET /jobs"]
