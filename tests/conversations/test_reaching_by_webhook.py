"""A webhook tells approvers of plans, in the background, signed, and without ever being in the way of a call."""

import base64
import re
import threading
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from anyio.to_thread import run_sync
from mcp import Client

from airbyte_guardrails.evidence import Decision
from airbyte_guardrails.plans import Plan
from deciding_elsewhere import Elsewhere, elsewhere
from harness import APPROVE, HEALTHY, SLOW, Desk, Era, Person, connected, data_of
from pseudo_terminal import at_a_terminal
from webhook_receiver import Delivery, Receiver, webhook_receiver

pytestmark = pytest.mark.ci

TRIGGER = {"connections": [HEALTHY]}
KEY = b"planted key of the webhook: 32 b"
SECRET = "whsec_" + base64.b64encode(KEY).decode()
DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "reaching-people.md"
PAGE = "https://approvals.example.com"


@dataclass(frozen=True)
class Told:
    """A client, its server, the receiver that is told, and somebody elsewhere."""

    client: Client
    receiver: Receiver
    other: Elsewhere

    async def next(self, event: str) -> Delivery:
        """The next delivery that tells of an event."""
        return await run_sync(self.receiver.next_about, event)


def settings_for(receiver: Receiver) -> dict[str, str]:
    """What makes a server tell it."""
    return {
        "AIRBYTE_MCP_WEBHOOK_URL": receiver.url,
        "AIRBYTE_MCP_WEBHOOK_SECRET": SECRET,
        "AIRBYTE_MCP_APPROVALS_URL": PAGE,
    }


@asynccontextmanager
async def told(desk: Desk, person: Person | None = None, **settings: str) -> AsyncGenerator[Told]:
    """A conversation of which somebody is told."""
    era = Era.MUTE if person is None else Era.MODERN
    with webhook_receiver() as receiver:
        async with connected(desk, "stdio", era, person, settings_for(receiver) | settings) as client:
            with elsewhere(desk) as other:
                yield Told(client, receiver, other)


def is_ours(delivery: Delivery, changed: dict[str, str] | None = None, key: bytes = KEY) -> bool:
    """What the receiver that the document shows makes of a delivery."""
    (code,) = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    shown: dict[str, Any] = {}
    exec(compile(code, DOCUMENT, "exec"), shown)  # noqa: S102 - it is our own document
    ours: bool = shown["is_ours"](delivery.headers | (changed or {}), delivery.body, key)
    return ours


async def test_whoever_approves_is_told_what_waits_and_where_in_a_signed_message(desk: Desk) -> None:
    async with told(desk) as chat:
        plan_id = data_of(await chat.client.call_tool("trigger_sync", TRIGGER))["plan_id"]
        delivery = await chat.next("plan.waiting")
        plan = chat.other.book.get(plan_id)

    waiting = delivery.told
    connection_id = desk.sandbox.connection(HEALTHY)["connectionId"]
    assert waiting["plan_id"] == plan_id
    assert waiting["action"] == "trigger_sync"
    assert waiting["targets"] == [{"id": connection_id, "name": HEALTHY}]
    assert waiting["risk"] == plan.risk
    assert waiting["requester"] == plan.requester
    assert waiting["link"] == f"{PAGE}/plans/{plan_id}"
    assert delivery.headers["content-type"] == "application/json"
    assert is_ours(delivery)
    assert not is_ours(delivery, key=b"another key")
    assert not is_ours(replace(delivery, body=delivery.body.replace(b"medium", b"low")))
    assert not is_ours(delivery, {"webhook-id": "msg_of_another"})
    assert not is_ours(delivery, {"webhook-timestamp": "1700000000"})


@pytest.mark.ci
async def test_the_outcome_is_told_with_the_head_of_the_audit(desk: Desk) -> None:
    async with told(desk, AIRBYTE_MCP_WAIT_SECONDS="40") as chat:

        def approve() -> Plan:
            chat.receiver.next_about("plan.waiting")
            return chat.other.decide(Decision.APPROVE)

        deciding = threading.Thread(target=approve)
        deciding.start()
        done = data_of(await chat.client.call_tool("trigger_sync", TRIGGER))
        executed = (await chat.next("plan.executed")).told
        deciding.join()

    head = f"{executed['audit_head']['number']}:{executed['audit_head']['hash']}"
    verified = await run_sync(lambda: desk.command("audit", "verify", "--head", head))
    assert executed["outcomes"][0]["job_id"] == done["results"][0]["job_id"]
    assert verified.returncode == 0, verified.stderr


