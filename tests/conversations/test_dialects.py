"""Every tool does its work against both dialects of Airbyte: today's server and the reference document."""

from collections.abc import Generator
from typing import Any

import pytest
from mcp_types import ElicitResult

from airbyte_mcp_server.server import listed_tools
from harness import FAILING, HEALTHY, SLOW, Desk, running_sandbox
from talk import Talk, talking

pytestmark = pytest.mark.ci

DIALECTS = ("current", "reference")


@pytest.fixture(scope="module", params=DIALECTS)
def talk(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Generator[tuple[Talk, Desk]]:
    folder = tmp_path_factory.mktemp(request.param)
    with (
        running_sandbox(folder / "data", options=["--dialect", request.param]) as sandbox,
        talking(Desk(sandbox, folder)) as begun,
    ):
        yield begun, Desk(sandbox, folder)


def test_every_tool_answers(talk: tuple[Talk, Desk]) -> None:
    """One chat that needs each tool once, in an order in which each has something to do."""
    chat, desk = talk
    failing = desk.sandbox.connection(FAILING)["connectionId"]
    failed = desk.sandbox.start_job(failing)
    desk.sandbox.ended_job(failed)
    last = chat.ask("list_jobs", connection=HEALTHY)["jobs"][0]["job_id"]
    stream = desk.sandbox.connection(HEALTHY)["configurations"]["streams"][0]["name"]

    assert chat.ask("sync_report")["problems"][0]["name"] == FAILING
    assert chat.ask("check_sync_status", connection=FAILING)["condition"] == "failing"
    assert chat.ask("list_workspaces")["workspaces"]
    assert chat.ask("list_connections")["total"] == 11
    assert chat.ask("get_connection", connection=HEALTHY)["streams"]
    assert chat.ask("get_job", job_id=failed)["job"]["status"] == "failed"
    assert chat.ask("wait_for_job", job_id=last)["finished"] is True
    assert chat.ask("get_source", source=chat.ask("list_sources")["items"][0]["id"])["name"]
    assert chat.ask("get_destination", destination=chat.ask("list_destinations")["items"][0]["id"])["name"]
    assert chat.ask("preview_schedule", schedule="every 6 hours")["possible"] is True
    scheduled = done(chat, "update_schedule", connections=[HEALTHY], every_hours=6)
    assert chat.ask("get_plan", plan_id=scheduled)["status"] == "executed"
    assert chat.ask("apply_plan", plan_id=scheduled)["status"] == "executed"
    assert chat.ask("list_changes")["changes"][0]["plan_id"] == scheduled
    done(chat, "undo_change", plan_id=scheduled)
    done(chat, "set_connection_status", connections=[HEALTHY], status="inactive")
    done(chat, "set_connection_status", connections=[HEALTHY], status="active")
    chat.will_answer(typed(HEALTHY))
    done(
        chat,
        "update_streams",
        connection=HEALTHY,
        streams=[{"stream": stream, "sync_mode": "full_refresh_overwrite"}],
    )
    assert chat.ask("trigger_sync", connections=[HEALTHY], wait_seconds=60)["status"] == "executed"
    done(chat, "clear_connection", connection=HEALTHY)
    chat.will_answer(typed(SLOW))
    (started,) = chat.ask("trigger_sync", connections=[SLOW])["results"]
    done(chat, "cancel_job", job_id=started["job_id"])

    assert set(chat.calls) == {tool.name for tool in listed_tools()}


def done(chat: Talk, tool: str, **arguments: Any) -> str:
    """Make a change and return its plan."""
    changed = chat.ask(tool, **arguments)
    assert changed["status"] == "executed", changed
    plan_id: str = changed["plan_id"]
    return plan_id


def typed(name: str) -> ElicitResult:
    """A yes that also types what a dangerous change asks for."""
    return ElicitResult(action="accept", content={"decision": "approve", "confirm_name": name})
