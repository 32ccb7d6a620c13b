"""A call whose client cannot ask waits for a decision made anywhere, and finishes by itself."""

import json
import signal
import subprocess
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
import pytest
from anyio.to_thread import run_sync
from mcp import Client

from airbyte_guardrails.evidence import Decision
from airbyte_guardrails.plans import Plan
from airbyte_guardrails.states import PlanState
from deciding_elsewhere import elsewhere
from declaring_client import LEGACY
from harness import COMMAND, HEALTHY, Desk, Era, connected, data_of, text_of
from pseudo_terminal import at_a_terminal

TRIGGER = {"connections": [HEALTHY]}
LONG = {"AIRBYTE_MCP_WAIT_SECONDS": "40"}
OUT_OF_REACH = {"AIRBYTE_API_URL": "http://127.0.0.1:9/api/public/v1"}
ANYWHERE = [
    pytest.param("stdio", Era.MUTE),
    *(
        pytest.param(transport, era, marks=pytest.mark.ci)
        for transport, era in [
            ("stdio", Era.MUTE_LEGACY),
            ("http", Era.MUTE),
            ("http", Era.MUTE_LEGACY),
            ("sse", Era.MUTE),
            ("sse", Era.MUTE_LEGACY),
        ]
    ),
]


@dataclass
class WaitingCall:
    """A call that was made and has not come back yet."""

    result: dict[str, Any] = field(default_factory=dict[str, Any])
    said: list[str] = field(default_factory=list[str])
    progress: list[float] = field(default_factory=list[float])
    heard_twice: anyio.Event = field(default_factory=anyio.Event)

    async def heard(self, progress: float, total: float | None, message: str | None) -> None:
        """The client's callback for progress."""
        self.progress.append(progress)
        self.said.append(message or "")
        if len(self.said) > 1:
            self.heard_twice.set()


@asynccontextmanager
async def calling(client: Client, tool: str, arguments: dict[str, Any]) -> AsyncGenerator[WaitingCall]:
    """A call in the background; it has come back when this is left."""
    call = WaitingCall()

    async def run() -> None:
        call.result = data_of(await client.call_tool(tool, arguments, progress_callback=call.heard))

    async with anyio.create_task_group() as group:
        group.start_soon(run)
        yield call


async def approve_at_a_terminal(desk: Desk, plan: Plan, **variables: str) -> None:
    """A person types a yes."""
    environment, command = desk.environment | variables, ("approvals", "approve", plan.id)
    await run_sync(lambda: at_a_terminal(environment, *command, prompt="Type ", types=["approve"]))


@pytest.mark.parametrize(("transport", "era"), ANYWHERE)
async def test_a_yes_in_another_process_finishes_the_very_call_that_waits(
    desk: Desk, transport: str, era: Era
) -> None:
    async with connected(desk, transport, era, settings=LONG) as client:
        with elsewhere(desk) as other:
            async with calling(client, "trigger_sync", TRIGGER) as call:
                await run_sync(other.decide, Decision.APPROVE)

    assert call.result["status"] == "executed"
    desk.sandbox.ended_job(call.result["results"][0]["job_id"])
    assert desk.sandbox.rows_in_sink(desk.sandbox.connection(HEALTHY)["connectionId"]) > 0
    assert len(desk.sandbox.effects()) == 1


@pytest.mark.ci
async def test_a_yes_on_a_terminal_that_cannot_reach_airbyte_finishes_the_call(desk: Desk) -> None:
    async with connected(desk, era=Era.MUTE, settings=LONG) as client:
        with elsewhere(desk) as other:
            async with calling(client, "trigger_sync", TRIGGER) as call:
                plan = await run_sync(other.waiting_plan)
                await approve_at_a_terminal(desk, plan, **OUT_OF_REACH)

    assert call.result["status"] == "executed"
    assert len(desk.sandbox.effects()) == 1


@pytest.mark.ci
async def test_call_and_terminal_that_both_could_apply_do_it_once_and_tell_the_same_outcome(
    desk: Desk,
) -> None:
    async with connected(desk, era=Era.MUTE, settings=LONG) as client:
        with elsewhere(desk) as other:
            async with calling(client, "trigger_sync", TRIGGER) as call:
                await approve_at_a_terminal(desk, await run_sync(other.waiting_plan))

    assert call.result["status"] == "executed"
    assert len(desk.sandbox.effects()) == 1


@pytest.mark.ci
async def test_a_no_in_another_process_ends_the_call_with_its_reason(desk: Desk) -> None:
    async with connected(desk, era=Era.MUTE, settings=LONG) as client:
        with elsewhere(desk) as other:
            async with calling(client, "trigger_sync", TRIGGER) as call:
                plan = await run_sync(other.decide, Decision.DENY, "not during the month-end close")
        told = await client.call_tool("get_plan", {"plan_id": plan.id})

    assert call.result["status"] == "denied"
    assert "Do not ask again" in text_of(told)
    assert desk.sandbox.effects() == []


