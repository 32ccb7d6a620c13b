"""Taking changes back: from exactly what they left, and honestly where there is no way back."""

import json
from typing import Any

import httpx
import pytest
from mcp_types import ElicitResult

from faulty_proxy import Fault, faulty_proxy
from harness import APPROVE, HEALTHY, SLOW, Desk, Person, connected, data_of, text_of

pytestmark = pytest.mark.ci

BASIC = "Support tickets to warehouse"
WEB = "Web events to lake"


async def test_a_schedule_is_taken_back_and_the_taking_back_too(desk: Desk) -> None:
    person = Person()
    before = desk.sandbox.connection(HEALTHY)["schedule"]
    async with connected(desk, person=person) as client:
        changed = data_of(
            await client.call_tool("update_schedule", {"connections": [HEALTHY], "every_hours": 6})
        )
        undone = data_of(await client.call_tool("undo_change", {"plan_id": changed["plan_id"]}))
        at_first = desk.sandbox.connection(HEALTHY)["schedule"]
        again = data_of(await client.call_tool("undo_change", {"plan_id": changed["plan_id"]}))
        redone = data_of(await client.call_tool("undo_change", {"plan_id": undone["plan_id"]}))

    assert [r["status"] for r in (undone, again, redone)] == ["executed", "nothing_to_do", "executed"]
    assert person.questions[1].startswith("Undo update_schedule of 2")
    assert "schedule: Every 6 hours (UTC) -> At 02:00 (UTC)" in person.questions[1]
    assert at_first == before
    assert [effect.body["schedule"]["cronExpression"] for effect in desk.sandbox.effects()] == [
        "0 0 0/6 * * ?",
        "0 0 2 * * ?",
        "0 0 0/6 * * ?",
    ]


async def test_statuses_of_several_are_taken_back_each_with_its_outcome(desk: Desk) -> None:
    person = Person()
    async with connected(desk, person=person) as client:
        paused = data_of(
            await client.call_tool(
                "set_connection_status", {"connections": [HEALTHY, SLOW, WEB], "status": "inactive"}
            )
        )
        desk.sandbox.patch(desk.sandbox.connection(SLOW)["connectionId"], {"status": "active"})
        undone = data_of(await client.call_tool("undo_change", {"plan_id": paused["plan_id"]}))

    # One was resumed behind our back already: nothing to do there.
    assert [(r["name"], r["status"]) for r in undone["results"]] == [(HEALTHY, "executed"), (WEB, "executed")]
    assert person.questions[1].count("status: inactive -> active") == 2
    assert {desk.sandbox.connection(name)["status"] for name in (HEALTHY, SLOW, WEB)} == {"active"}


async def test_streams_go_back_exactly_as_they_were(desk: Desk) -> None:
    person = Person(ElicitResult(action="accept", content={"decision": "approve", "confirm_name": HEALTHY}))
    before = desk.sandbox.connection(HEALTHY)
    wishes = [
        {"stream": "orders", "sync_mode": "full_refresh_overwrite"},
        {"stream": "customers", "selected": False},
    ]
    async with connected(desk, person=person) as client:
        changed = data_of(
            await client.call_tool("update_streams", {"connection": HEALTHY, "streams": wishes})
        )
        undone = data_of(await client.call_tool("undo_change", {"plan_id": changed["plan_id"]}))

    assert (changed["status"], undone["status"]) == ("executed", "executed")
    after = desk.sandbox.connection(HEALTHY)
    assert json.dumps(after["configurations"]) == json.dumps(before["configurations"])


async def test_what_moved_on_is_refused_with_the_difference(desk: Desk) -> None:
    healthy = desk.sandbox.connection(HEALTHY)["connectionId"]
    refusals: list[Any] = []
    async with connected(desk, person=Person()) as client:
        schedule = data_of(
            await client.call_tool("update_schedule", {"connections": [HEALTHY], "every_hours": 6})
        )
        desk.sandbox.patch(healthy, {"schedule": {"scheduleType": "manual"}})
        refusals.append(await client.call_tool("undo_change", {"plan_id": schedule["plan_id"]}))
        wish = {"stream": "orders", "sync_mode": "full_refresh_append"}
        streams = data_of(
            await client.call_tool("update_streams", {"connection": HEALTHY, "streams": [wish]})
        )
        only_customers = desk.sandbox.connection(HEALTHY)["configurations"]["streams"][1]
        kept = {k: v for k, v in only_customers.items() if k != "selectedFields"}
        desk.sandbox.patch(healthy, {"configurations": {"streams": [kept]}})
        sent = len(desk.sandbox.effects())
        refusals.append(await client.call_tool("undo_change", {"plan_id": streams["plan_id"]}))

    assert [r.is_error for r in refusals] == [True, True]
    assert "was left as Every 6 hours (UTC), and now is manual" in text_of(refusals[0])
    assert 'stream "orders" is not there' in text_of(refusals[1])
    assert len(desk.sandbox.effects()) == sent


