"""Once a change has begun, nothing interrupts it: it is sent once, and its outcome is on record."""

import signal
import subprocess
import threading
from collections.abc import Generator
from contextlib import AsyncExitStack, contextmanager

import anyio
import pytest
from anyio.to_thread import run_sync

from faulty_proxy import Fault, faulty_proxy
from harness import (
    COMMAND,
    HEALTHY,
    NETWORK,
    TOKEN,
    TRANSPORTS,
    Desk,
    Era,
    Person,
    client_on,
    client_wire,
    connected,
    data_of,
)
from pseudo_terminal import at_a_terminal

TRIGGER = {"connections": [HEALTHY]}


class Held:
    """A change that Airbyte has got and whose answer is held back until the test lets it go."""

    def __init__(self) -> None:
        self.taken, self.let_go = threading.Event(), threading.Event()

    @contextmanager
    def before(self, desk: Desk) -> Generator[dict[str, str]]:
        """Settings for a server whose changes are held."""
        fault = Fault("POST", "/public/v1/jobs", after=self._hold)
        with faulty_proxy(desk.sandbox.url, fault) as address:
            yield {"AIRBYTE_API_URL": address}
            self.let_go.set()

    def _hold(self) -> None:
        self.taken.set()
        self.let_go.wait(30)


def assert_done_once(desk: Desk) -> None:
    """One effect, and a record of its outcome."""
    assert len(desk.sandbox.effects()) == 1
    recorded = desk.command("audit", "list", "--outcome", "executed").stdout.splitlines()
    assert len(recorded) == 1
    assert "Nothing waits" in desk.command("approvals", "list").stdout


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_client_that_cancels_or_leaves_does_not_break_off_a_change(
    desk: Desk, transport: str
) -> None:
    held = Held()
    with held.before(desk) as settings:
        async with connected(desk, transport, person=Person(), settings=settings) as client:
            async with anyio.create_task_group() as group:
                group.start_soon(client.call_tool, "trigger_sync", TRIGGER)
                await run_sync(held.taken.wait)
                group.cancel_scope.cancel()
            held.let_go.set()
            listed = await run_sync(lambda: desk.command("approvals", "list"))
            while "Nothing waits" not in listed.stdout:
                listed = await run_sync(lambda: desk.command("approvals", "list"))

    await run_sync(lambda: assert_done_once(desk))


@pytest.mark.parametrize("transport", NETWORK)
async def test_a_server_that_is_told_to_stop_brings_its_change_to_an_end(desk: Desk, transport: str) -> None:
    held = Held()
    with held.before(desk) as settings:
        arguments = [COMMAND, "serve", "--transport", transport, "--port", "0"]
        environment = desk.environment | settings | {"AIRBYTE_MCP_TOKEN": TOKEN}
        with subprocess.Popen(  # noqa: ASYNC220 - the start of a process takes no time that matters here
            arguments, env=environment, stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stderr is not None
            url = process.stderr.readline().rsplit(" ", 1)[-1].strip()
            await call_until_taken(url, transport, held)
            process.send_signal(signal.SIGTERM)
            held.let_go.set()
            code = await run_sync(lambda: process.wait(30))

    assert code == 0
    await run_sync(lambda: assert_done_once(desk))


async def call_until_taken(url: str, transport: str, held: Held) -> None:
    """Make the call, and leave as soon as Airbyte has got the change."""
    async with AsyncExitStack() as stack:
        wire = await client_wire(stack, transport, url)
        client = await stack.enter_async_context(client_on(wire, Era.MODERN, Person()))
        async with anyio.create_task_group() as group:
            group.start_soon(client.call_tool, "trigger_sync", TRIGGER)
            await run_sync(held.taken.wait)
            group.cancel_scope.cancel()


async def test_ctrl_c_at_the_terminal_says_what_became_of_the_change(desk: Desk) -> None:
    held = Held()

    def interrupt(process: "subprocess.Popen[bytes]") -> None:
        held.taken.wait(30)
        process.send_signal(signal.SIGINT)
        held.let_go.set()

    with held.before(desk) as settings:
        async with connected(desk, era=Era.MUTE, settings=settings) as client:
            plan_id = data_of(await client.call_tool("trigger_sync", TRIGGER))["plan_id"]
        command, environment = ("approvals", "approve", plan_id), desk.environment | settings
        code, shown = await run_sync(
            lambda: at_a_terminal(
                environment, *command, prompt="Type ", types=["approve"], meanwhile=interrupt
            )
        )

    assert code == 1
    assert "Interrupted" in shown
    assert "sync started as job" in shown
    await run_sync(lambda: assert_done_once(desk))
