"""What one replica began, any other goes on with: questions, older clients' calls, approvals, limits."""

import re
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from anyio.to_thread import run_sync
from mcp import Client
from mcp.shared.exceptions import MCPDeprecationWarning, MCPError

from airbyte_guardrails.plans import Plan
from airbyte_mcp_server.runtime import utc_now
from approval_pages import NAME, PASSWORD, Browser, serving_command
from balancer import lint, write_configuration
from deciding_elsewhere import Elsewhere
from doors import HEADERS, INITIALIZE, new_token, with_tokens
from harness import HEALTHY, TOKEN, Desk, Era, Person, Sandbox, client_on, client_wire, data_of, text_of
from plan_books import book_on, close_books
from postgres_server import PostgresServer
from pseudo_terminal import at_a_terminal
from replica_set import REPLICAS, Replica, Replicas, replicated

pytestmark = pytest.mark.ci

WISH: dict[str, object] = {"connections": [HEALTHY]}
TOO_MANY_CALLS = "too many calls within"
TOO_MANY_CHANGES = "too many calls of tools that change something"
ELSEWHERE = "http://127.0.0.1:9/api/public/v1"


@pytest.fixture(scope="module")
def replicas(
    shared_sandbox: Sandbox, postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Generator[Replicas]:
    """Replicas whose calls wait for a person who is asked elsewhere."""
    desk = Desk(shared_sandbox.started_over(), tmp_path_factory.mktemp("replicas"))
    with replicated(desk, postgres.fresh_database(), {"AIRBYTE_MCP_WAIT_SECONDS": "40"}) as each:
        yield each


@pytest.fixture
def sandbox(replicas: Replicas) -> Sandbox:
    """Their sandbox as at its start."""
    return replicas.desk.sandbox.started_over()


@pytest.fixture
def stoppable(postgres: PostgresServer) -> Generator[PostgresServer]:
    """The server, running again when the test is over."""
    yield postgres
    if not postgres.is_running():
        postgres.start()


@pytest.fixture(autouse=True)
def _closed_books() -> Generator[None]:
    yield
    close_books()


@asynccontextmanager
async def client_of(
    replicas: Replicas, era: Era = Era.MODERN, person: Person | None = None, token: str = TOKEN
) -> AsyncGenerator[Client]:
    """A client that knows only the balancer."""
    async with AsyncExitStack() as stack:
        wire = await client_wire(stack, "http", replicas.url, token)
        yield await stack.enter_async_context(client_on(wire, era, person))


async def test_a_question_of_one_replica_is_answered_through_another(
    replicas: Replicas, sandbox: Sandbox
) -> None:
    log, pairs = replicas.balancer, list[tuple[int, ...]]()
    async with client_of(replicas, person=Person()) as client:
        for hours in (2, 3, 4):
            before = len(log.served_by())
            done = data_of(await client.call_tool("update_schedule", WISH | {"every_hours": hours}))
            pairs.append(tuple(log.served_by(at_least=before + 2)[before:]))
            assert done["status"] == "executed"

    assert all(len({asked, answered}) == 2 for asked, answered in pairs), pairs
    assert {port for pair in pairs for port in pair} == {replica.port for replica in replicas.each}
    assert len(sandbox.effects()) == 3


async def test_a_question_outlives_the_replica_that_asked_it(replicas: Replicas, sandbox: Sandbox) -> None:
    killed: list[Replica] = []
    before = len(replicas.balancer.served_by())

    def kill_who_asked() -> None:
        port = replicas.balancer.served_by(at_least=before + 1)[-1]
        killed.extend(replica for replica in replicas.each if replica.port == port)
        killed[0].kill()

    async with client_of(replicas, person=Person(meanwhile=kill_who_asked)) as client:
        done = data_of(await client.call_tool("trigger_sync", WISH))
    await run_sync(killed[0].start)

    assert done["status"] == "executed"
    assert replicas.balancer.served_by(at_least=before + 2)[-1] != killed[0].port
    assert len(sandbox.effects()) == 1


async def test_an_older_client_reads_from_any_replica_without_a_session(
    replicas: Replicas, sandbox: Sandbox
) -> None:
    before = len(replicas.balancer.served_by(""))
    async with client_of(replicas, Era.LEGACY) as client:
        capabilities = client.server_capabilities
        for _ in range(REPLICAS):
            assert not (await client.call_tool("list_workspaces", {})).is_error
        with pytest.raises(MCPError, match="Method not found"), pytest.warns(MCPDeprecationWarning):
            await client.session.subscribe_resource("airbyte://jobs/1")  # pyright: ignore[reportDeprecated]  # what older clients do
    async with httpx.AsyncClient(headers=HEADERS) as http:
        opened = await http.post(replicas.url, json=INITIALIZE)
        refused = [(await http.request(method, replicas.url)).status_code for method in ("GET", "DELETE")]

    assert capabilities.resources is not None
    assert not capabilities.resources.subscribe
    assert set(replicas.balancer.served_by("")[before:]) == {replica.port for replica in replicas.each}
    assert (opened.status_code, "mcp-session-id" in opened.headers) == (200, False)
    assert refused == [405, 405]
    assert sandbox.effects() == []


async def test_an_older_clients_call_waits_for_a_yes_on_a_terminal(
    replicas: Replicas, sandbox: Sandbox
) -> None:
    person = Person()
    done = await while_waiting(replicas, Era.LEGACY, person, approve_on_a_terminal)

    assert done["status"] == "executed"
    assert person.questions == [], "nothing could have brought the answer to the replica that asked"
    assert len(sandbox.effects()) == 1


async def test_a_yes_on_the_page_is_seen_by_a_call_that_waits_on_a_replica(
    replicas: Replicas, sandbox: Sandbox
) -> None:
    desk, settings = replicas.desk, replicas.settings
    added = desk.command(
        "approvals", "users", "add", NAME, "--password-stdin", typed=f"{PASSWORD}\n", **settings
    )
    with serving_command(desk, settings=settings) as page:

        def approve_on_the_page(_: Replicas, plan: Plan) -> None:
            browser = Browser(page)
            assert browser.sign_in().status_code == 303
            assert browser.decide(plan, "approve").status_code == 303
            browser.http.close()

        done = await while_waiting(replicas, Era.MUTE, None, approve_on_the_page)

    assert added.returncode == 0
    assert done["status"] == "executed"
    assert len(sandbox.effects()) == 1


async def while_waiting(
    replicas: Replicas, era: Era, person: Person | None, decide: Callable[[Replicas, Plan], object]
) -> dict[str, Any]:
    """The result of a call that waits for a person, who decides elsewhere."""
    found: dict[str, Any] = {}
    other = Elsewhere(book_on(replicas.store, utc_now))
    async with client_of(replicas, era, person) as client, anyio.create_task_group() as group:

        async def call() -> None:
            found.update(data_of(await client.call_tool("trigger_sync", WISH)))

        group.start_soon(call)
        plan = await run_sync(other.waiting_plan)
        await run_sync(decide, replicas, plan)
    return found


def approve_on_a_terminal(replicas: Replicas, plan: Plan) -> None:
    """Say yes where Airbyte is out of reach, so that whoever waits has to go on."""
    environment = replicas.environment | {"AIRBYTE_API_URL": ELSEWHERE}
    command = ("approvals", "approve", plan.id)
    _, shown = at_a_terminal(environment, *command, prompt="Type ", types=["approve"])
    assert "not done yet" in shown


async def test_limits_hold_over_all_replicas_and_for_each_person(
    desk: Desk, stoppable: PostgresServer
) -> None:
    ann, bob = new_token(desk, "ann"), new_token(desk, "bob")
    limits = {"AIRBYTE_MCP_CALLS_PER_MINUTE": "8", "AIRBYTE_MCP_CHANGES_PER_MINUTE": "2"}
    with replicated(desk, stoppable.fresh_database(), with_tokens(desk, **limits)) as replicas:
        async with client_of(replicas, person=Person(), token=ann) as client:
            changes = [await text_after(client, "update_schedule", every_hours=n) for n in (2, 3, 4)]
            reads = [await text_after(client, "list_workspaces") for _ in range(5)]
        async with client_of(replicas, token=bob) as client:
            another = await text_after(client, "list_workspaces")
            await run_sync(stoppable.stop)
            without_store = [await text_after(client, "list_workspaces") for _ in range(REPLICAS)]
            change = await text_after(client, "update_schedule", every_hours=6)

    assert [TOO_MANY_CHANGES in told for told in changes] == [False, False, True]
    # Each question and its answer were two calls, and the refused change was one.
    assert [TOO_MANY_CALLS in told for told in reads] == [False, False, False, True, True]
    assert len(set(replicas.balancer.served_by())) == REPLICAS
    assert [TOO_MANY_CALLS in told for told in (another, *without_store)] == [False] * 4
    assert all("workspace" in told for told in without_store)
    assert "nothing is sent to Airbyte" in change
    assert len(desk.sandbox.effects()) == 2


async def text_after(client: Client, tool: str, **arguments: object) -> str:
    """What a person reads of a call; a change is of one connection."""
    return text_of(await client.call_tool(tool, (WISH if arguments else {}) | arguments))


def test_nginx_finds_nothing_wrong_with_the_deployed_configuration(tmp_path: Path) -> None:
    configuration = write_configuration(tmp_path, "127.0.0.1:8443 ssl", [8765, 8766, 8767])

    assert re.match(r"0: .*test is successful", lint(configuration), re.DOTALL), lint(configuration)
    assert "[warn]" not in lint(configuration)
