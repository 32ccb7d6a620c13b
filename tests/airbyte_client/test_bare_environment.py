"""The room alone: imported and used where nothing is installed but what it needs."""

import json
import shutil
from pathlib import Path

import pytest

from airbyte_answers import CONNECTION_ID, connection, job
from environments import make_environment, run_python
from scripted_airbyte import ScriptedAirbyte, answer, page

pytestmark = [pytest.mark.ci, pytest.mark.timeout(600)]

ROOM = Path(__file__).resolve().parents[2] / "server" / "airbyte_client"
NEEDED = ("httpx", "pydantic", "croniter", "cron-descriptor", "tzdata")
PROGRAM = """
import asyncio, importlib.util, json, sys
from datetime import UTC, datetime
from airbyte_client import AirbyteClient, AsyncAirbyteClient, every, writable_cron

strangers = ("mcp", "starlette", "uvicorn", "sqlalchemy", "click", "airbyte_sandbox", "airbyte_tools")
assert not [name for name in strangers if importlib.util.find_spec(name)]

with AirbyteClient() as client:
    (connection,) = client.list_connections()
    started = client.trigger_job(connection.connection_id)
    client.update_connection(connection.connection_id, schedule=every(6))
    failed = client.explain_job(started.job_id, log_lines=3)

async def count():
    async with AsyncAirbyteClient() as client:
        return len(await client.list_connections())

nine = writable_cron("0 0 9 ? * MON-FRI", "Asia/Tokyo")
print(json.dumps({
    "name": connection.name,
    "job": started.job_id,
    "log": failed.log.lines,
    "async": asyncio.run(count()),
    "runs": [run.isoformat() for run in nine.next_runs(datetime(2026, 1, 1, tzinfo=UTC), 2)],
    "words": nine.in_words(),
}))
"""


def test_the_room_works_with_its_own_needs_alone(server: ScriptedAirbyte, tmp_path: Path) -> None:
    server.on("GET /connections", page(connection()))
    server.on("GET /jobs", page(job(123, status="succeeded")))
    server.on("POST /jobs", answer(job(124)))
    server.on(f"PATCH /connections/{CONNECTION_ID}", answer(connection()))
    server.on("POST /api/v1/jobs/get_without_logs", answer({"attempts": [{"attempt": {"id": 0}}]}))
    server.on("POST /api/v1/attempt/get_for_job", answer({"logs": {"logLines": ["done"]}}))
    python = make_environment(tmp_path / "environment", *NEEDED)
    shutil.copytree(ROOM, tmp_path / "alone" / "airbyte_client")

    told = run_python(python, PROGRAM, AIRBYTE_API_URL=server.origin, PYTHONPATH=str(tmp_path / "alone"))

    assert json.loads(told) == {
        "name": "Orders to warehouse",
        "job": 124,
        "log": ["done"],
        "async": 1,
        "runs": ["2026-01-02T00:00:00+00:00", "2026-01-05T00:00:00+00:00"],
        "words": "At 00:00, Monday through Friday (UTC)",
    }
