"""What this server changed: everybody's, newest first, with who asked, who approved, and the outcome."""

import pytest
from mcp_types import ElicitResult

from harness import HEALTHY, PAUSED, SLOW, Desk, Person, connected, data_of, text_of

pytestmark = pytest.mark.ci


async def test_every_change_is_listed_with_who_and_how_and_a_refused_one_is_not(desk: Desk) -> None:
    person = Person()
    job = desk.sandbox.start_job(desk.sandbox.connection(SLOW)["connectionId"])
    async with connected(desk, person=person) as client:
        await client.call_tool("cancel_job", {"job_id": job})
        scheduled = data_of(
            await client.call_tool("update_schedule", {"connections": [HEALTHY], "every_hours": 6})
        )
        await client.call_tool(
            "set_connection_status", {"connections": [HEALTHY, SLOW], "status": "inactive"}
        )
        person.reply = ElicitResult(action="accept", content={"decision": "deny"})
        await client.call_tool("update_schedule", {"connections": [PAUSED], "manual": True})
        await client.call_tool("undo_change", {"plan_id": scheduled["plan_id"]})
    # Another process is another requester.
    async with connected(desk) as client:
        result = await client.call_tool("list_changes", {})
        everything = data_of(result)
        one = data_of(await client.call_tool("list_changes", {"connection": SLOW}))
        none = await client.call_tool("list_changes", {"connection": PAUSED})
        kind = data_of(await client.call_tool("list_changes", {"action": "update_schedule"}))
        first = data_of(await client.call_tool("list_changes", {"limit": 1}))
        second = data_of(await client.call_tool("list_changes", {"limit": 1, "cursor": first["next_cursor"]}))
        pending = await client.call_tool("get_plan", {"plan_id": scheduled["plan_id"]})
        wrong = await client.call_tool("list_changes", {"action": "rename"})

    newest, oldest, cancelled = everything["changes"]
    assert [row["action"] for row in (newest, oldest, cancelled)] == [
        "set_connection_status",
        "update_schedule",
        "cancel_job",
    ]
    assert cancelled["targets"][0]["id"] == str(job)
    assert [target["name"] for target in newest["targets"]] == [HEALTHY, SLOW]
    assert newest["targets_total"] == 2
    assert oldest["plan_id"] == scheduled["plan_id"]
    assert oldest["evidence"] == "elicited"
    assert oldest["requester"].startswith("session:")
    assert oldest["requester"] in oldest["approver"]
    assert oldest["targets"][0]["told"].startswith("schedule: At 02:00 (UTC) -> Every 6 hours (UTC); the ")
    assert "approved by the person at the client" in text_of(result)
    # A job is found under its connection.
    assert one["changes"] == [newest, cancelled]
    assert text_of(none) == "Nothing was changed through this server, as far as asked."
    assert [row["action"] for row in kind["changes"]] == ["update_schedule"]
    assert (first["changes"], second["changes"]) == ([newest], [oldest])
    assert pending.is_error
    assert "There are: update_schedule" in text_of(wrong)


async def test_two_ways_to_write_the_same_times_do_not_look_the_same(desk: Desk) -> None:
    person = Person()
    async with connected(desk, person=person) as client:
        await client.call_tool(
            "update_schedule", {"connections": [HEALTHY], "cron": "0 0 2 ? * *", "timezone": "UTC"}
        )

    (line,) = [line for line in person.questions[0].splitlines() if "schedule: " in line]
    before, after = line.split("schedule: ")[1].split(" -> ")
    assert before.startswith("At 02:00 (UTC)")
    assert after.startswith("At 02:00 (UTC)")
    assert before != after
