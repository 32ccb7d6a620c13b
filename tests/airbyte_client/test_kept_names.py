"""Lists of what exists are kept for a short while where asked for, and forgotten at any change."""

from collections.abc import Callable, Iterator

import pytest

from airbyte_answers import CONNECTION_ID, WORKSPACE_ID, connection, job
from airbyte_client import AirbyteClient, AirbyteError, NoAuth
from airbyte_client.calls import Answer
from airbyte_client.kept_answers import MAX_KEPT_BYTES, KeptAnswers
from instant_clocks import InstantClock
from scripted_airbyte import RESET, ScriptedAirbyte, answer, page

LISTS: dict[str, Callable[[AirbyteClient], object]] = {
    "GET /workspaces": lambda client: client.list_workspaces(),
    "GET /sources": lambda client: client.list_sources(),
    "GET /destinations": lambda client: client.list_destinations(),
    "GET /connections": lambda client: client.list_connections(WORKSPACE_ID),
}
EFFECTS: dict[str, Callable[[AirbyteClient], object]] = {
    "update": lambda client: client.update_connection(CONNECTION_ID, name="x"),
    "sync": lambda client: client.trigger_job(CONNECTION_ID),
    "cancel": lambda client: client.cancel_job(124),
}


@pytest.fixture
def keeping(server: ScriptedAirbyte, clock: InstantClock) -> Iterator[AirbyteClient]:
    server.on("GET /workspaces", page())
    server.on("GET /sources", page())
    server.on("GET /destinations", page())
    server.on("GET /connections", page(connection()))
    server.on("GET /jobs", page(job(124)))
    server.on("GET /jobs/124", answer(job(124)))
    server.on("POST /jobs", answer(job(125)))
    server.on("DELETE /jobs/124", answer(job(124)))
    server.on(f"PATCH /connections/{CONNECTION_ID}", answer(connection()))
    server.on(f"GET /connections/{CONNECTION_ID}", answer(connection()))
    with AirbyteClient(server.base_url, auth=NoAuth(), clock=clock, names_kept_for=10) as ready:
        yield ready


@pytest.mark.parametrize("line", LISTS)
def test_a_list_is_kept_for_as_long_as_wished(
    keeping: AirbyteClient, server: ScriptedAirbyte, clock: InstantClock, line: str
) -> None:
    first = LISTS[line](keeping)
    clock.now += 9
    assert LISTS[line](keeping) == first
    assert server.lines() == [line]
    clock.now += 2
    LISTS[line](keeping)

    assert server.lines() == [line, line]


@pytest.mark.parametrize("effect", EFFECTS)
def test_any_change_through_the_client_or_its_sibling_forgets_them(
    keeping: AirbyteClient, server: ScriptedAirbyte, effect: str
) -> None:
    keeping.list_connections()
    EFFECTS[effect](keeping.with_write_gate(lambda operation, target: None))
    keeping.list_connections()

    assert server.lines().count("GET /connections") == 2


def test_a_change_whose_answer_is_lost_forgets_them_too(
    keeping: AirbyteClient, server: ScriptedAirbyte
) -> None:
    server.on(f"PATCH /connections/{CONNECTION_ID}", RESET)
    keeping.list_connections()
    with pytest.raises(AirbyteError):
        keeping.update_connection(CONNECTION_ID, name="x")
    keeping.list_connections()

    assert server.lines().count("GET /connections") == 2


def test_other_questions_are_other_lists(keeping: AirbyteClient, server: ScriptedAirbyte) -> None:
    keeping.list_connections(WORKSPACE_ID)
    keeping.list_connections()

    assert len(server.log) == 2


def test_jobs_and_single_objects_are_always_asked_for(
    keeping: AirbyteClient, server: ScriptedAirbyte
) -> None:
    for _ in range(2):
        keeping.list_jobs()
        keeping.get_job(124)
        keeping.get_connection(CONNECTION_ID)

    assert len(server.log) == 6


def test_nothing_is_kept_unless_asked_for(client: AirbyteClient, server: ScriptedAirbyte) -> None:
    server.on("GET /workspaces", page())

    client.list_workspaces()
    client.list_workspaces()

    assert len(server.log) == 2


def test_a_failure_is_not_kept(keeping: AirbyteClient, server: ScriptedAirbyte) -> None:
    server.on("GET /workspaces", [answer({}, 403), page()])
    with pytest.raises(AirbyteError):
        keeping.list_workspaces()

    assert keeping.list_workspaces() == []


def _answer(size: int) -> Answer:
    return Answer(status=200, content_type="application/json", body=b" " * size)


def test_what_is_kept_is_bounded() -> None:
    kept = KeptAnswers(lambda: 0.0, seconds=10)
    kept.put("small", _answer(10), asked_after=0)
    kept.put("large", _answer(MAX_KEPT_BYTES), asked_after=0)

    assert kept.get("small") is not None
    assert kept.get("large") is None


def test_an_answer_that_a_change_has_overtaken_is_not_kept() -> None:
    kept = KeptAnswers(lambda: 0.0, seconds=10)
    asked_after = kept.changes
    kept.forget()
    kept.put("late", _answer(10), asked_after=asked_after)

    assert kept.get("late") is None
