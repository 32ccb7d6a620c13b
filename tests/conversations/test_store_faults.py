"""When the store fails, really, nothing reaches Airbyte; when it is back, the approved plan goes through once.

Judged at the sandbox's request log. The client cannot ask, so that the fault
can strike between a person's yes and the apply.
"""

import os
import shutil
import sqlite3
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AbstractContextManager, asynccontextmanager, closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from anyio.to_thread import run_sync
from mcp import Client
from mcp_types import CallToolResult

from airbyte_guardrails.evidence import Decision, Evidence
from airbyte_mcp_server.runtime import utc_now
from harness import HEALTHY, Desk, Era, Person, connected, data_of, text_of
from plan_books import book_on, close_books
from postgres_proxy import commit_cutter
from postgres_server import PASSWORD, PostgresServer
from raw_store import raw_rows
from small_disks import read_only, small_disk

pytestmark = pytest.mark.ci

SYNC = ("trigger_sync", {"connections": [HEALTHY]})
ALONE = {"AIRBYTE_MCP_WAIT_SECONDS": "0", "AIRBYTE_MCP_OPEN_BROWSER": "never"}
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a file system of its own")


@contextmanager
def gone(file: Path) -> Generator[None]:
    """The whole folder is moved away."""
    away = file.parent.rename(file.parent.with_name("away"))
    yield
    away.rename(file.parent)


@contextmanager
def replaced_by_nothing(file: Path) -> Generator[None]:
    """An empty file stands where the store was."""
    with gone(file):
        file.parent.mkdir(mode=0o700)
        file.touch(mode=0o600)
        yield
        shutil.rmtree(file.parent)


@contextmanager
def opened_to_others(file: Path) -> Generator[None]:
    """Another file that everybody may write stands where the store was."""
    with replaced_by_nothing(file):
        file.chmod(0o666)
        yield


@contextmanager
def locked(file: Path) -> Generator[None]:
    """Another program holds the write lock for longer than the server waits."""
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


FAULTS = {
    "gone": (gone, "it is gone"),
    "replaced by nothing": (replaced_by_nothing, "cannot be used"),
    "opened to others": (opened_to_others, "not trusted"),
    "locked": (locked, "holds its lock"),
}
# One of them with the quick tests; the others each need a server of their own, and the lock ten seconds.
CASES = [
    pytest.param(*case, id=name, marks=() if name == "gone" else pytest.mark.ci)
    for name, case in FAULTS.items()
]


@asynccontextmanager
async def approved_plan(
    desk: Desk, address: Path | str, **settings: str
) -> AsyncGenerator[tuple[Client, str]]:
    """A client whose plan a person approved elsewhere, and the plan's id."""
    async with connected(desk, era=Era.MUTE, settings=ALONE | settings) as client:
        plan_id: str = data_of(await client.call_tool(*SYNC))["plan_id"]
        await run_sync(approve, address, plan_id)
        yield client, plan_id


def approve(address: Path | str, plan_id: str) -> None:
    """Say yes as the terminal does, from another process's point of view."""
    book_on(address, utc_now).decide(plan_id, Decision.APPROVE, Evidence.LOCAL_TERMINAL, "ann at a terminal")
    close_books()


async def applied(client: Client, plan_id: str) -> CallToolResult:
    return await client.call_tool("apply_plan", {"plan_id": plan_id})


def assert_refused(result: CallToolResult, words: str, desk: Desk) -> None:
    assert result.is_error
    assert words in text_of(result)
    assert desk.sandbox.effects() == []


@pytest.mark.parametrize(("fault", "words"), CASES)
async def test_a_store_that_fails_between_yes_and_apply_sends_nothing(
    desk: Desk, fault: Callable[[Path], AbstractContextManager[None]], words: str
) -> None:
    file = desk.folder / "data" / "plans.sqlite"
    async with approved_plan(desk, file) as (client, plan_id):
        with fault(file):
            refused = await applied(client, plan_id)
            assert_refused(refused, words, desk)
        done = data_of(await applied(client, plan_id))

    assert done["status"] == "executed"
    assert len(desk.sandbox.effects()) == 1


@pytest.mark.ci
async def test_a_store_that_vanishes_while_the_person_reads_sends_nothing(desk: Desk) -> None:
    class Vandal(Person):
        """Says yes after moving the store away."""

        async def __call__(self, *asked: object) -> object:  # type: ignore[override]  # passes on what it was given
            (desk.folder / "data").rename(desk.folder / "away")
            return await super().__call__(*asked)  # type: ignore[arg-type]  # as above

    async with connected(desk, person=Vandal()) as client:
        refused = await client.call_tool(*SYNC)

    assert_refused(refused, "it is gone", desk)