async def test_an_airbyte_that_leaves_empty_settings_out_hides_no_later_change(desk: Desk) -> None:
    healthy = desk.sandbox.connection(HEALTHY)["connectionId"]

    def without_empty_settings() -> None:
        connection = desk.sandbox.connection(HEALTHY)
        streams = [{k: v for k, v in s.items() if v} for s in connection["configurations"]["streams"]]
        terse.instead = httpx.Response(200, json={**connection, "configurations": {"streams": streams}})

    terse = Fault("GET", f"/connections/{healthy}", before=without_empty_settings)
    wish = {"stream": "orders", "sync_mode": "full_refresh_append"}
    with faulty_proxy(desk.sandbox.url, terse) as address:
        async with connected(desk, person=Person(), settings={"AIRBYTE_API_URL": address}) as client:
            changed = data_of(
                await client.call_tool("update_streams", {"connection": HEALTHY, "streams": [wish]})
            )
            orders, customers = desk.sandbox.connection(HEALTHY)["configurations"]["streams"]
            del orders["selectedFields"]
            customers["selectedFields"] = [{"fieldPath": ["id"]}, {"fieldPath": ["updated_at"]}]
            desk.sandbox.patch(healthy, {"configurations": {"streams": [orders, customers]}})
            refused = await client.call_tool("undo_change", {"plan_id": changed["plan_id"]})

    assert changed["status"] == "executed"
    assert refused.is_error
    assert "(different: selectedFields)" in text_of(refused)
    assert desk.sandbox.connection(HEALTHY)["configurations"]["streams"][1] == customers


async def test_an_interval_schedule_cannot_come_back_and_the_nearest_cron_is_offered(desk: Desk) -> None:
    async with connected(desk, person=Person()) as client:
        changed = data_of(await client.call_tool("update_schedule", {"connections": [BASIC], "manual": True}))
        refused = await client.call_tool("undo_change", {"plan_id": changed["plan_id"]})
        nearest = data_of(
            await client.call_tool(
                "update_schedule", {"connections": [BASIC], "cron": "0 0 0 * * ?", "timezone": "UTC"}
            )
        )

    assert refused.is_error
    assert "The schedule before was: every 24 hours. Airbyte's API cannot set that." in text_of(refused)
    assert 'call update_schedule with cron "0 0 0 * * ?" and timezone UTC' in text_of(refused)
    assert nearest["status"] == "executed"
    assert len(desk.sandbox.effects()) == 2


async def test_what_started_stopped_or_deleted_something_has_no_way_back(desk: Desk) -> None:
    person = Person()
    plans: dict[str, str] = {}
    said: dict[str, str] = {}
    async with connected(desk, person=person) as client:
        started = data_of(await client.call_tool("trigger_sync", {"connections": [SLOW]}))
        job = started["results"][0]["job_id"]
        plans["trigger_sync"] = started["plan_id"]
        cancelled = data_of(await client.call_tool("cancel_job", {"job_id": job}))
        plans["cancel_job"] = cancelled["plan_id"]
        person.reply = ElicitResult(action="accept", content={"decision": "approve", "confirm_name": SLOW})
        cleared = data_of(await client.call_tool("clear_connection", {"connection": SLOW}))
        plans["clear_connection"] = cleared["plan_id"]
        sent = len(desk.sandbox.effects())
        for action, plan_id in plans.items():
            said[action] = text_of(await client.call_tool("undo_change", {"plan_id": plan_id}))
        unknown = await client.call_tool("undo_change", {"plan_id": "plan_never"})

    assert sent == len(desk.sandbox.effects()) == 3
    for action, words in said.items():
        assert words.startswith(f"{action} cannot be undone")
    assert "trigger_sync starts a new one" in said["cancel_job"]
    assert unknown.is_error


async def test_a_refused_change_and_a_foreign_connection_are_nothing_to_undo(desk: Desk) -> None:
    person = Person(ElicitResult(action="accept", content={"decision": "deny"}))
    async with connected(desk, person=person) as client:
        denied = data_of(
            await client.call_tool("update_schedule", {"connections": [HEALTHY], "every_hours": 6})
        )
        never = await client.call_tool("undo_change", {"plan_id": denied["plan_id"]})
        person.reply = APPROVE
        paused = data_of(
            await client.call_tool("set_connection_status", {"connections": [WEB], "status": "inactive"})
        )
        foreign = await client.call_tool(
            "undo_change", {"plan_id": paused["plan_id"], "connections": [HEALTHY]}
        )

    assert never.is_error
    assert f'did not change "{HEALTHY}"' in text_of(foreign)
    assert len(desk.sandbox.effects()) == 1
