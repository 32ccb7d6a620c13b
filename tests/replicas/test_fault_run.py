"""Replicas killed, PostgreSQL restarted, Airbyte failing, clients gone: every change is accounted for, once."""

import random
import threading
import time
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import count, cycle

import anyio
import pytest
from anyio.to_thread import run_sync

from accounting import Account, account_of
from airbyte_guardrails.states import PlanState
from doors import new_token, with_tokens
from harness import Desk, Era, client_on, client_wire
from load import NEVER, Caller
from postgres_server import PostgresServer
from raw_store import raw_rows, run_raw
from replica_set import Replica, Replicas, replicated

pytestmark = [pytest.mark.ci, pytest.mark.timeout(180)]

CALLERS = 6
WORK = 4
WORK_SECONDS = 20.0
AT_WORK_SECONDS = 3.0
SHORT = {"AIRBYTE_MCP_APPROVE_SECONDS": "30"}
"""What gone clients have asked for is not waited for long: a person may have twenty plans pending."""
LISTED = "/api/public/v1/connections"
CHANGING = "/api/public/v1/connections/*"
FAULTS: tuple[dict[str, object], ...] = (
    {"kind": "status", "status": 503, "method": "PATCH", "path": CHANGING},
    {"kind": "reset", "method": "PATCH", "path": CHANGING},
    {"kind": "delay", "seconds": 0.5, "method": "PATCH", "path": CHANGING},
    {"kind": "garbage", "method": "PATCH", "path": CHANGING},
    {"kind": "status", "status": 500, "method": "GET", "times": 2},
    {"kind": "reset", "method": "GET"},
)


@dataclass(frozen=True)
class Run:
    """What goes wrong, and for how long.

    Attributes:
        kills: How many replicas are killed at least, one after the other, in the middle of a change if possible.
        seconds: For how long at least.
        crashing: Whether PostgreSQL crashes, too, after every other kill.
        flapping: Whether Airbyte fails at some requests.
        vanishing: Whether some clients leave in the middle of their calls.
    """

    kills: int
    seconds: float = 0.0
    crashing: bool = False
    flapping: bool = False
    vanishing: bool = False


@pytest.fixture
def database(postgres: PostgresServer) -> Generator[PostgresServer]:
    """The server, running again when the test is over."""
    yield postgres
    if not postgres.is_running():
        postgres.start()


async def accounted(desk: Desk, database: PostgresServer, run: Run) -> tuple[Account, Counter[str]]:
    """Let everything happen, wait until all is settled, and count: the account, and what callers were told."""
    tokens = [new_token(desk, f"caller-{number}") for number in range(CALLERS)]
    with replicated(desk, database.fresh_database(), with_tokens(desk, **SHORT)) as replicas:
        callers = [_caller(replicas, run, number, token) for number, token in enumerate(tokens)]
        over = anyio.Event()
        async with anyio.create_task_group() as group:
            for caller in callers:
                group.start_soon(caller.call_until, over)
            await run_sync(_go_wrong, replicas, database, callers, run)
            over.set()
        await _settle(replicas, tokens[0])
        account = account_of(replicas.store, desk.sandbox)
    assert "changed since the last start" not in desk.log(), (
        "replicas that differ in their ports only are alike"
    )
    told = Counter(outcome for caller in callers for outcome in caller.told.values())
    for caller in callers:
        for wish, outcome in caller.told.items():
            if outcome == PlanState.EXECUTED:
                assert account.plans[wish].state is PlanState.EXECUTED, "what a client was told is so"
    print(f"\n{run}: told {dict(told)}, plans {dict(account.states)}, sent {len(account.sent)}")  # noqa: T201 - the count is shown, not only checked
    return account, told


def _caller(replicas: Replicas, run: Run, number: int, token: str) -> Caller:
    sandbox, dice = replicas.desk.sandbox, random.Random(number)  # noqa: S311 - the same each time, not secret
    connections = sorted(one["connectionId"] for one in sandbox.get(LISTED, limit=100)["data"])
    faults = cycle(FAULTS[number % len(FAULTS) :] + FAULTS[: number % len(FAULTS)])

    def plant() -> None:
        if run.flapping and dice.random() < 0.5:
            sandbox.plant_fault(next(faults))

    impatient = run.vanishing and number % 2 == 1
    return Caller(
        replicas.url,
        token,
        connections[number],
        patience=(lambda: dice.uniform(0.02, 0.8)) if impatient else (lambda: NEVER),
        before_each=plant,
    )


