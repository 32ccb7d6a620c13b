"""The demo does what it shows, with a person and without, and fails when a step did not."""

import io
from contextlib import redirect_stdout

from airbyte_client import AsyncAirbyteClient, ClientCredentials
from airbyte_mcp_server.demo.client import Assistant, Person, connected
from airbyte_mcp_server.demo.conversation import Conversation
from airbyte_mcp_server.demo.screen import Screen
from harness import CLIENT_ID, CLIENT_SECRET, HEALTHY, Desk, clean_environment
from pseudo_terminal import at_a_terminal


def test_without_a_terminal_it_says_what_to_do(desk: Desk) -> None:
    refused = desk.command("demo")

    assert refused.returncode == 1
    assert "demo --yes" in refused.stderr


def test_with_yes_every_step_happens_and_it_says_that_nobody_was_asked(desk: Desk) -> None:
    played = desk.command("demo", "--yes")

    assert played.returncode == 0, played.stdout + played.stderr
    assert played.stdout.count("  ok: ") == 5
    assert played.stdout.count("--yes was given: approving without a person") == 2
    assert "rows are in the destination" in played.stdout
    assert "At 02:00 (UTC) -> Every 6 hours (UTC)" in played.stdout


def test_a_person_who_says_yes_sees_rows_arrive() -> None:
    code, shown = at_a_terminal(clean_environment(), "demo", prompt="Approve? [y/N]", types=["y", "y"])

    assert code == 0, shown
    assert "rows  [" in shown
    assert "2,000 rows are in the destination" in shown
    assert not any("rows  [" in line and "<-" in line for line in shown.splitlines()), (
        "the bar has its own line"
    )


def test_a_person_who_says_no_sees_that_nothing_happened() -> None:
    code, shown = at_a_terminal(clean_environment(), "demo", prompt="Approve? [y/N]", types=["n", "n"])

    assert code == 0, shown
    assert "not approved, and nothing was started" in shown
    assert "not approved, and the schedule is as it was" in shown


async def test_a_step_that_did_not_do_what_it_shows_fails_the_demo(desk: Desk) -> None:
    six_hourly = {"schedule": {"scheduleType": "cron", "cronExpression": "0 0 */6 * * ?"}}
    desk.sandbox.patch(desk.sandbox.connection(HEALTHY)["connectionId"], six_hourly)
    screen = Screen()
    person = Person(screen, says_yes=True)
    credentials = ClientCredentials(CLIENT_ID, CLIENT_SECRET)
    with redirect_stdout(io.StringIO()) as shown:
        async with (
            AsyncAirbyteClient(desk.sandbox.api_url, auth=credentials) as airbyte,
            connected(desk.environment, person, desk.folder / "server.log") as client,
        ):
            went_well = await Conversation(Assistant(client, screen), airbyte, person, screen).play()

    assert not went_well
    assert "NOT OK: it was approved, but the schedule is as it was" in shown.getvalue()
