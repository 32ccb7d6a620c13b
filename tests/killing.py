"""Servers that are stopped at a chosen step of a change, from outside.

No product code knows of this: a proxy before Airbyte holds a request or its
answer, or the test holds the store's write lock, so that the server waits.
"""

import subprocess
import threading
import time
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from enum import Enum
from typing import Any

import anyio
from anyio.to_thread import run_sync
from mcp import Client
from mcp.client.context import ClientRequestContext
from mcp_types import ElicitRequestParams, ElicitResult

from faulty_proxy import Fault, faulty_proxy
from harness import COMMAND, HEALTHY, TOKEN, Desk, Era, Person, Sandbox, client_on, client_wire
from stores_outside import FileStoreOf, StoreOf

SECONDS = 30
SECOND = "Ad spend to warehouse"
JOBS = "/public/v1/jobs"
TRIGGER = ("trigger_sync", {"connections": [HEALTHY]})
BOTH = ("update_schedule", {"connections": [HEALTHY, SECOND], "every_hours": 6})


class Decider(Person):
    """Says yes, after something else has been done."""

    def __init__(self, first: Callable[[], object]) -> None:
        super().__init__()
        self._first = first

    async def __call__(self, context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        """The SDK's callback."""
        reply = await super().__call__(context, params)
        await run_sync(self._first)
        return reply


class Gate:
    """Where a request, or its answer, waits in the proxy until the test lets it go."""

    def __init__(self) -> None:
        self._reached, self._let_go = threading.Event(), threading.Event()

    def hold(self) -> None:
        """Wait here."""
        self._reached.set()
        self._let_go.wait(SECONDS)

    def swallow(self) -> None:
        """Wait here, and then never reach Airbyte."""
        self.hold()
        raise ConnectionAbortedError

    def pass_by(self) -> None:
        """Be seen here, and go on."""
        self._reached.set()

    async def reached(self) -> None:
        """Until something waits here."""
        assert await run_sync(self._reached.wait, SECONDS)

    def let_go(self) -> None:
        """Go on."""
        self._let_go.set()


@contextmanager
def serving(desk: Desk, settings: dict[str, str]) -> Generator[tuple["subprocess.Popen[str]", str]]:
    """A server over HTTP and its address; killed at the end if it still lives."""
    environment = desk.environment | settings | {"AIRBYTE_MCP_TOKEN": TOKEN}
    arguments = [COMMAND, "serve", "--transport", "http", "--port", "0"]
    with subprocess.Popen(arguments, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            yield process, process.stderr.readline().rsplit(" ", 1)[-1].strip()
        finally:
            process.kill()


@asynccontextmanager
async def client_of(url: str, person: Person | None = None) -> AsyncGenerator[Client]:
    """A fresh client of a server over HTTP, signed in as the same one each time."""
    async with AsyncExitStack() as stack:
        wire = await client_wire(stack, "http", url)
        yield await stack.enter_async_context(client_on(wire, Era.MODERN, person))


async def waits_for_the_store(store: StoreOf, process: "subprocess.Popen[str]") -> None:
    """Until the process waits for the lock that the test holds."""
    await becomes(lambda: store.is_waited_for(process.pid))


async def becomes(condition: Callable[[], bool]) -> None:
    """Until the condition, which nobody tells us of, is true."""

    def look() -> bool:
        ends = time.monotonic() + SECONDS
        while time.monotonic() < ends:
            if condition():
                return True
            threading.Event().wait(0.01)
        return False

    assert await run_sync(look)


class At(Enum):
    """What the server waits for when it is killed."""

    ARRIVAL = "the request has left, and never reaches Airbyte"
    ANSWER = "Airbyte has acted, and its answer has not come back"
    STORE = "the answer is there, and the store cannot be written yet"
    RECORDED = "the outcome has just been recorded"


@dataclass(frozen=True, kw_only=True)
class Stop:
    """One boundary, and what must be true after it.

    Attributes:
        call: The tool and its arguments.
        at: What is waited for.
        request: Of which request: its verb, and a part of its path or the name of its connection.
        later: Whether that request is one that follows the first target's change.
        effects: How many changes Airbyte has been asked for by then.
        state: What the plan is in the end.
        results: What each target is in the end.
        says: Something that the answer says of the last target.
    """

    call: tuple[str, dict[str, Any]]
    at: At
    request: tuple[str, str]
    later: bool = False
    effects: int
    state: str
    results: list[str]
    says: str = ""


def _nothing() -> None:
    """What happens where nothing is to happen."""


class Boundary:
    """A stop on the way from a server to a sandbox."""

    def __init__(self, desk: Desk, wanted: Stop, store: StoreOf | None = None) -> None:
        self.gate = Gate()
        self.stop, self.store, self._sandbox = wanted, store or FileStoreOf(desk), desk.sandbox
        after = {At.ANSWER: self.gate.hold, At.STORE: self._lock, At.RECORDED: self.gate.pass_by}
        verb, place = wanted.request
        self._rule = Fault(
            verb,
            self._path(place),
            times=0,
            before=self.gate.swallow if wanted.at is At.ARRIVAL else _nothing,
            after=after.get(wanted.at, _nothing),
        )
        self._first_change = Fault("PATCH", self._path(HEALTHY), after=self._arm)

    def _path(self, place: str) -> str:
        if place.startswith("/"):
            return place
        return f"/connections/{self._sandbox.connection(place)['connectionId']}"

    def _lock(self) -> None:
        self.store.lock()
        self.gate.pass_by()

    def _arm(self) -> None:
        self._rule.times = 1

    @contextmanager
    def ahead(self, *more: Fault) -> Generator[dict[str, str]]:
        """Settings of servers that come to it, and to what else is wrong between them and Airbyte."""
        faults = [self._rule, self._first_change] if self.stop.later else [self._rule]
        with faulty_proxy(self._sandbox.url, *faults, *more) as address:
            yield {"AIRBYTE_API_URL": address} | self.store.settings
            self.gate.let_go()

    def person(self) -> Decider:
        """Says yes; what was read before counts for nothing."""
        return Decider(_nothing if self.stop.later else self._arm)


async def call_and_kill(desk: Desk, settings: dict[str, str], boundary: Boundary) -> None:
    """Let a client call the tool and a person say yes, and kill the server at the boundary."""
    wanted, store = boundary.stop, boundary.store
    with serving(desk, settings) as (process, url):
        # The client's own server dies; what it makes of that is not ours.
        with suppress(ExceptionGroup):
            async with client_of(url, boundary.person()) as client, anyio.create_task_group() as group:
                group.start_soon(client.call_tool, *wanted.call)
                await boundary.gate.reached()
                if wanted.at is At.STORE:
                    await waits_for_the_store(store, process)
                if wanted.at is At.RECORDED:
                    await becomes(lambda: store.plan()[1] == "executed")
                process.kill()
                await run_sync(process.wait)
                group.cancel_scope.cancel()
    store.unlock()


def newest_job(sandbox: Sandbox) -> int:
    """The id of the job that began last."""
    (job,) = sandbox.get("/api/public/v1/jobs", orderBy="createdAt|DESC", limit=1)["data"]
    number: int = job["jobId"]
    return number


def assert_recorded(store: StoreOf, requests: int) -> None:
    """Each request has one intent on record before it, and each intent one outcome after it."""
    waiting: list[str] = []
    intents = 0
    for record in store.records():
        targets = record.document.get("targets")
        assert isinstance(targets, list)
        named = [str(target["id"]) for target in targets if isinstance(target, dict)]
        if record.kind == "intent":
            waiting += named
            intents += 1
        elif record.kind == "outcome" and named[0] in waiting:
            waiting.remove(named[0])
    assert waiting == []
    assert intents >= requests