def _go_wrong(replicas: Replicas, database: PostgresServer, callers: Sequence[Caller], run: Run) -> None:
    """Kill and restart, each time after some work was done, until everything has happened."""
    ends = time.monotonic() + run.seconds
    for number in count():
        if number >= run.kills and time.monotonic() >= ends:
            break
        _until_more_is_done(callers)
        victim = _at_work(replicas) or replicas.each[number % len(replicas.each)]
        victim.kill()
        victim.start()
        if run.crashing and number % 2 == 0:
            _until_more_is_done(callers)
            database.restart()
    _until_more_is_done(callers)


def _at_work(replicas: Replicas) -> Replica | None:
    """A replica that executes a change just now, which is soon over; None if none is seen at it in time."""
    ends = time.monotonic() + AT_WORK_SECONDS
    while time.monotonic() < ends:
        for (worker,) in raw_rows(replicas.store, "SELECT worker FROM plans WHERE state = 'executing'"):
            pid = int(worker.split(":")[-2])
            found = [replica for replica in replicas.each if replica.pid == pid]
            if found:
                return found[0]
    return None


def _until_more_is_done(callers: Sequence[Caller]) -> None:
    before, ends = _done(callers), time.monotonic() + WORK_SECONDS
    while _done(callers) < before + WORK and time.monotonic() < ends:
        threading.Event().wait(0.05)


def _done(callers: Sequence[Caller]) -> int:
    return sum(list(caller.told.values()).count(PlanState.EXECUTED) for caller in callers)


async def _settle(replicas: Replicas, token: str) -> None:
    """End what runs, and let whoever comes next find out what became of the rest."""
    replicas.desk.sandbox.clear_faults()
    assert [replica.stop() for replica in replicas.each] == [0] * len(replicas.each)
    # What time does to workers that are not heard of any more.
    run_raw(
        replicas.store,
        "UPDATE plans SET lease_until = '2000-01-01T00:00:00.000000Z' WHERE state = 'executing'",
    )
    replicas.each[0].start()
    async with AsyncExitStack() as stack:
        wire = await client_wire(stack, "http", replicas.each[0].url, token)
        client = await stack.enter_async_context(client_on(wire, Era.MUTE))
        assert not (await client.call_tool("list_changes", {})).is_error
    assert raw_rows(replicas.store, "SELECT id FROM plans WHERE state = 'executing'") == []


async def test_every_change_is_accounted_for_when_replicas_are_killed_under_load(
    desk: Desk, database: PostgresServer
) -> None:
    account, told = await accounted(desk, database, Run(kills=3))

    account.assert_balanced()
    assert account.states[PlanState.EXECUTED] >= 2 * CALLERS
    assert told["executed"] >= CALLERS
    assert "was left by a process that died" in desk.log(), "somebody was killed in the middle of a change"


async def test_every_change_is_accounted_for_whatever_fails(desk: Desk, database: PostgresServer) -> None:
    account, told = await accounted(
        desk, database, Run(kills=3, crashing=True, flapping=True, vanishing=True)
    )

    account.assert_balanced()
    assert account.states[PlanState.EXECUTED] >= CALLERS
    assert told["gone"] + told["broken"] + told["error"] >= CALLERS, "things did go wrong"
    assert {request.status for request in desk.sandbox.requests()} & {500, 503}, "Airbyte failed, too"


@pytest.mark.soak
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("minutes", [10])
async def test_every_change_is_accounted_for_after_many_minutes_of_failures(
    desk: Desk, database: PostgresServer, minutes: int
) -> None:
    run = Run(kills=3, seconds=60 * minutes, crashing=True, flapping=True, vanishing=True)
    account, _ = await accounted(desk, database, run)

    account.assert_balanced()
