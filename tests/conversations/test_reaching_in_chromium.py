"""From the tool call to the row in the sink: a client that cannot ask, and one click in a real browser."""

from collections.abc import Generator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from anyio.from_thread import start_blocking_portal
from mcp_types import CallToolResult
from playwright.sync_api import Browser, expect

from browser_hook import browser_hook
from browsers import Window, running_chromium, window
from harness import HEALTHY, Desk, Era, client_on, data_of, stdio_wire

pytestmark = [pytest.mark.ci, pytest.mark.timeout(180)]

SECONDS = 60
WAIT = {"AIRBYTE_MCP_WAIT_SECONDS": "60"}


@pytest.fixture(scope="module")
def chromium() -> Generator[Browser]:
    with running_chromium() as browser:
        yield browser


@dataclass(frozen=True)
class Called:
    """A call that waits, the window that it opened, and the secret that opened it."""

    call: "Future[CallToolResult]"
    opened: Window
    secret: str

    @property
    def told(self) -> dict[str, Any]:
        """What the call came back with."""
        return data_of(self.call.result(SECONDS))


@contextmanager
def called(desk: Desk, chromium: Browser, tool: str, **arguments: Any) -> Generator[Called]:
    """A client that cannot ask calls a tool, and what its server opens is opened in Chromium."""
    with (
        browser_hook(desk.folder) as hook,
        stdio_wire(desk, hook.settings | WAIT) as wire,
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(client_on(wire, Era.MUTE)) as client,
    ):
        call = portal.start_task_soon(client.call_tool, tool, arguments)
        origin, _, secret = (address := hook.address()).partition("/#")
        with window(chromium, origin) as opened:
            opened.page.goto(address)
            yield Called(call, opened, secret)


def test_one_click_in_the_browser_finishes_the_very_call_and_its_rows_are_in_the_sink(
    desk: Desk, chromium: Browser
) -> None:
    connection = desk.sandbox.connection(HEALTHY)["connectionId"]
    rows = desk.sandbox.rows_in_sink(connection)
    with called(desk, chromium, "trigger_sync", connections=[HEALTHY]) as calling:
        tab = calling.opened.page
        expect(tab.get_by_text(HEALTHY)).to_be_visible()
        calling.opened.keep("local-plan")
        assert calling.secret not in tab.url
        assert not calling.call.done()
        tab.get_by_role("button", name="Approve").click()
        expect(tab.get_by_text("sync started as job")).to_be_visible()
        calling.opened.keep("local-done")
        (result,) = calling.told["results"]

    (effect,) = desk.sandbox.effects()
    assert effect.body == {"connectionId": connection, "jobType": "sync"}
    assert desk.sandbox.ended_job(result["job_id"])["job"]["status"] == "succeeded"
    assert desk.sandbox.rows_in_sink(connection) > rows


def test_high_risk_takes_the_name_typed_and_enter(desk: Desk, chromium: Browser) -> None:
    with called(desk, chromium, "clear_connection", connection=HEALTHY) as calling:
        tab = calling.opened.page
        tab.get_by_label("To approve, type").fill("something else")
        tab.get_by_role("button", name="Approve").click()
        expect(tab.get_by_text("nothing was approved")).to_be_visible()
        calling.opened.complaints.clear()  # Chromium's own note of the status 422
        assert desk.sandbox.effects() == []
        tab.get_by_label("To approve, type").fill(HEALTHY)
        tab.keyboard.press("Enter")
        expect(tab.get_by_text("Done.")).to_be_visible()

        assert calling.told["status"] == "executed"
    assert len(desk.sandbox.effects()) == 1


def test_a_no_ends_the_call_and_its_window_opens_nothing_again(desk: Desk, chromium: Browser) -> None:
    with called(desk, chromium, "trigger_sync", connections=[HEALTHY]) as calling:
        tab = calling.opened.page
        tab.get_by_label("Reason").fill("not during the month-end close")
        tab.get_by_role("button", name="Deny").click()
        expect(tab.get_by_text("Denied, nothing was changed.")).to_be_visible()
        told = calling.told
        tab.goto("/")
        expect(tab.get_by_text("only when the assistant's server opens it")).to_be_visible()

    assert told["status"] == "denied"
    assert desk.sandbox.effects() == []