async def test_a_call_that_nobody_decides_on_says_how_to_go_on_and_can_be_gone_on_with(desk: Desk) -> None:
    settings = {"AIRBYTE_MCP_WAIT_SECONDS": "1"}
    async with connected(desk, era=Era.MUTE, settings=settings) as client:
        with elsewhere(desk) as other:
            result = await client.call_tool("trigger_sync", TRIGGER)
            assert desk.sandbox.effects() == []
            plan = await run_sync(other.decide, Decision.APPROVE)
            done = data_of(await client.call_tool("apply_plan", {"plan_id": plan.id}))

    assert data_of(result)["status"] == "approval_required"
    assert f"approvals approve {plan.id}" in text_of(result)
    assert f"apply_plan with plan_id {plan.id}" in text_of(result)
    assert done["status"] == "executed"
    assert len(desk.sandbox.effects()) == 1


@pytest.mark.ci
async def test_apply_plan_waits_for_the_decision_too(desk: Desk) -> None:
    async with connected(desk, era=Era.MUTE) as client:
        plan_id = data_of(await client.call_tool("trigger_sync", TRIGGER))["plan_id"]
    async with connected(desk, "http", era=Era.MUTE, settings=LONG) as stranger:
        foreign = await stranger.call_tool("apply_plan", {"plan_id": plan_id})
        with elsewhere(desk) as other:
            other.decide(Decision.DENY)
            async with calling(stranger, "update_schedule", TRIGGER | {"every_hours": 6}) as first:
                plan = await run_sync(other.waiting_plan)
                async with calling(stranger, "apply_plan", {"plan_id": plan.id}) as second:
                    await run_sync(other.decide, Decision.APPROVE)

    assert "There is no plan" in text_of(foreign)
    assert first.result == second.result
    assert first.result["status"] == "executed"
    assert len(desk.sandbox.effects()) == 1


@pytest.mark.ci
async def test_whoever_waits_is_told_how_long_and_where_to_approve(desk: Desk) -> None:
    settings = LONG | {"AIRBYTE_MCP_APPROVALS_URL": "https://approvals.example.com"}
    async with connected(desk, era=Era.MUTE, settings=settings) as client:
        with elsewhere(desk) as other:
            async with calling(client, "trigger_sync", TRIGGER) as call:
                with anyio.fail_after(30):
                    await call.heard_twice.wait()
                plan = await run_sync(other.decide, Decision.DENY)

    assert call.said[0].startswith("Waiting for a person, 40 s left; approve it ")
    assert f"at https://approvals.example.com/plans/{plan.id}" in call.said[0]
    assert f"approvals approve {plan.id}" in call.said[0]
    assert call.progress == sorted(set(call.progress))


@pytest.mark.parametrize(
    "transport", ["stdio", *(pytest.param(name, marks=pytest.mark.ci) for name in ("sse", "http"))]
)
async def test_a_call_that_is_cancelled_while_it_waits_leaves_the_plan_for_later(
    desk: Desk, transport: str
) -> None:
    async with connected(desk, transport, era=Era.MUTE, settings=LONG) as client:
        with elsewhere(desk) as other:
            async with anyio.create_task_group() as group:
                group.start_soon(client.call_tool, "trigger_sync", TRIGGER)
                await run_sync(other.waiting_plan)
                group.cancel_scope.cancel()
            plan = await run_sync(other.waiting_plan)
            seen = data_of(await client.call_tool("get_plan", {"plan_id": plan.id}))
            await run_sync(other.decide, Decision.APPROVE)
            assert desk.sandbox.effects() == []
            done = data_of(await client.call_tool("apply_plan", {"plan_id": plan.id}))

    assert seen["status"] == "proposed"
    assert done["status"] == "executed"
    assert len(desk.sandbox.effects()) == 1


@pytest.mark.parametrize(
    "stop",
    [
        pytest.param(signal.SIGTERM, id="told to stop"),
        pytest.param(None, id="the client leaves", marks=pytest.mark.ci),
    ],
)
def test_a_server_that_ends_while_a_call_waits_ends_at_once_and_changes_nothing(
    desk: Desk, stop: signal.Signals | None
) -> None:
    hello = {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    messages: list[dict[str, Any]] = [
        {"id": 1, "method": "initialize", "params": hello},
        {"method": "notifications/initialized"},
        {"id": 2, "method": "tools/call", "params": {"name": "trigger_sync", "arguments": TRIGGER}},
    ]
    with subprocess.Popen(
        [COMMAND],
        env=desk.environment | LONG | {"AIRBYTE_MCP_WAIT_SECONDS": "600"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        for message in messages:
            process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
            process.stdin.flush()
        with elsewhere(desk) as other:
            plan = other.waiting_plan()
            if stop is not None:
                process.send_signal(stop)
                code = process.wait(timeout=30)
            _, errors = process.communicate(timeout=30)
            code = process.returncode
            state = other.book.get(plan.id).state

    assert code == 0
    assert "Traceback" not in errors
    assert state is PlanState.PROPOSED
    assert desk.sandbox.effects() == []