@pytest.mark.ci
async def test_a_form_is_no_news_to_approvers_but_its_outcome_is(desk: Desk) -> None:
    async with told(desk, Person(APPROVE)) as chat:
        await chat.client.call_tool("trigger_sync", TRIGGER)
        approved = (await chat.next("plan.approved")).told
        await chat.next("plan.executed")

    assert approved["evidence"] == "elicited"
    assert approved["approver"].startswith("the person at the client")


@pytest.mark.ci
async def test_a_no_on_a_terminal_is_told_although_the_command_ends_right_away(desk: Desk) -> None:
    async with told(desk) as chat:
        plan_id = data_of(await chat.client.call_tool("trigger_sync", TRIGGER))["plan_id"]
        environment = desk.environment | settings_for(chat.receiver)
        command = ("approvals", "deny", plan_id, "--reason", "month-end close")
        await run_sync(lambda: at_a_terminal(environment, *command, prompt="?", types=[]))
        denied = (await chat.next("plan.denied")).told

    assert denied["plan_id"] == plan_id
    assert denied["note"] == "month-end close"
    assert denied["evidence"] == "local_terminal"


@pytest.mark.ci
async def test_the_same_plan_asked_for_again_is_told_once(desk: Desk) -> None:
    async with told(desk) as chat:
        for _ in range(3):
            await chat.client.call_tool("trigger_sync", TRIGGER)
        await chat.client.call_tool("trigger_sync", {"connections": [SLOW]})
        first, second = chat.receiver.next(), chat.receiver.next()

    assert first.told["plan_id"] != second.told["plan_id"]


async def test_what_fails_for_a_while_is_told_again_as_the_same_message(desk: Desk) -> None:
    async with told(desk) as chat:
        chat.receiver.answers = iter([500, 429, 204])
        await chat.client.call_tool("trigger_sync", TRIGGER)
        tries = [await run_sync(chat.receiver.next) for _ in range(3)]

    assert len({delivery.headers["webhook-id"] for delivery in tries}) == 1
    assert len({delivery.body for delivery in tries}) == 1
    assert all(map(is_ours, tries))


@pytest.mark.ci
async def test_a_receiver_that_never_answers_delays_no_call_and_no_end(desk: Desk) -> None:
    let_go = threading.Event()
    async with told(desk) as chat:
        chat.receiver.while_answering = lambda: let_go.wait(60)
        begun = time.monotonic()
        await chat.client.call_tool("trigger_sync", TRIGGER)
        await run_sync(chat.receiver.next)
        called = time.monotonic() - begun
    # The client has left, and the server has ended with the message on its way.
    ended = time.monotonic() - begun - called
    let_go.set()

    # Waiting for all tries would take the server half a minute.
    assert called < 20
    assert ended < 20


@pytest.mark.ci
async def test_a_receiver_that_is_not_there_is_no_error_of_the_call(desk: Desk) -> None:
    nobody = {"AIRBYTE_MCP_WEBHOOK_URL": "http://127.0.0.1:9/hooks/planted-secret-path"}
    async with connected(desk, era=Era.MUTE, settings=nobody) as client:
        waiting = data_of(await client.call_tool("trigger_sync", TRIGGER))

    assert waiting["status"] == "approval_required"


async def test_neither_the_address_nor_the_secret_of_the_webhook_is_logged(desk: Desk) -> None:
    async with told(desk, AIRBYTE_MCP_LOG_LEVEL="debug") as chat:
        chat.receiver.answers = iter([404])
        await chat.client.call_tool("trigger_sync", TRIGGER)
        await run_sync(chat.receiver.next)

    assert "The webhook answered 404" in desk.log()
    assert "planted-secret-path" not in desk.log()
    assert SECRET not in desk.log()


@pytest.mark.ci
async def test_slack_is_told_in_its_own_format(desk: Desk) -> None:
    async with told(desk, AIRBYTE_MCP_WEBHOOK_FORMAT="slack") as chat:
        plan_id = data_of(await chat.client.call_tool("trigger_sync", TRIGGER))["plan_id"]
        message = (await run_sync(chat.receiver.next)).told

    text = message["blocks"][0]["text"]
    assert message["text"] == "A change waits for a person"
    assert text["type"] == "mrkdwn"
    assert f"`{HEALTHY}`" in text["text"]
    assert f"<{PAGE}/plans/{plan_id}|Open the plan>" in text["text"]


@pytest.mark.parametrize("url", ["hooks.example.com", "ftp://hooks.example.com", "https://"])
def test_an_address_that_is_none_stops_the_start_without_being_told(desk: Desk, url: str) -> None:
    started = desk.command("serve", AIRBYTE_MCP_WEBHOOK_URL=url)

    assert started.returncode == 1
    assert "AIRBYTE_MCP_WEBHOOK_URL" in started.stderr
    assert url not in started.stderr.replace("https://hooks.example.com/approvals", "")
