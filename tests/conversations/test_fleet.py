"""The whole fleet in one call: within its budget of requests and tokens, most urgent first, and honest about gaps."""

import math
from collections.abc import Generator
from datetime import datetime
from pathlib import Path
from typing import Any

import anyio
import pytest

from airbyte_mcp_server.dispatch import Dispatch
from airbyte_mcp_server.runtime import Runtime
from airbyte_mcp_server.settings.sources import load_settings
from airbyte_tools.answers import FleetReport
from harness import (
    FAILING,
    HEALTHY,
    PAUSED,
    SLOW,
    Desk,
    Era,
    Sandbox,
    connected,
    data_of,
    running_sandbox,
    text_of,
    tokens_of,
)

MANY_CONNECTIONS, MANY_JOBS = 250, 3000


@pytest.fixture(scope="module")
def big_fleet(tmp_path_factory: pytest.TempPathFactory) -> Generator[Sandbox]:
    folder: Path = tmp_path_factory.mktemp("big") / "data"
    with running_sandbox(folder, options=["--fleet", f"{MANY_CONNECTIONS},{MANY_JOBS}"]) as sandbox:
        yield sandbox


async def test_what_failed_last_night_is_one_call_with_the_worst_first(desk: Desk) -> None:
    async with connected(desk, era=Era.MUTE) as client:
        result = await client.call_tool("sync_report", {})

    report = data_of(result)
    assert report["problems"][0]["name"] == FAILING
    assert report["problems"][0]["problem"] == "failing"
    assert sum(report["counts"].values()) == report["connections"] == 11
    assert report["counts"]["paused"] == 2
    assert PAUSED not in [problem["name"] for problem in report["problems"]]
    assert {"name": SLOW, "problem": "never_ran"}.items() <= report["problems"][-1].items()
    assert "check_sync_status" in text_of(result)


async def test_a_report_on_a_demo_fleet_takes_a_handful_of_requests(desk: Desk) -> None:
    async with connected(desk, era=Era.MUTE) as client:
        data_of(await client.call_tool("sync_report", {}))

    assert len(reads(desk.sandbox)) == 4


@pytest.mark.ci
@pytest.mark.parametrize("hours", [24, 168])
async def test_a_big_fleet_stays_within_the_budget_of_requests_and_tokens(
    big_fleet: Sandbox, tmp_path: Path, hours: int
) -> None:
    sandbox = big_fleet.from_here()
    async with connected(Desk(sandbox, tmp_path), era=Era.MUTE) as client:
        result = await client.call_tool("sync_report", {"hours": hours})

    report = data_of(result)
    assert report["connections"] == MANY_CONNECTIONS
    most = math.ceil(MANY_CONNECTIONS / 100) + math.ceil(report["jobs"] / 100) + 5
    assert len(reads(sandbox)) <= min(most, 60)
    assert not any("/connections/" in path for path in reads(sandbox)), (
        "never one request for each connection"
    )
    assert tokens_of(result) <= 1_500


async def test_a_hundred_who_ask_the_same_at_once_are_one_request(desk: Desk) -> None:
    answers: list[dict[str, Any]] = []
    # The first is held until the others are there too.
    desk.sandbox.plant_fault({"kind": "delay", "path": "/api/public/v1/jobs*", "seconds": 3, "times": 1})
    async with connected(desk, era=Era.MUTE) as client:

        async def ask() -> None:
            answers.append(data_of(await client.call_tool("list_jobs", {"limit": 5})))

        async with anyio.create_task_group() as everybody:
            for _ in range(100):
                everybody.start_soon(ask)

    assert len(answers) == 100
    assert all(answer == answers[0] for answer in answers)
    assert len(reads(desk.sandbox)) == 1


async def test_a_workspace_narrows_the_report(desk: Desk) -> None:
    async with connected(desk, era=Era.MUTE) as client:
        report = data_of(await client.call_tool("sync_report", {"workspace": "Marketing"}))

    assert report["connections"] < 11
    assert FAILING not in [problem["name"] for problem in report["problems"]]


