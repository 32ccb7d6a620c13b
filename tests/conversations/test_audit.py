"""The record of a session can be listed, exported and verified; what was tampered with shows."""

import json
import sqlite3
from contextlib import closing

import pytest
from anyio.to_thread import run_sync
from mcp_types import ElicitResult

from harness import APPROVE, HEALTHY, Desk, Person, connected

TAMPERING = {
    "changed": "UPDATE audit_records SET document = replace(document, 'trigger_sync', 'list_jobs') WHERE number = 2",
    "removed": "DELETE FROM audit_records WHERE number = 2",
    "inserted": "INSERT INTO audit_records SELECT number + 100, at, kind, plan_id, document, previous_hash, hash"
    " FROM audit_records WHERE number = 2",
    "reordered": "UPDATE audit_records SET number = CASE number WHEN 2 THEN 103 WHEN 3 THEN 102 END WHERE number IN (2, 3);"
    " UPDATE audit_records SET number = number - 100 WHERE number > 100",
    "time moved": "UPDATE audit_records SET at = '2020-01-01T00:00:00.000000Z' WHERE number = 1",
    "cut off": "DELETE FROM audit_records WHERE number = (SELECT max(number) FROM audit_records)",
}


async def session_with_a_yes_and_a_no(desk: Desk) -> None:
    person = Person(APPROVE)
    async with connected(desk, person=person) as client:
        await client.call_tool("trigger_sync", {"connections": [HEALTHY]})
        person.reply = ElicitResult(action="decline")
        await client.call_tool("update_schedule", {"connections": [HEALTHY], "every_hours": 6})


async def test_every_step_of_a_change_is_on_record_and_can_be_filtered(desk: Desk) -> None:
    await session_with_a_yes_and_a_no(desk)

    def listed(*filters: str) -> list[str]:
        done = desk.command("audit", "list", *filters)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    everything = await run_sync(listed)
    assert [line.split()[3] for line in everything] == [
        "proposed",
        "decided",
        "intent",
        "outcome",
        "proposed",
        "decided",
    ]
    assert all(HEALTHY in line for line in everything)
    assert len(await run_sync(listed, "--tool", "update_schedule")) == 2
    assert len(await run_sync(listed, "--outcome", "executed")) == 1
    assert len(await run_sync(listed, "--outcome", "deny")) == 1
    assert len(await run_sync(listed, "--connection", "orders TO")) == 6
    assert len(await run_sync(listed, "--person", "the person at the client")) == 2
    assert len(await run_sync(listed, "--since", "2999-01-01")) == 0
    assert len(await run_sync(listed, "--until", "2999-01-01")) == 6


async def test_the_export_holds_every_record_and_no_secret(desk: Desk) -> None:
    await session_with_a_yes_and_a_no(desk)
    exported = await run_sync(lambda: desk.command("audit", "export"))

    records = [json.loads(line) for line in exported.stdout.splitlines()]
    assert [record["number"] for record in records] == [1, 2, 3, 4, 5, 6]
    assert records[1]["evidence"] == "elicited"
    assert (
        records[3]["outcomes"][0]["job_id"]
        == desk.sandbox.get("/api/public/v1/jobs", orderBy="createdAt|DESC")["data"][0]["jobId"]
    )
    assert "planted-" not in exported.stdout


@pytest.mark.ci
@pytest.mark.parametrize("tampering", TAMPERING.values(), ids=TAMPERING.keys())
async def test_what_was_tampered_with_shows(desk: Desk, tampering: str) -> None:
    await session_with_a_yes_and_a_no(desk)
    whole = await run_sync(lambda: desk.command("audit", "verify"))
    with closing(sqlite3.connect(desk.folder / "data" / "plans.sqlite")) as raw:
        raw.executescript(tampering)
    broken = await run_sync(lambda: desk.command("audit", "verify"))

    assert (whole.returncode, whole.stdout[:31]) == (0, "The record is whole: 6 records.")
    assert broken.returncode == 1
    assert "not whole" in broken.stderr


async def test_an_end_cut_off_together_with_its_head_shows_against_a_noted_head(desk: Desk) -> None:
    await session_with_a_yes_and_a_no(desk)
    whole = await run_sync(lambda: desk.command("audit", "verify"))
    head = whole.stdout.rsplit(" ", 1)[-1].strip()
    with closing(sqlite3.connect(desk.folder / "data" / "plans.sqlite")) as raw:
        raw.executescript(
            "DELETE FROM audit_records WHERE number > 4;"
            "UPDATE audit_head SET number = 4, hash = (SELECT hash FROM audit_records WHERE number = 4)"
        )
    without = await run_sync(lambda: desk.command("audit", "verify"))
    against = await run_sync(lambda: desk.command("audit", "verify", "--head", head))

    assert without.returncode == 0
    assert against.returncode == 1
    assert "noted" in against.stderr


def test_a_head_that_is_no_head_is_refused(desk: Desk) -> None:
    refused = desk.command("audit", "verify", "--head", "six")

    assert refused.returncode == 2
    assert "NUMBER:HASH" in refused.stderr
