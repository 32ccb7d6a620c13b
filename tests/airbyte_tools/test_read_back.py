"""What was written is read back: another value is a failure, and no answer is no success story."""

from collections.abc import AsyncGenerator, Generator
from datetime import UTC, datetime
from typing import Any

import pytest

from airbyte_answers import CONNECTION_ID, connection
from airbyte_client import (
    AsyncAirbyteClient,
    ConnectionStatus,
    ManualSchedule,
    NoAuth,
    RetryPolicy,
    StreamConfiguration,
)
from airbyte_guardrails.plans import ChangeRecord, Plan, WantedChanges
from airbyte_tools.changing import Setting
from airbyte_tools.errors import ToolFailureError
from airbyte_tools.schedules import SCHEDULE
from airbyte_tools.statuses import STATUS
from airbyte_tools.streams import STREAMS
from airbyte_tools.tool import ToolContext
from scripted_airbyte import ScriptedAirbyte, answer, scripted_airbyte

PATCH, GET = f"PATCH /connections/{CONNECTION_ID}", f"GET /connections/{CONNECTION_ID}"
OLD: dict[str, Any] = {"name": "users", "syncMode": "full_refresh_append"}
NEW: dict[str, Any] = {**OLD, "syncMode": "incremental_append", "cursorField": ["at"]}
WISHES: list[tuple[Setting[Any], Any, dict[str, object]]] = [
    (SCHEDULE, ManualSchedule(), {"schedule": {"scheduleType": "manual"}}),
    (STATUS, ConnectionStatus.INACTIVE, {"status": "inactive"}),
    (STREAMS, (StreamConfiguration(NEW),), {"configurations": {"streams": [NEW]}}),
]
SETTINGS = pytest.mark.parametrize(
    ("setting", "wanted", "shown"), WISHES, ids=["schedule", "status", "streams"]
)
BEFORE: dict[str, object] = {
    "status": "active",
    "schedule": {"scheduleType": "cron", "cronExpression": "0 0 2 * * ? UTC"},
    "configurations": {"streams": [OLD]},
}


class NoPlans:
    """A session that has made none."""

    async def get(self, plan_id: str) -> Plan:
        raise AssertionError(plan_id)

    async def changes(self, wanted: WantedChanges) -> list[ChangeRecord]:
        raise AssertionError(wanted)

    async def change(self, plan_id: str) -> ChangeRecord:
        raise AssertionError(plan_id)


async def nobody_listens(done: float, total: float | None, words: str) -> None:
    """Progress that nobody asked for."""


@pytest.fixture
def server() -> Generator[ScriptedAirbyte]:
    with scripted_airbyte() as server:
        server.on(PATCH, answer(connection()))
        yield server


@pytest.fixture
async def context(server: ScriptedAirbyte) -> AsyncGenerator[ToolContext]:
    async with AsyncAirbyteClient(server.base_url, auth=NoAuth(), retries=RetryPolicy(attempts=1)) as client:
        yield ToolContext(
            client=client,
            plans=NoPlans(),
            now=lambda: datetime(2026, 11, 23, tzinfo=UTC),
            default_workspace=None,
            timezone="UTC",
            progress=nobody_listens,
            where_to_approve=lambda _plan: "",
        )


@SETTINGS
async def test_what_reads_as_it_was_written_is_done(
    server: ScriptedAirbyte,
    context: ToolContext,
    setting: Setting[Any],
    wanted: object,
    shown: dict[str, object],
) -> None:
    server.on(GET, answer(connection(**BEFORE | shown)))

    done = await setting.set(context, CONNECTION_ID, wanted)

    assert " now " in done.message
    assert len(server.effects) == 1


@SETTINGS
async def test_what_reads_as_before_is_a_failure_that_says_what_is_there(
    server: ScriptedAirbyte,
    context: ToolContext,
    setting: Setting[Any],
    wanted: object,
    shown: dict[str, object],
) -> None:
    del shown
    server.on(GET, answer(connection(**BEFORE)))

    with pytest.raises(ToolFailureError, match=r"Airbyte accepted .*(02:00|active|full_refresh_append)"):
        await setting.set(context, CONNECTION_ID, wanted)


@SETTINGS
async def test_what_cannot_be_read_back_is_not_said_to_be_so(
    server: ScriptedAirbyte,
    context: ToolContext,
    setting: Setting[Any],
    wanted: object,
    shown: dict[str, object],
) -> None:
    del shown
    server.on(GET, answer({}, 503))

    done = await setting.set(context, CONNECTION_ID, wanted)

    assert done.message.startswith("Airbyte accepted it; it could not be read back:")
