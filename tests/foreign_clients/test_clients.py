"""Clients nobody here wrote, each in an environment of its own: a read, and a change that a person decides on."""

from collections.abc import Generator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from approval_pages import Page, page_of
from deciding_elsewhere import elsewhere
from foreign_clients.clients import CLIENTS, FORM, TRIALS, Client, Trial
from foreign_clients.recorded import Result, record_or_compare, recorded
from foreign_clients.steering import Conversation, Wiring, command_of, conversation
from harness import COMMAND, HEALTHY, TOKEN, Desk, network_server
from kept_environments import Kept

Commands = Mapping[Client, "Future[list[str]]"]

AT_ONCE = 3
SEE_OTHER = 303
STARTED = "started as job"


@pytest.fixture(scope="session")
def commands(request: pytest.FixtureRequest) -> Generator[Commands]:
    """What runs each client; the environments are made beside each other, and beside the first tests."""
    kept = Kept.of(request.config)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {client: pool.submit(command_of, client, kept) for client in CLIENTS}


@contextmanager
def connected(trial: Trial, desk: Desk, command: list[str], **settings: str) -> Generator[Conversation]:
    """The client in a conversation with a server of its own."""
    log, forms = desk.folder / "client.log", trial.decided == FORM
    if trial.transport == "stdio":
        wiring = Wiring("stdio", forms, command=COMMAND, environment=desk.environment | settings)
        with conversation(command, wiring, log) as talk:
            yield talk
        return
    with network_server(desk, trial.transport, settings) as url:
        wiring = Wiring(trial.transport, forms, url=url, headers={"Authorization": f"Bearer {TOKEN}"})
        with conversation(command, wiring, log) as talk:
            yield talk


@pytest.mark.ci
@pytest.mark.timeout(400)
@pytest.mark.parametrize("trial", TRIALS, ids=str)
def test_it_reads_and_makes_exactly_one_change_once_a_person_agreed(
    trial: Trial, commands: Commands, desk: Desk
) -> None:
    command = commands[trial.client].result()
    if trial.decided == FORM:
        with connected(trial, desk, command) as talk:
            reads(talk)
            changes_after_a_form(talk)
    else:
        with (
            page_of(desk) as page,
            connected(trial, desk, command, AIRBYTE_MCP_APPROVALS_URL=page.url) as talk,
        ):
            reads(talk)
            changes_after_the_page(talk, page)

    (effect,) = desk.sandbox.effects()
    assert (effect.method, effect.path.rsplit("/", 1)[-1]) == ("POST", "jobs")
    record_or_compare(Result.of(trial, talk.protocol), trial)


def reads(talk: Conversation) -> None:
    assert {"check_sync_status", "trigger_sync", "apply_plan"} <= set(talk.tools)
    assert HEALTHY in talk.call("check_sync_status", connection=HEALTHY).text


def changes_after_a_form(talk: Conversation) -> None:
    done = talk.call("trigger_sync", connections=[HEALTHY])
    (question,) = done.asked
    assert HEALTHY in question
    assert STARTED in done.text


def changes_after_the_page(talk: Conversation, page: Page) -> None:
    told = talk.call("trigger_sync", connections=[HEALTHY])
    assert not told.asked
    assert STARTED not in told.text
    assert page.url in told.text
    assert not page.desk.sandbox.effects()
    with elsewhere(page.desk) as other:
        plan = other.waiting_plan()
    assert plan.id in told.text

    assert page.signed_in().decide(plan, "approve").status_code == SEE_OTHER
    applied = talk.call("apply_plan", plan_id=plan.id)
    assert not applied.asked
    assert STARTED in applied.text


def test_the_table_in_the_documents_has_every_trial_and_no_other() -> None:
    results = recorded()
    assert len(results) == len(TRIALS)
    for trial in TRIALS:
        assert any(result.is_of(trial) for result in results), trial
