"""What people say to their assistant, as the calls that it takes: how many, how many tokens, and what it does.

Each test is one thing somebody says. The figures are what a model pays: a saying that suddenly takes one call
more, or twice the tokens, is a tool that has become worse.
"""

from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from mcp_types import ElicitResult

from harness import (
    AMBIGUOUS,
    FAILING,
    HEALTHY,
    PAUSED,
    SLOW,
    Desk,
    LoggedRequest,
    Sandbox,
)
from talk import Talk, talking

pytestmark = pytest.mark.ci

DENY = ElicitResult(action="accept", content={"decision": "deny"})
SUPPORT, WEB = "Support tickets to warehouse", "Web events to lake"


@pytest.fixture(scope="module")
def long_talk(shared_sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Generator[Talk]:
    """One server for all sayings."""
    folder: Path = tmp_path_factory.mktemp("talk")
    with talking(Desk(shared_sandbox, folder)) as talk:
        yield talk


@pytest.fixture
def talk(long_talk: Talk, desk: Desk) -> Talk:
    """The same server, about a fleet as it was at its start."""
    long_talk.begin_again()
    return long_talk


def assert_cost(talk: Talk, *calls: str, tokens: int) -> None:
    """What the saying took: exactly these calls, and at most so many tokens."""
    assert talk.calls == list(calls)
    assert talk.tokens <= tokens


def bodies(effects: list[LoggedRequest]) -> list[Any]:
    """What was sent to Airbyte."""
    return [effect.body for effect in effects]


def typed(name: str) -> ElicitResult:
    """A yes to something dangerous."""
    return ElicitResult(action="accept", content={"decision": "approve", "confirm_name": name})


# What is going on?


def test_what_failed_last_night(talk: Talk) -> None:
    report = talk.ask("sync_report")

    assert (report["problems"][0]["name"], report["problems"][0]["problem"]) == (FAILING, "failing")
    assert_cost(talk, "sync_report", tokens=590)


def test_and_in_marketing(talk: Talk) -> None:
    assert talk.ask("sync_report", workspace="marketing")["connections"] == 3
    assert_cost(talk, "sync_report", tokens=270)


def test_why_does_the_crm_sync_fail(talk: Talk) -> None:
    status = talk.ask("check_sync_status", connection="CRM contacts")

    assert "API key has expired" in status["failures"][0]["message"]
    assert "fix them in Airbyte" in status["advice"]
    assert_cost(talk, "check_sync_status", tokens=720)


def test_show_me_the_end_of_its_log(talk: Talk, desk: Desk) -> None:
    failing = desk.sandbox.connection(FAILING)["connectionId"]
    job = desk.sandbox.start_job(failing)
    desk.sandbox.ended_job(job)
    shown = talk.ask("get_job", job_id=job, log_lines=20)

    assert any("API key has expired" in line for line in shown["log"])
    assert_cost(talk, "get_job", tokens=390)


def test_are_the_orders_up_to_date(talk: Talk) -> None:
    assert talk.ask("check_sync_status", connection=HEALTHY)["condition"] in ("healthy", "late")
    assert_cost(talk, "check_sync_status", tokens=580)


def test_which_syncs_are_paused(talk: Talk) -> None:
    names = [row["name"] for row in talk.ask("list_connections", status="inactive")["connections"]]

    assert PAUSED in names
    assert_cost(talk, "list_connections", tokens=110)


def test_what_is_running_right_now(talk: Talk, desk: Desk) -> None:
    running = desk.sandbox.start_job(desk.sandbox.connection(SLOW)["connectionId"])
    jobs = talk.ask("list_jobs", connection=SLOW)["jobs"]

    assert [(job["job_id"], job["status"] in ("pending", "running")) for job in jobs] == [(running, True)]
    assert_cost(talk, "list_jobs", tokens=90)


def test_what_ran_since_yesterday(talk: Talk) -> None:
    since = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    jobs = talk.ask("list_jobs", since=since, limit=5)["jobs"]

    assert len(jobs) == 5
    assert_cost(talk, "list_jobs", tokens=530)


def test_when_do_the_orders_run_next(talk: Talk) -> None:
    assert talk.ask("get_connection", connection=HEALTHY)["next_runs"][0].endswith("T02:00:00Z")
    assert_cost(talk, "get_connection", tokens=370)


def test_this_one_with_a_pasted_address(talk: Talk, desk: Desk) -> None:
    identity = desk.sandbox.connection(HEALTHY)["connectionId"]
    url = f"https://cloud.airbyte.com/workspaces/x/connections/{identity}/timeline"

    assert talk.ask("check_sync_status", connection=url)["name"] == HEALTHY
    assert_cost(talk, "check_sync_status", tokens=580)


def test_how_is_the_product_usage_sync_doing_when_there_are_two(talk: Talk) -> None:
    told = talk.text("check_sync_status", connection=AMBIGUOUS)

    assert "2 connections fit" in told
    assert all(name in told for name in ('"Default Workspace"', '"Marketing"', '"Marketing warehouse"'))
    assert_cost(talk, "check_sync_status", tokens=130)


def test_a_name_with_a_slip(talk: Talk) -> None:
    assert f'"{HEALTHY}"' in talk.text("check_sync_status", connection="Ordres to warehouse")
    assert_cost(talk, "check_sync_status", tokens=150)


def test_what_do_we_load_from_postgres(talk: Talk) -> None:
    assert [row["name"] for row in talk.ask("list_sources", type="postgres")["items"]] == ["Shop database"]
    assert_cost(talk, "list_sources", tokens=80)


def test_where_does_the_lake_live_without_its_keys(talk: Talk) -> None:
    shown = talk.ask("get_destination", destination="Lake")

    assert shown["configuration"]["s3_bucket_name"] == "acme-lake"
    assert shown["configuration"]["secret_access_key"] == "***"
    assert_cost(talk, "get_destination", tokens=250)


def test_which_workspaces_are_there(talk: Talk) -> None:
    assert len(talk.ask("list_workspaces")["workspaces"]) == 2
    assert_cost(talk, "list_workspaces", tokens=100)


def test_the_sync_was_green_but_is_the_data_there(talk: Talk, desk: Desk) -> None:
    healthy = desk.sandbox.connection(HEALTHY)["connectionId"]
    desk.sandbox.plant_fault({"kind": "zero_rows", "connectionId": healthy})
    desk.sandbox.ended_job(desk.sandbox.start_job(healthy))

    assert talk.ask("check_sync_status", connection=HEALTHY)["condition"] == "suspicious"
    assert_cost(talk, "check_sync_status", tokens=610)


# Run it, stop it


def test_run_the_orders_now(talk: Talk, desk: Desk) -> None:
    (result,) = talk.ask("trigger_sync", connections=[HEALTHY])["results"]

    assert result["job_id"]
    assert len(desk.sandbox.effects()) == 1
    assert_cost(talk, "trigger_sync", tokens=150)


def test_run_it_and_tell_me_how_it_went(talk: Talk, desk: Desk) -> None:
    done = talk.text("trigger_sync", connections=[HEALTHY], wait_seconds=60)

    assert "succeeded" in done
    assert desk.sandbox.rows_in_sink(desk.sandbox.connection(HEALTHY)["connectionId"]) > 0
    assert_cost(talk, "trigger_sync", tokens=140)


def test_no_wait_do_not(talk: Talk, desk: Desk) -> None:
    talk.will_answer(DENY)

    assert talk.ask("trigger_sync", connections=[HEALTHY])["status"] == "denied"
    assert desk.sandbox.effects() == []
    assert_cost(talk, "trigger_sync", tokens=80)


def test_run_these_two_is_one_question(talk: Talk, desk: Desk) -> None:
    results = talk.ask("trigger_sync", connections=[HEALTHY, SUPPORT])["results"]

    assert [result["status"] for result in results] == ["executed", "executed"]
    assert len(talk.person.questions) == 1
    assert len(desk.sandbox.effects()) == 2
    assert_cost(talk, "trigger_sync", tokens=230)


def test_run_it_although_it_runs_already(talk: Talk, desk: Desk) -> None:
    running = desk.sandbox.start_job(desk.sandbox.connection(SLOW)["connectionId"])
    told = talk.text("trigger_sync", connections=[SLOW])

    assert f"job {running} is" in told
    assert talk.person.questions == []
    assert len(desk.sandbox.effects()) == 1, "only the one that was started behind the server's back"
    assert_cost(talk, "trigger_sync", tokens=80)


def test_stop_the_backfill(talk: Talk, desk: Desk) -> None:
    running = desk.sandbox.start_job(desk.sandbox.connection(SLOW)["connectionId"])
    found = talk.ask("list_jobs", connection=SLOW, limit=1)["jobs"][0]["job_id"]
    talk.ask("cancel_job", job_id=found)

    desk.sandbox.ended_job(running)
    assert desk.sandbox.job(running)["status"] == "cancelled"
    assert [effect.method for effect in desk.sandbox.effects()] == ["POST", "DELETE"]
    assert_cost(talk, "list_jobs", "cancel_job", tokens=180)


def test_stop_a_job_that_is_over(talk: Talk, desk: Desk) -> None:
    last = talk.ask("get_connection", connection=HEALTHY)["last_job"]["job_id"]
    told = talk.text("cancel_job", job_id=last)

    assert "ended" in told or "succeeded" in told
    assert desk.sandbox.effects() == []
    assert_cost(talk, "get_connection", "cancel_job", tokens=460)


def test_wipe_what_it_wrote_and_start_over(talk: Talk, desk: Desk) -> None:
    talk.will_answer(typed(HEALTHY))
    done = talk.ask("clear_connection", connection=HEALTHY)

    assert done["status"] == "executed"
    assert len(desk.sandbox.effects()) == 1
    assert desk.sandbox.effects()[0].body["jobType"] in ("clear", "reset")
    assert_cost(talk, "clear_connection", tokens=150)


def test_wipe_it_with_a_bare_click_is_not_enough(talk: Talk, desk: Desk) -> None:
    assert talk.ask("clear_connection", connection=HEALTHY)["status"] == "denied"
    assert desk.sandbox.effects() == []
    assert_cost(talk, "clear_connection", tokens=90)


# Change how it runs


def test_make_it_six_hourly(talk: Talk, desk: Desk) -> None:
    talk.ask("update_schedule", connections=[HEALTHY], every_hours=6)

    assert bodies(desk.sandbox.effects()) == [
        {"schedule": {"scheduleType": "cron", "cronExpression": "0 0 0/6 * * ?"}}
    ]
    assert_cost(talk, "update_schedule", tokens=120)


def test_weekdays_at_half_past_seven_in_berlin(talk: Talk, desk: Desk) -> None:
    tried = talk.ask("preview_schedule", schedule="weekdays at 7:30 Berlin")
    talk.ask("update_schedule", connections=[HEALTHY], cron="0 30 6 ? * MON-FRI", timezone="UTC")

    assert tried["possible"] is False
    assert "and then at 08:30" in tried["note"]
    assert len(desk.sandbox.effects()) == 1
    assert_cost(talk, "preview_schedule", "update_schedule", tokens=590)


def test_every_five_hours(talk: Talk) -> None:
    assert "every 4 or 6 hours" in talk.text("preview_schedule", schedule="every 5 hours")
    assert_cost(talk, "preview_schedule", tokens=30)


def test_pause_it_for_the_migration_and_resume_it(talk: Talk, desk: Desk) -> None:
    talk.ask("set_connection_status", connections=[HEALTHY, SUPPORT], status="inactive")
    talk.ask("set_connection_status", connections=[HEALTHY, SUPPORT], status="active")

    assert bodies(desk.sandbox.effects()) == [
        {"status": "inactive"},
        {"status": "inactive"},
        {"status": "active"},
        {"status": "active"},
    ]
    assert_cost(talk, "set_connection_status", "set_connection_status", tokens=360)


def test_load_only_new_orders(talk: Talk, desk: Desk) -> None:
    before = desk.sandbox.connection(SUPPORT)["configurations"]["streams"]
    stream = before[0]["name"]
    talk.will_answer(typed(SUPPORT))
    talk.ask(
        "update_streams", connection=SUPPORT, streams=[{"stream": stream, "sync_mode": "full_refresh_append"}]
    )

    (effect,) = desk.sandbox.effects()
    sent = effect.body["configurations"]["streams"]
    assert sent[0]["syncMode"] == "full_refresh_append"
    assert sent[1:] == before[1:]
    assert_cost(talk, "update_streams", tokens=130)


def test_take_that_back(talk: Talk, desk: Desk) -> None:
    before = desk.sandbox.connection(HEALTHY)["schedule"]
    changed = talk.ask("update_schedule", connections=[HEALTHY], every_hours=12)
    talk.ask("undo_change", plan_id=changed["plan_id"])

    assert desk.sandbox.connection(HEALTHY)["schedule"] == before
    assert_cost(talk, "update_schedule", "undo_change", tokens=240)


def test_what_did_you_change(talk: Talk) -> None:
    changed = talk.ask("update_schedule", connections=[SUPPORT], every_hours=8)
    newest = talk.ask("list_changes", limit=1)["changes"][0]

    assert newest["plan_id"] == changed["plan_id"]
    assert newest["action"] == "update_schedule"
    assert_cost(talk, "update_schedule", "list_changes", tokens=410)


def test_follow_it_until_it_ends(talk: Talk, desk: Desk) -> None:
    job = desk.sandbox.start_job(desk.sandbox.connection(WEB)["connectionId"])
    watched = talk.ask("wait_for_job", job_id=job, wait_seconds=60)

    assert watched["finished"] is True
    assert_cost(talk, "wait_for_job", tokens=100)