@needs_root
async def test_a_full_disk_sends_nothing_until_there_is_room(desk: Desk) -> None:
    with small_disk(desk.folder / "disk") as disk:
        on_disk = replace(desk, folder=disk.folder)
        file = disk.folder / "data" / "plans.sqlite"
        log = desk.folder / "stdio.log"
        (disk.folder / "stdio.log").symlink_to(log)
        async with approved_plan(on_disk, file) as (client, plan_id):
            disk.fill()
            refused = await applied(client, plan_id)
            assert_refused(refused, "disk", desk)
            disk.empty()
            done = data_of(await applied(client, plan_id))

    assert done["status"] == "executed"
    assert len(desk.sandbox.effects()) == 1


@pytest.mark.ci
@needs_root
async def test_a_store_that_can_only_be_read_sends_nothing(desk: Desk) -> None:
    async with connected(desk, era=Era.MUTE, settings=ALONE) as client:
        await client.call_tool(*SYNC)
    with read_only(desk.folder / "data"):
        async with connected(desk, person=Person()) as client:
            refused = await client.call_tool(*SYNC)

    assert_refused(refused, "this user may not write it", desk)


@pytest.mark.ci
async def test_postgresql_stopped_between_yes_and_apply_sends_nothing_until_it_is_back(
    desk: Desk, postgres: PostgresServer
) -> None:
    address = postgres.fresh_database()
    async with approved_plan(desk, address, AIRBYTE_MCP_STORE=address) as (client, plan_id):
        await run_sync(postgres.stop)
        try:
            refused = await applied(client, plan_id)
            assert_refused(refused, "it does not answer", desk)
        finally:
            await run_sync(postgres.start)
        done = data_of(await applied(client, plan_id))

    assert done["status"] == "executed"
    assert len(desk.sandbox.effects()) == 1
    assert PASSWORD not in desk.log() + text_of(refused)
    assert not (desk.folder / "data").exists()


@pytest.mark.ci
async def test_postgresql_restarted_between_yes_and_apply_is_not_noticed(
    desk: Desk, postgres: PostgresServer
) -> None:
    address = postgres.fresh_database()
    async with approved_plan(desk, address, AIRBYTE_MCP_STORE=address) as (client, plan_id):
        await run_sync(postgres.restart)
        done = data_of(await applied(client, plan_id))

    assert done["status"] == "executed"
    assert len(desk.sandbox.effects()) == 1


@pytest.mark.ci
@pytest.mark.parametrize(("commit_arrives", "state"), [(True, "executing"), (False, "approved")], ids=str)
async def test_a_connection_lost_at_the_commit_of_the_intent_sends_nothing(
    desk: Desk, postgres: PostgresServer, *, commit_arrives: bool, state: str
) -> None:
    address = postgres.fresh_database()
    with commit_cutter(postgres, address, commit_arrives=commit_arrives) as cutter:
        async with approved_plan(desk, address, AIRBYTE_MCP_STORE=cutter.address) as (client, plan_id):
            cutter.armed.set()
            refused = await applied(client, plan_id)
            assert not cutter.armed.is_set()
            assert_refused(refused, "nothing is sent", desk)
            stored = await run_sync(raw_rows, address, "SELECT state FROM plans")
            again = data_of(await applied(client, plan_id))

    assert stored == [(state,)]
    assert (again["status"], len(desk.sandbox.effects())) == (
        ("executing", 0) if commit_arrives else ("executed", 1)
    )


def test_an_address_of_another_database_stops_the_start(desk: Desk) -> None:
    ended = desk.command("serve", AIRBYTE_MCP_STORE=f"mysql://mcp:{PASSWORD}@localhost/store")

    assert ended.returncode != 0
    assert "only PostgreSQL is known" in ended.stderr
    assert PASSWORD not in ended.stderr


@pytest.mark.ci
async def test_the_command_line_looks_into_postgresql_too(desk: Desk, postgres: PostgresServer) -> None:
    address = postgres.fresh_database()
    async with connected(desk, person=Person(), settings={"AIRBYTE_MCP_STORE": address}) as client:
        data_of(await client.call_tool(*SYNC))

    def said(*arguments: str) -> str:
        done = desk.command(*arguments, AIRBYTE_MCP_STORE=address)
        assert done.returncode == 0, done.stderr
        return done.stdout

    listed = await run_sync(said, "audit", "list", "--outcome", "executed")
    verified = await run_sync(said, "audit", "verify")
    pending = await run_sync(said, "approvals", "list")

    assert HEALTHY in listed
    assert "The record is whole: 4 records." in verified
    assert "Nothing waits" in pending
