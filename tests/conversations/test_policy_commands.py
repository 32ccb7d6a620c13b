"""`policy check` says in words what a file does, `policy explain` which rule decides a call."""

import pytest
from click.testing import CliRunner, Result

from airbyte_mcp_server.cli.command import command
from harness import HEALTHY, Desk

pytestmark = pytest.mark.ci

CONNECTION = "9924bcd0-99be-453d-ba47-c2c9766f7da5"
WORKSPACE = "5ae6b09b-fdec-41af-aaf7-7d94cfc33ef6"
RULES = f"""
[[rule]]
name = "Clear needs two"
action = "clear_connection"
answer = "confirm"
second_person = true

[[rule]]
name = "Office hours"
workspace = "{WORKSPACE}"
answer = "confirm"
window = {{ days = "mon-fri", from = "08:00", to = "18:00", zone = "Europe/Berlin" }}

[[rule]]
name = "Free syncs"
action = "trigger_sync"
answer = "allow"
rate = {{ at_most = 5, in = "1h" }}

[[rule]]
name = "Never reached"
action = "trigger_sync"
connection = "{CONNECTION}"
answer = "deny"
"""


@pytest.fixture
def policy(desk: Desk) -> str:
    file = desk.folder / "policy.toml"
    file.write_text(RULES)
    return str(file)


def test_check_says_what_each_rule_does_and_what_may_not_be_meant(desk: Desk, policy: str) -> None:
    checked = desk.command("policy", "check", policy)

    assert checked.returncode == 0
    assert "1. Clear needs two\n   clear_connection: needs a yes from a second person" in checked.stdout
    assert "only mon-fri from 08:00 to 18:00 (Europe/Berlin), at other times it is denied" in checked.stdout
    assert (
        "is done without asking a person; at high risk a person is asked; at most 5 each hour"
        in checked.stdout
    )
    assert "Anything else: a person is asked." in checked.stdout
    assert 'Warning: "Never reached" is never reached: "Free syncs" comes first' in checked.stdout
    assert "over stdio nobody is" in checked.stdout
    assert "can be changed by the user who runs this command" in checked.stdout


def test_check_refuses_what_a_start_would_refuse(desk: Desk) -> None:
    file = desk.folder / "policy.toml"
    file.write_text('[[rule]]\nname = "x"\nanswer = "permit"\n')
    refused = desk.command("policy", "check", str(file))

    assert refused.returncode == 1
    assert "'permit' is none of allow, confirm, deny" in refused.stderr


def run(desk: Desk, *arguments: str) -> Result:
    """The command in this process: starting one for each case would take most of the time."""
    return CliRunner(env=desk.environment).invoke(command, ["policy", "explain", *arguments])


def explained(desk: Desk, policy: str, *arguments: str) -> str:
    """What the command says of a call."""
    said = run(desk, *arguments, "--policy-file", policy)
    assert said.exit_code == 0, said.output
    return said.stdout


def test_explain_names_the_deciding_rule_and_why_the_others_are_passed_over(desk: Desk, policy: str) -> None:
    call = ("trigger_sync", f'{{"connections": ["{HEALTHY}"]}}')
    said = desk.command("policy", "explain", *call, "--policy-file", policy).stdout

    assert f'trigger_sync on connection "{HEALTHY}"' in said
    assert '1. "Clear needs two" is passed over: its action is another.' in said
    assert '2. "Office hours" is passed over: its workspace is another.' in said
    assert '3. "Free syncs" decides.' in said
    assert 'Answer: allow by rule "Free syncs".' in said
    assert "4." not in said
    assert desk.sandbox.effects() == []


@pytest.mark.parametrize(
    ("given", "answer"),
    [
        (["--workspace", WORKSPACE, "--at", "2026-11-23T12:00"], 'Answer: confirm by rule "Office hours"'),
        (["--workspace", WORKSPACE, "--at", "2026-11-28T12:00"], 'Answer: deny by rule "Office hours"'),
        (["--workspace", WORKSPACE, "--at", "2026-11-23T07:30Z"], 'Answer: confirm by rule "Office hours"'),
        (["--workspace", CONNECTION], 'Answer: allow by rule "Free syncs"'),
        (["--at", "2026-11-23T12:00"], "its workspace is not known"),
    ],
    ids=str,
)
def test_explain_works_with_ids_where_no_airbyte_is(
    desk: Desk, policy: str, given: list[str], answer: str
) -> None:
    call = ("trigger_sync", f'{{"connections": ["{CONNECTION}"]}}', "--offline", *given)

    assert answer in explained(desk, policy, *call)


@pytest.mark.parametrize(("principal", "answer"), [(None, "deny by"), ("token:ann", "confirm by")])
def test_explain_can_ask_for_somebody_else(
    desk: Desk, policy: str, principal: str | None, answer: str
) -> None:
    whose = ["--principal", principal] if principal else []
    call = ("clear_connection", f'{{"connection": "{CONNECTION}"}}', "--offline", *whose)

    assert f'Answer: {answer} rule "Clear needs two"' in explained(desk, policy, *call)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (["trigger_snyc"], "Did you mean 'trigger_sync'?"),
        (["list_jobs"], "is no tool that changes something"),
        (["trigger_sync", "{}"], "connections"),
        (["trigger_sync", "not json"], "was not run"),
        (["trigger_sync", '{"connections": ["Orders"]}', "--offline"], "goes by its id"),
        (["trigger_sync", '{"connections": ["no such"]}'], "no such"),
    ],
    ids=str,
)
def test_explain_refuses_what_is_no_call(desk: Desk, policy: str, call: list[str], told: str) -> None:
    refused = run(desk, *call, "--policy-file", policy)

    assert refused.exit_code == 1
    assert told in refused.stderr
    assert "Traceback" not in refused.stderr
