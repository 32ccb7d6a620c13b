"""What a person asks, in one call: found by id, name, part of a name or address; short answers that say what is cut."""

from typing import Any

import pytest

from harness import FAILING, HEALTHY, PAUSED, SLOW, Desk, Person, connected, data_of, text_of

DEFAULT_WORKSPACE = "a1b2c3d4-e5f6-7890-abcd-ef1234567890"


async def test_one_connection_is_found_by_everything_that_people_type(desk: Desk) -> None:
    identity = desk.sandbox.connection(HEALTHY)["connectionId"]
    typed = [
        identity,
        identity.upper(),
        HEALTHY,
        "  orders TO warehouse ",
        "orders to",
        f"https://cloud.airbyte.com/workspaces/{DEFAULT_WORKSPACE}/connections/{identity}/timeline",
        f"http://localhost:8000/workspaces/x/connections/{identity}",
    ]
    async with connected(desk) as client:
        found = [data_of(await client.call_tool("get_connection", {"connection": text})) for text in typed]

    assert {connection["connection_id"] for connection in found} == {identity}
    assert found[0]["last_job"]["status"] == "succeeded"
    assert [stream["name"] for stream in found[0]["streams"]] == ["orders", "customers"]
    assert len(found[0]["next_runs"]) == 3
    assert all(run.endswith("T02:00:00Z") for run in found[0]["next_runs"])


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({"status": "inactive"}, [PAUSED]),
        ({"name_contains": "ORDERS"}, [HEALTHY]),
        ({"name_contains": "usage", "workspace": "marketing"}, ["Product usage to warehouse"]),
        ({"workspace": DEFAULT_WORKSPACE, "name_contains": "clickstream"}, [SLOW]),
        ({"name_contains": "no such name"}, []),
    ],
    ids=str,
)
async def test_connections_are_filtered(desk: Desk, filters: dict[str, Any], names: list[str]) -> None:
    async with connected(desk) as client:
        told = data_of(await client.call_tool("list_connections", filters))

    assert [row["name"] for row in told["connections"]] == names
    assert told["total"] == len(names)


async def test_a_long_list_comes_in_pages_that_together_hold_all(desk: Desk) -> None:
    seen: list[str] = []
    arguments: dict[str, Any] = {"limit": 4}
    async with connected(desk) as client:
        while True:
            page = data_of(await client.call_tool("list_connections", arguments))
            seen += [row["connection_id"] for row in page["connections"]]
            if "next_cursor" not in page:
                break
            arguments["cursor"] = page["next_cursor"]
        everything = data_of(await client.call_tool("list_connections", {}))

    assert seen == [row["connection_id"] for row in everything["connections"]]
    assert len(set(seen)) == everything["total"] > 8


async def test_jobs_come_newest_first_and_in_pages(desk: Desk) -> None:
    async with connected(desk) as client:
        first = data_of(await client.call_tool("list_jobs", {"limit": 5}))
        second = data_of(await client.call_tool("list_jobs", {"limit": 5, "cursor": first["next_cursor"]}))

    ids = [job["job_id"] for job in first["jobs"] + second["jobs"]]
    started = [job["started_at"] for job in first["jobs"] + second["jobs"]]
    assert started == sorted(started, reverse=True)
    assert len(set(ids)) == 10


async def test_jobs_are_filtered_by_connection_status_and_time(desk: Desk) -> None:
    connection = desk.sandbox.connection(FAILING)["connectionId"]
    async with connected(desk) as client:
        failed = data_of(await client.call_tool("list_jobs", {"connection": FAILING, "status": "failed"}))
        none = data_of(await client.call_tool("list_jobs", {"since": "2999-01-01T00:00:00Z"}))

    assert failed["jobs"]
    assert {(job["connection_id"], job["status"]) for job in failed["jobs"]} == {(connection, "failed")}
    assert none["jobs"] == []


async def test_a_failed_job_says_why(desk: Desk) -> None:
    async with connected(desk) as client:
        jobs = data_of(await client.call_tool("list_jobs", {"connection": FAILING, "status": "failed"}))[
            "jobs"
        ]
        result = await client.call_tool("get_job", {"job_id": jobs[0]["job_id"]})

    (failure,) = data_of(result)["failures"]
    assert (failure["origin"], failure["type"]) == ("source", "config_error")
    assert "API key has expired" in text_of(result)


async def test_unknown_counts_are_left_out_never_zero(desk: Desk) -> None:
    job = desk.sandbox.start_job(desk.sandbox.connection(SLOW)["connectionId"])
    async with connected(desk) as client:
        result = await client.call_tool("get_job", {"job_id": job})

    assert "rows" not in data_of(result)["job"]
    assert "unknown rows" in text_of(result)


async def test_the_operators_workspace_bounds_what_is_listed(desk: Desk) -> None:
    async with connected(desk, settings={"AIRBYTE_WORKSPACE_ID": DEFAULT_WORKSPACE}) as client:
        told = data_of(await client.call_tool("list_connections", {}))

    assert {row["workspace_id"] for row in told["connections"]} == {DEFAULT_WORKSPACE}


async def test_a_connection_outside_the_operators_workspace_is_refused(desk: Desk) -> None:
    elsewhere = desk.sandbox.connection("Ad spend to warehouse")["connectionId"]
    person = Person()
    async with connected(desk, person=person, settings={"AIRBYTE_WORKSPACE_ID": DEFAULT_WORKSPACE}) as client:
        refused = await client.call_tool("trigger_sync", {"connections": [elsewhere]})

    assert "AIRBYTE_WORKSPACE_ID" in text_of(refused)
    assert person.questions == []


async def test_reading_never_opens_the_store(desk: Desk) -> None:
    async with connected(desk) as client:
        for tool in ("list_workspaces", "list_connections", "list_jobs"):
            data_of(await client.call_tool(tool, {}))

    assert not (desk.folder / "data").exists()


async def test_the_structured_answer_fits_the_published_schema_and_the_text_is_not_its_json(
    desk: Desk,
) -> None:
    async with connected(desk) as client:
        # The SDK's client checks structured content against the output schema of each listed tool.
        await client.list_tools()
        for tool in ("list_workspaces", "list_connections", "list_jobs"):
            result = await client.call_tool(tool, {})
            assert data_of(result)
            assert "{" not in text_of(result)
