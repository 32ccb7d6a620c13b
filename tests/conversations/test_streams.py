"""Changing streams one by one: the others go back over the wire exactly as they came."""

import json
from typing import Any

import pytest
from mcp_types import ElicitResult

from harness import HEALTHY, Desk, Person, connected, data_of, text_of

pytestmark = pytest.mark.ci

WEB = "Web events to lake"


def as_sent(streams: list[Any]) -> list[Any]:
    """Streams as Airbyte takes them back: it refuses its own empty list of selected fields."""
    return [{k: v for k, v in s.items() if not (k == "selectedFields" and v == [])} for s in streams]


async def change(client: Any, *wishes: dict[str, Any], connection: str = HEALTHY) -> Any:
    """Call update_streams."""
    return await client.call_tool("update_streams", {"connection": connection, "streams": list(wishes)})


async def test_one_stream_changes_and_the_others_are_sent_byte_for_byte(desk: Desk) -> None:
    person = Person()
    before = desk.sandbox.connection(HEALTHY)
    orders, customers = before["configurations"]["streams"]
    async with connected(desk, person=person) as client:
        told = data_of(await change(client, {"stream": "Orders", "sync_mode": "incremental_deduped_history"}))
        again = data_of(
            await change(client, {"stream": "orders", "sync_mode": "incremental_deduped_history"})
        )

    (question,) = person.questions
    assert (
        'stream "orders": incremental_append, cursor updated_at, key id'
        " -> incremental_deduped_history, cursor updated_at, key id"
    ) in question
    assert "Other streams, which stay exactly as they are: 1." in question
    assert "Warning: A new way of telling duplicates" in question
    assert '"customers"' not in question
    assert told["status"] == "executed"
    assert again["status"] == "nothing_to_do"
    (effect,) = desk.sandbox.effects()
    sent = as_sent([orders | {"syncMode": "incremental_deduped_history"}, customers])
    assert json.dumps(effect.body) == json.dumps({"configurations": {"streams": sent}})


async def test_a_mode_that_overwrites_is_high_risk(desk: Desk) -> None:
    person = Person(ElicitResult(action="accept", content={"decision": "approve", "confirm_name": HEALTHY}))
    async with connected(desk, person=person) as client:
        told = data_of(await change(client, {"stream": "orders", "sync_mode": "full_refresh_overwrite"}))

    (question,) = person.questions
    assert "Risk: high" in question
    assert f'Cannot be undone: what "{HEALTHY}" wrote before in stream "orders"' in question
    assert told["status"] == "executed"


async def test_an_added_stream_that_overwrites_is_high_risk(desk: Desk) -> None:
    person = Person()
    async with connected(desk, person=person) as client:
        out = data_of(await change(client, {"stream": "customers", "selected": False}))
        back = data_of(
            await change(
                client, {"stream": "customers", "selected": True, "sync_mode": "full_refresh_overwrite"}
            )
        )

    assert (out["status"], back["status"]) == ("executed", "denied")
    assert "Risk: high" in person.questions[1]
    assert (
        'Cannot be undone: what may already lie in the destination for stream "customers": the next sync'
        " replaces it"
    ) in person.questions[1]
    assert person.forms[1]["required"] == ["decision", "confirm_name"]
    assert len(desk.sandbox.effects()) == 1


async def test_a_new_cursor_warns_and_a_stream_is_taken_out_and_added_again(desk: Desk) -> None:
    person = Person()
    async with connected(desk, person=person) as client:
        out = data_of(
            await change(
                client,
                {"stream": "orders", "cursor": "id"},
                {"stream": "customers", "selected": False},
            )
        )
        bare = await change(client, {"stream": "customers", "selected": True})
        back = data_of(
            await change(
                client,
                {"stream": "customers", "selected": True, "sync_mode": "incremental_append"},
            )
        )

    assert (out["status"], back["status"]) == ("executed", "executed")
    assert "To add it give selected=true and sync_mode" in text_of(bare)
    first, second = person.questions
    assert 'Warning: A new cursor for "orders"' in first
    assert 'stream "customers": incremental_deduped_history, cursor updated_at, key id -> not synced' in first
    assert 'Warning: "customers" is no longer synced: its rows stay' in first
    assert 'stream "customers": not synced -> incremental_append, cursor updated_at' in second
    _, again = desk.sandbox.effects()
    assert again.body["configurations"]["streams"][1] == {
        "name": "customers",
        "syncMode": "incremental_append",
        "cursorField": ["updated_at"],
    }


WRONG: list[tuple[list[dict[str, Any]], list[str]]] = [
    ([{"stream": "orderz", "sync_mode": "incremental_append"}], ['"orderz"', 'The nearest: "orders"']),
    ([{"stream": "orders", "sync_mode": "weekly"}], ['as "weekly"', "incremental_append"]),
    ([{"stream": "orders", "cursor": "updatet_at"}], ['no field "updatet_at"', '"updated_at"']),
    ([{"stream": "orders", "primary_key": ["amount"]}], ["its source declares: id"]),
    (
        [{"stream": "orders", "cursor": "id", "sync_mode": "full_refresh_append"}],
        ["has no cursor in mode"],
    ),
    ([{"stream": "orders", "selected": False, "cursor": "id"}], ["taken out and changed at once"]),
    ([{"stream": "orders", "cursor": "id"}, {"stream": "ORDERS", "cursor": "id"}], ["named twice"]),
    (
        [{"stream": "orders", "selected": False}, {"stream": "customers", "selected": False}],
        ["no stream", "set_connection_status"],
    ),
    ([{"stream": "orders"}, {"straem": "customers"}], ["straem"]),
    ([], ["at least 1"]),
]


async def test_each_way_to_be_wrong_says_what_to_do(desk: Desk) -> None:
    async with connected(desk) as client:
        for wishes, said in WRONG:
            refused = await change(client, *wishes)
            assert refused.is_error, wishes
            assert [words for words in said if words not in text_of(refused)] == [], wishes

    assert desk.sandbox.effects() == []


async def test_a_stream_that_moved_during_the_question_makes_the_plan_stale(desk: Desk) -> None:
    connection = desk.sandbox.connection(HEALTHY)
    orders, customers = as_sent(connection["configurations"]["streams"])
    moved = {"streams": [orders, customers | {"syncMode": "incremental_append"}]}

    def overtake() -> None:
        desk.sandbox.patch(connection["connectionId"], {"configurations": moved})

    async with connected(desk, person=Person(meanwhile=overtake)) as client:
        told = data_of(await change(client, {"stream": "orders", "sync_mode": "full_refresh_append"}))

    assert told["status"] == "stale"
    assert len(desk.sandbox.effects()) == 1


async def test_where_airbyte_cannot_say_what_the_source_offers_the_plan_says_so(desk: Desk) -> None:
    person = Person()
    desk.sandbox.plant_fault({"kind": "status", "status": 404, "path": "*/streams", "times": 20})
    async with connected(desk, person=person) as client:
        told = data_of(await change(client, {"stream": "orders", "sync_mode": "full_refresh_append"}))
        refused = await change(
            client, {"stream": "orders", "sync_mode": "incremental_append", "cursor": "no"}
        )

    assert told["status"] == "executed"
    assert "Warning: This Airbyte does not tell what the source supports" in person.questions[0]
    assert data_of(refused)["status"] == "failed"
    assert "Invalid cursor field for stream: orders" in text_of(refused)
