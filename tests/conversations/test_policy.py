"""What the operator's rules say happens, judged at the requests that reach Airbyte."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from anyio.to_thread import run_sync
from mcp.client.context import ClientRequestContext
from mcp_types import ElicitRequestParams, ElicitRequestURLParams, ElicitResult

from airbyte_guardrails.evidence import Decision
from deciding_elsewhere import elsewhere
from doors import named_token
from harness import FAILING, HEALTHY, Desk, Era, Person, connected, data_of, text_of

pytestmark = pytest.mark.ci

TRIGGER = {"connections": [HEALTHY]}
OVERWRITING = "Product catalogue to lake"

ALLOW = '[[rule]]\nname = "Let it sync"\nanswer = "allow"\naction = ["trigger_sync", "update_schedule"]\n'
CONFIRM = '[[rule]]\nname = "Ask"\nanswer = "confirm"\n'
DENY = '[[rule]]\nname = "Not here"\nanswer = "deny"\n'
SECOND = CONFIRM + "second_person = true\n"


def under(desk: Desk, rules: str, **settings: str) -> Mapping[str, str]:
    """The settings of a server with these rules."""
    file = desk.folder / "policy.toml"
    file.write_text(rules, encoding="utf-8")
    return {"AIRBYTE_MCP_POLICY_FILE": str(file), "AIRBYTE_MCP_COOL_DOWN_SECONDS": "0"} | settings


def hours(begin: int, end: int) -> str:
    """A window from so many hours from now to so many hours from now."""
    now = datetime.now(UTC)
    start, stop = (f"{now + timedelta(hours=away):%H:%M}" for away in (begin, end))
    return f'window = {{ from = "{start}", to = "{stop}", zone = "UTC" }}\n'


@pytest.mark.parametrize("era", [Era.MODERN, Era.MUTE_LEGACY], ids=lambda era: era.value)
async def test_what_a_rule_allows_is_done_at_once_and_said_to_be_so(desk: Desk, era: Era) -> None:
    person = Person()
    async with connected(desk, era=era, person=person, settings=under(desk, ALLOW)) as client:
        result = await client.call_tool("trigger_sync", TRIGGER)
        told = data_of(result)
        again = data_of(await client.call_tool("apply_plan", {"plan_id": told["plan_id"]}))

    assert told["status"] == again["status"] == "executed"
    assert person.questions == []
    assert 'Allowed by policy rule "Let it sync"; no person was asked.' in text_of(result)
    assert 'Allowed by policy rule "Let it sync"; no person was asked.' in told["next_step"]
    assert "as the person approved it" not in text_of(result)
    (effect,) = desk.sandbox.effects()
    assert effect.body["jobType"] == "sync"


async def test_what_a_rule_allows_is_still_asked_about_at_high_risk(desk: Desk) -> None:
    person = Person()
    async with connected(desk, person=person, settings=under(desk, ALLOW)) as client:
        told = data_of(await client.call_tool("trigger_sync", {"connections": [OVERWRITING]}))

    assert told["status"] == "denied"
    assert 'Policy: Policy rule "Let it sync" allows this only at lower risk' in person.questions[0]
    assert desk.sandbox.effects() == []


async def test_an_allow_for_streams_does_not_reach_overwriting_in_two_steps(desk: Desk) -> None:
    rule = '[[rule]]\nname = "Streams"\naction = "update_streams"\nanswer = "allow"\n'
    person = Person()
    told: list[str] = []
    async with connected(desk, person=person, settings=under(desk, rule)) as client:
        for wish in ({"selected": False}, {"selected": True, "sync_mode": "full_refresh_overwrite"}):
            wishes = {"connection": HEALTHY, "streams": [{"stream": "customers", **wish}]}
            told.append(data_of(await client.call_tool("update_streams", wishes))["status"])

    assert told == ["executed", "denied"]
    assert len(person.questions) == 1
    assert len(desk.sandbox.effects()) == 1


async def test_what_a_rule_denies_is_not_even_asked_about(desk: Desk) -> None:
    person = Person()
    async with connected(
        desk, person=person, settings=under(desk, DENY + 'action = "trigger_sync"')
    ) as client:
        refused = await client.call_tool("trigger_sync", TRIGGER)

    assert refused.is_error
    assert 'Policy rule "Not here" denies this' in text_of(refused)
    assert person.questions == []
    assert desk.sandbox.effects() == []


async def test_a_rule_answers_inside_its_window_and_denies_outside(desk: Desk) -> None:
    async with connected(desk, settings=under(desk, ALLOW + hours(-2, 2))) as client:
        inside = data_of(await client.call_tool("trigger_sync", TRIGGER))
    async with connected(desk, settings=under(desk, ALLOW + hours(2, 4))) as client:
        outside = await client.call_tool("trigger_sync", {"connections": [FAILING]})

    assert inside["status"] == "executed"
    assert outside.is_error
    assert "it may be done every day from" in text_of(outside)
    assert len(desk.sandbox.effects()) == 1


async def test_a_rate_that_is_used_up_denies_the_next_change(desk: Desk) -> None:
    rules = ALLOW + 'rate = { at_most = 2, in = "1h" }\n'
    async with connected(desk, settings=under(desk, rules)) as client:
        results = [
            await client.call_tool("update_schedule", {"connections": [name], "every_hours": every})
            for name, every in ((HEALTHY, 6), (HEALTHY, 12), (HEALTHY, 8), (FAILING, 6))
        ]

    assert [result.is_error for result in results] == [False, False, True, False]
    assert "its rate is used up, at most 2 each hour per connection" in text_of(results[2])
    assert len(desk.sandbox.effects()) == 3


class Led(Person):
    """Is led to an address, which is no yes; a form would fail the test."""

    async def __call__(self, context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        assert isinstance(params, ElicitRequestURLParams)
        self.questions.append(params.message)
        return ElicitResult(action="accept")


async def test_a_second_person_says_yes_on_the_page_and_never_in_the_form(desk: Desk) -> None:
    person, settings = Led(), under(desk, SECOND, AIRBYTE_MCP_APPROVALS_URL="https://approvals.example.com")
    named = {**settings, **named_token(desk.folder)}
    async with connected(desk, "http", Era.MODERN, person, named) as client:
        waiting = data_of(await client.call_tool("trigger_sync", TRIGGER))
        early = data_of(await client.call_tool("apply_plan", {"plan_id": waiting["plan_id"]}))
        assert desk.sandbox.effects() == []
        with elsewhere(desk) as other:
            await run_sync(other.decide, Decision.APPROVE)
        done = data_of(await client.call_tool("apply_plan", {"plan_id": waiting["plan_id"]}))

    assert waiting["status"] == early["status"] == "approval_required"
    assert 'Policy: Policy rule "Ask" asks for a second person' in person.questions[0]
    assert done["status"] == "executed"
    assert len(desk.sandbox.effects()) == 1


async def test_whoever_holds_the_one_token_for_everybody_may_be_the_approver_too(desk: Desk) -> None:
    async with connected(desk, "http", settings=under(desk, SECOND)) as client:
        refused = await client.call_tool("trigger_sync", TRIGGER)

    assert refused.is_error
    assert "second person" in text_of(refused)
    assert desk.sandbox.effects() == []


async def test_over_stdio_nobody_can_be_told_apart_from_a_second_person(desk: Desk) -> None:
    async with connected(desk, settings=under(desk, SECOND)) as client:
        refused = await client.call_tool("trigger_sync", TRIGGER)

    assert refused.is_error
    assert "nobody is signed in here" in text_of(refused)
    assert desk.sandbox.effects() == []


async def test_a_policy_tightened_between_yes_and_deed_stops_the_deed(desk: Desk) -> None:
    async with connected(desk, "http", Era.MUTE, settings=under(desk, "")) as client:
        plan_id = data_of(await client.call_tool("trigger_sync", TRIGGER))["plan_id"]
        with elsewhere(desk) as other:
            await run_sync(other.decide, Decision.APPROVE)
    async with connected(desk, "http", Era.MUTE, settings=under(desk, DENY)) as client:
        refused = await client.call_tool("apply_plan", {"plan_id": plan_id})
    assert desk.sandbox.effects() == []
    async with connected(desk, "http", Era.MUTE, settings=under(desk, ALLOW)) as client:
        done = data_of(await client.call_tool("apply_plan", {"plan_id": plan_id}))

    assert refused.is_error
    assert 'Policy rule "Not here" denies this' in text_of(refused)
    assert done["status"] == "executed"
    assert len(desk.sandbox.effects()) == 1


async def test_a_rule_on_trial_changes_nothing_and_is_on_record(desk: Desk) -> None:
    async with connected(desk, settings=under(desk, DENY + "shadow = true\n")) as client:
        told = data_of(await client.call_tool("trigger_sync", TRIGGER))
    exported = await run_sync(lambda: desk.command("audit", "export"))

    assert told["status"] == "executed"
    assert 'Policy rule \\"Not here\\" denies this. (on trial: nothing was changed by it)' in exported.stdout
    assert "on trial" in desk.log()


@pytest.mark.parametrize(
    "condition", ['connection_name = "*orders*"', 'client = "*"'], ids=["name", "client"]
)
async def test_names_from_outside_tighten_what_a_later_rule_allows(desk: Desk, condition: str) -> None:
    async with connected(desk, settings=under(desk, DENY + condition + "\n" + ALLOW)) as client:
        refused = await client.call_tool("trigger_sync", TRIGGER)

    assert refused.is_error
    assert desk.sandbox.effects() == []


@pytest.mark.parametrize(
    "arguments", [["serve"], [], ["approvals", "list"]], ids=["serve", "bare", "approvals"]
)
def test_a_mistyped_policy_stops_the_start_and_the_right_word_is_named(
    desk: Desk, arguments: list[str]
) -> None:
    settings = under(desk, CONFIRM + 'windw = { zone = "UTC" }')
    refused = desk.command(*arguments, **settings)

    assert refused.returncode == 1
    assert "rule 1 \"Ask\": 'windw' is no key of a rule. Did you mean 'window'?" in refused.stderr
    assert refused.stdout == ""
    assert "Traceback" not in refused.stderr


def test_a_policy_file_that_is_not_there_stops_the_start(desk: Desk) -> None:
    refused = desk.command("serve", "--policy-file", str(desk.folder / "gone.toml"))

    assert refused.returncode == 1
    assert "gone.toml cannot be read" in refused.stderr


async def test_a_changed_policy_is_announced_and_every_record_names_what_was_in_force(desk: Desk) -> None:
    for rules in ("", "", CONFIRM):
        async with connected(desk, era=Era.MUTE, settings=under(desk, rules)) as client:
            await client.call_tool("trigger_sync", TRIGGER)
    exported = await run_sync(lambda: desk.command("audit", "export"))
    listed = await run_sync(lambda: desk.command("audit", "list"))

    assert desk.log().count("The policy changed since the last start") == 1
    assert exported.stdout.count('"kind": "policy_changed"') == 1
    assert exported.stdout.count('"in_force"') == len(exported.stdout.splitlines())
    assert "policy_changed policy" in listed.stdout
    assert "planted-secret" not in exported.stdout


async def test_a_connection_renamed_while_the_question_was_open_is_judged_by_its_new_name(desk: Desk) -> None:
    rule = CONFIRM + 'connection_name = "*prod*"\nleast_evidence = "out_of_band"\n'
    identity = desk.sandbox.connection(HEALTHY)["connectionId"]
    person = Person(meanwhile=lambda: desk.sandbox.patch(identity, {"name": "Prod ledger"}))
    async with connected(desk, person=person, settings=under(desk, rule)) as client:
        arguments = {"connections": [identity], "status": "inactive"}
        told = await client.call_tool("set_connection_status", arguments)

    assert 'Policy rule "Ask"' in text_of(told)
    assert len(person.questions) == 1
    assert [effect.body for effect in desk.sandbox.effects() if "status" in (effect.body or {})] == []