async def test_why_it_fails_comes_with_its_kind_and_what_to_do(desk: Desk) -> None:
    async with connected(desk, era=Era.MUTE) as client:
        result = await client.call_tool("check_sync_status", {"connection": FAILING})

    status = data_of(result)
    assert (status["condition"], status["streak"]) == ("failing", 3)
    assert {"origin": "source", "type": "config_error"}.items() <= status["failures"][0].items()
    assert "API key has expired" in status["failures"][0]["message"]
    assert "running it again changes nothing" in status["advice"]
    assert tokens_of(result) <= 1_000


async def test_a_success_without_rows_is_no_news_that_all_is_well(desk: Desk) -> None:
    healthy = desk.sandbox.connection(HEALTHY)["connectionId"]
    desk.sandbox.plant_fault({"kind": "zero_rows", "connectionId": healthy})
    desk.sandbox.ended_job(desk.sandbox.start_job(healthy))
    async with connected(desk, era=Era.MUTE) as client:
        report = data_of(await client.call_tool("sync_report", {}))
        status = data_of(await client.call_tool("check_sync_status", {"connection": HEALTHY}))

    assert {"name": HEALTHY, "problem": "suspicious"} in [
        {key: problem[key] for key in ("name", "problem")} for problem in report["problems"]
    ]
    assert status["condition"] == "suspicious"
    assert "usually" in status["detail"]


async def test_what_began_in_the_second_at_hand_is_in_the_report(desk: Desk) -> None:
    healthy = desk.sandbox.connection(HEALTHY)["connectionId"]
    desk.sandbox.plant_fault({"kind": "zero_rows", "connectionId": healthy})
    job = desk.sandbox.ended_job(desk.sandbox.start_job(healthy))["job"]
    second = datetime.fromisoformat(job["startTime"])
    runtime = Runtime(load_settings({}, desk.sandbox.environment), now=lambda: second)
    report = await Dispatch(runtime).answer("sync_report", {}, "somebody")
    await runtime.aclose()

    assert isinstance(report, FleetReport)
    assert healthy in [problem.connection_id for problem in report.problems]


async def test_sources_and_destinations_are_shown_without_their_secrets(desk: Desk) -> None:
    async with connected(desk, era=Era.MUTE) as client:
        source = await client.call_tool("get_source", {"source": "HubSpot CRM"})
        destination = await client.call_tool("get_destination", {"destination": "lake"})
        postgres = data_of(await client.call_tool("list_sources", {"type": "postgres"}))

    assert data_of(source)["configuration"]["api_key"] == "***"
    assert data_of(source)["connections"] == [FAILING]
    assert data_of(destination)["configuration"]["secret_access_key"] == "***"
    assert "demo-aws-secret" not in text_of(destination)
    assert [row["name"] for row in postgres["items"]] == ["Shop database"]


async def test_two_sources_of_one_name_are_listed_to_choose_from(desk: Desk) -> None:
    async with connected(desk, era=Era.MUTE) as client:
        result = await client.call_tool("get_source", {"source": "product"})
        nothing = await client.call_tool("get_destination", {"destination": "Warehuose"})

    assert result.is_error
    assert "Ask the person which one is meant" in text_of(result)
    assert nothing.is_error
    assert '"Warehouse" =' in text_of(nothing)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"schedule": "every 6 hours"}, ["Airbyte can run this", "update_schedule with every_hours=6"]),
        (
            {"schedule": "weekdays at 7:30 Berlin"},
            ["cannot set this as it was said", "06:30 UTC", "and then at 08:30", "0 30 6 ? * MON-FRI"],
        ),
        ({"schedule": "weekdays at 7:30", "timezone": "Asia/Kolkata"}, ["0 0 2 ? * MON-FRI", "Asia/Kolkata"]),
        ({"schedule": "0 6 * * *"}, ["Unix cron", "0 0 6 * * ?"]),
        ({"schedule": "manual"}, ["manual=true"]),
    ],
    ids=str,
)
async def test_a_schedule_is_tried_before_it_is_asked_for(
    desk: Desk, arguments: dict[str, Any], told: list[str]
) -> None:
    async with connected(desk, era=Era.MUTE) as client:
        text = text_of(await client.call_tool("preview_schedule", arguments))

    assert [words for words in told if words not in text] == []
    assert desk.sandbox.effects() == []


def reads(sandbox: Sandbox) -> list[str]:
    """The paths that were read."""
    return [request.path for request in sandbox.requests()]
