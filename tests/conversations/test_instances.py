"""Several Airbytes behind one server: each call says which one it means, and only that one is read or changed.

The two have the same connections under the same names and ids, so nothing but the name of the Airbyte tells
them apart; what reached which is read from the request log of each.
"""

import json
from collections.abc import Generator
from typing import Any

import pytest
from anyio.to_thread import run_sync
from mcp import MCPError
from mcp.shared.subscriptions import ResourceUpdated
from mcp_types import InputRequiredResult, PromptReference, ResourceTemplateReference, TextContent

from approval_pages import page_of, planned
from harness import (
    APPROVE,
    HEALTHY,
    SLOW,
    Desk,
    Era,
    Person,
    Sandbox,
    connected,
    data_of,
    running_sandbox,
    text_of,
)
from killing import JOBS, At, Boundary, Stop, call_and_kill
from killing import TRIGGER as A_SYNC
from pseudo_terminal import at_a_terminal
from several_airbytes import NAMES, PROD, STAGING, Two, naming
from webhook_receiver import webhook_receiver

TRIGGER = {"connections": [HEALTHY]}
EVERY_SIX_HOURS = {"connections": [HEALTHY], "every_hours": 6}


@pytest.fixture(scope="module")
def other_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Generator[Sandbox]:
    with running_sandbox(tmp_path_factory.mktemp("other") / "data") as sandbox:
        yield sandbox


@pytest.fixture
def two(desk: Desk, other_sandbox: Sandbox) -> Two:
    return Two(desk, other_sandbox.started_over())


async def test_a_change_reaches_the_airbyte_that_was_named_and_no_other(two: Two) -> None:
    person = Person(APPROVE)
    async with connected(two.desk, person=person, settings=two.settings) as client:
        told = await client.call_tool("trigger_sync", TRIGGER | {"instance": STAGING})

    assert data_of(told)["status"] == "executed"
    assert text_of(told).startswith("Airbyte staging:\n")
    (question,) = person.questions
    assert f'Airbyte: "staging" at {two.staging.api_url}' in question
    assert two.prod.requests() == []
    assert len(two.staging.effects()) == 1


@pytest.mark.ci
async def test_a_call_that_names_no_airbyte_of_these_asks_nothing_and_reads_nothing(two: Two) -> None:
    person = Person(APPROVE)
    wrong: list[tuple[dict[str, Any], str]] = [
        ({}, "instance is missing"),
        ({"instance": "prdo"}, "there is no Airbyte called 'prdo', did you mean prod?"),
        ({"instance": 1}, "instance is the name of an Airbyte"),
        ({"instnace": PROD}, "instance is missing"),
        ({"instance": "Prod"}, "there is no Airbyte called 'Prod'"),
    ]
    async with connected(two.desk, person=person, settings=two.settings) as client:
        for given, told in wrong:
            change = await client.call_tool("trigger_sync", TRIGGER | given)
            read = await client.call_tool("list_connections", given)
            for name, result in (("trigger_sync", change), ("list_connections", read)):
                assert result.is_error
                assert text_of(result).startswith(f"{name} was not run: {told}")
                assert text_of(result).endswith("There are: prod, staging.")

    assert person.questions == []
    assert two.prod.requests() == two.staging.requests() == []


@pytest.mark.ci
async def test_a_read_tells_of_the_airbyte_that_was_named(two: Two) -> None:
    two.prod.patch(two.prod.connection(HEALTHY)["connectionId"], {"status": "inactive"})
    async with connected(two.desk, era=Era.MUTE_LEGACY, settings=two.settings) as client:
        read = {
            name: await client.call_tool("get_connection", {"connection": HEALTHY, "instance": name})
            for name in NAMES
        }
        instructions = client.instructions

    assert [data_of(result)["status"] for result in read.values()] == ["inactive", "active"]
    assert [text_of(result).splitlines()[0] for result in read.values()] == [
        "Airbyte prod:",
        "Airbyte staging:",
    ]
    assert "prod, staging" in (instructions or "")


@pytest.mark.ci
async def test_the_same_wish_for_each_is_a_plan_of_its_own(two: Two) -> None:
    async with connected(two.desk, era=Era.MUTE, settings=two.settings) as client:
        plans = [
            data_of(await client.call_tool("trigger_sync", TRIGGER | {"instance": name}))["plan_id"]
            for name in (*NAMES, PROD)
        ]
        shown = [text_of(await client.call_tool("get_plan", {"plan_id": plan})) for plan in plans]

    assert plans[0] == plans[2] != plans[1]
    for name, text in zip(NAMES, shown, strict=False):
        assert f'Airbyte: "{name}" at {two.named[name].api_url}' in text


@pytest.mark.ci
async def test_an_approved_plan_is_applied_at_its_own_airbyte_from_wherever_it_is_asked_for(two: Two) -> None:
    """By `apply_plan`, which names no Airbyte, and by a terminal; both right after calls about the other one."""
    environment = two.desk.environment | two.settings
    elsewhere = two.desk.environment | {"AIRBYTE_API_URL": "http://127.0.0.1:9/api/public/v1"}
    async with connected(two.desk, era=Era.MUTE, settings=two.settings) as client:
        first = await client.call_tool("trigger_sync", TRIGGER | {"instance": STAGING})
        second = await client.call_tool("update_schedule", EVERY_SIX_HOURS | {"instance": PROD})
        by_tool, by_terminal = (data_of(result)["plan_id"] for result in (first, second))
        at_prod = len(two.prod.requests())
        _, told = await run_sync(lambda: approved(elsewhere, by_tool))
        await client.call_tool("list_workspaces", {"instance": PROD})
        applied = await client.call_tool("apply_plan", {"plan_id": by_tool})
        asked_prod = [request.path for request in two.prod.requests()][at_prod:]
        await run_sync(lambda: approved(environment, by_terminal))

    assert "not done yet" in told
    assert "not for http://127.0.0.1:9" in told
    assert text_of(applied).startswith("Airbyte staging:\n")
    assert data_of(applied)["status"] == "executed"
    assert [path.rsplit("/", 1)[1] for path in asked_prod] == ["workspaces"]
    assert [effect.method for effect in two.staging.effects()] == ["POST"]
    assert [effect.method for effect in two.prod.effects()] == ["PATCH"]


@pytest.mark.ci
async def test_a_plan_is_not_applied_where_its_airbyte_has_another_name(two: Two) -> None:
    """A policy's rules speak of names, and the person has seen one."""
    renamed = naming(two.desk, {"production": two.prod.api_url})
    async with connected(two.desk, era=Era.MUTE) as client:
        plan = data_of(await client.call_tool("trigger_sync", TRIGGER))["plan_id"]
    _, told = await run_sync(lambda: approved(two.desk.environment | renamed, plan))

    assert "for the Airbyte called 'default', which here is called 'production'" in told
    assert two.prod.effects() == []


def approved(environment: dict[str, str], plan_id: str) -> tuple[int, str]:
    """Approve a plan by hand."""
    command = ("approvals", "approve", plan_id)
    return at_a_terminal(environment, *command, prompt="Type ", types=["approve"])


@pytest.mark.ci
async def test_a_yes_for_one_airbyte_cannot_be_used_for_another(two: Two) -> None:
    async with connected(two.desk, settings=two.settings) as client:
        asked = await client.session.call_tool(
            "trigger_sync", TRIGGER | {"instance": STAGING}, allow_input_required=True
        )
        assert isinstance(asked, InputRequiredResult)
        with pytest.raises(MCPError):
            await client.session.call_tool(
                "trigger_sync",
                TRIGGER | {"instance": PROD},
                input_responses={"approval": APPROVE},
                request_state=asked.request_state,
                allow_input_required=True,
            )

    assert two.prod.effects() == two.staging.effects() == []


@pytest.mark.ci
async def test_a_rule_for_one_airbyte_decides_there_and_nowhere_else(two: Two) -> None:
    policy = two.desk.folder / "policy.toml"
    policy.write_text('[[rule]]\nname = "Hands off"\nanswer = "deny"\ninstance = "prod"\n')
    settings = two.settings | {"AIRBYTE_MCP_POLICY_FILE": str(policy)}
    person = Person(APPROVE)
    async with connected(two.desk, person=person, settings=settings) as client:
        refused = await client.call_tool("trigger_sync", TRIGGER | {"instance": PROD})
        done = await client.call_tool("trigger_sync", TRIGGER | {"instance": STAGING})
    call = ("policy", "explain", "update_schedule", json.dumps(EVERY_SIX_HOURS))
    explained = {name: two.desk.command(*call, "--instance", name, **settings).stdout for name in NAMES}
    unnamed = two.desk.command(*call, **settings)
    checked = two.desk.command("policy", "check", str(policy))

    assert "Hands off" in text_of(refused)
    assert data_of(done)["status"] == "executed"
    assert len(person.questions) == len(two.staging.effects()) == 1
    assert two.prod.effects() == []
    assert 'deny by rule "Hands off"' in explained[PROD]
    assert "Answer: confirm" in explained[STAGING]
    assert "name one of prod, staging" in unnamed.stderr
    assert "'prod' is no Airbyte that is known here" in checked.stderr


@pytest.mark.ci
async def test_history_and_undo_speak_of_the_airbyte_that_was_named(two: Two) -> None:
    person = Person(APPROVE)
    async with connected(two.desk, person=person, settings=two.settings) as client:
        changed = data_of(await client.call_tool("update_schedule", EVERY_SIX_HOURS | {"instance": PROD}))
        here, there = [await client.call_tool("list_changes", {"instance": name}) for name in NAMES]
        back = {"plan_id": changed["plan_id"]}
        wrong = await client.call_tool("undo_change", back | {"instance": STAGING})
        undone = data_of(await client.call_tool("undo_change", back | {"instance": PROD}))
    recorded = two.desk.command("audit", "list", **two.settings).stdout.splitlines()

    assert text_of(here).startswith("Airbyte prod:\n1 change")
    assert data_of(there)["changes"] == []
    assert text_of(there).startswith("Airbyte staging:\n")
    assert wrong.is_error
    assert undone["status"] == "executed"
    assert two.staging.effects() == []
    assert len(two.prod.effects()) == 2
    assert all(f"on {HEALTHY} of prod by" in line for line in recorded)


@pytest.mark.ci
async def test_resources_completions_and_prompts_are_those_of_the_airbyte_that_was_named(two: Two) -> None:
    job = two.staging.start_job(two.staging.connection(SLOW)["connectionId"])
    connection = ResourceTemplateReference(
        type="ref/resource", uri="airbyte://{instance}/connections/{connection}"
    )
    async with connected(two.desk, era=Era.MUTE, settings=two.settings) as client:
        listed = [resource.uri for resource in (await client.list_resources()).resources]
        templates = [t.uri_template for t in (await client.list_resource_templates()).resource_templates]
        (read,) = (await client.read_resource(f"airbyte://staging/jobs/{job}")).contents
        with pytest.raises(MCPError, match="There are: prod, staging"):
            await client.read_resource("airbyte://nowhere/report")
        with pytest.raises(MCPError, match="There is no such resource"):
            await client.read_resource("airbyte://report")
        async with client.listen(resource_subscriptions=[f"airbyte://staging/jobs/{job}"]) as events:
            two.staging.cancel_job(job)
            moved = await anext(aiter(events))
        instances = await client.complete(connection, {"name": "instance", "value": "st"})
        half_typed = {"name": "connection", "value": "ord"}
        named = await client.complete(connection, half_typed, {"instance": STAGING})
        unnamed = await client.complete(connection, half_typed)
        prompts = (await client.list_prompts()).prompts
        prompt = await client.get_prompt("morning_report", {"instance": PROD})
        with pytest.raises(MCPError, match="instance is missing"):
            await client.get_prompt("morning_report", {})
        workspaces = await client.complete(
            PromptReference(type="ref/prompt", name="morning_report"),
            {"name": "workspace", "value": "mark"},
            {"instance": PROD},
        )

    assert {"airbyte://prod/report", "airbyte://staging/report"} <= set(listed)
    assert len(listed) == 6
    assert "airbyte://plans/{plan_id}" in templates
    assert f'"job_id":{job}' in getattr(read, "text", "")
    assert moved == ResourceUpdated(uri=f"airbyte://staging/jobs/{job}")
    assert instances.completion.values == [STAGING]
    assert named.completion.values == [HEALTHY]
    assert unnamed.completion.values == []
    assert all((prompt.arguments or [])[0].name == "instance" for prompt in prompts)
    said = prompt.messages[0].content
    assert isinstance(said, TextContent)
    assert "instance='prod'" in said.text
    assert workspaces.completion.values == ["Marketing"]


@pytest.mark.ci
async def test_one_airbyte_with_a_name_is_used_as_one_without_and_called_by_its_name(desk: Desk) -> None:
    person = Person(APPROVE)
    settings = naming(desk, {PROD: desk.sandbox.api_url})
    async with connected(desk, person=person, settings=settings) as client:
        done = await client.call_tool("trigger_sync", TRIGGER)
        refused = await client.call_tool("list_workspaces", {"instance": PROD})

    assert data_of(done)["status"] == "executed"
    assert f'Airbyte: "prod" at {desk.sandbox.api_url}' in person.questions[0]
    assert not text_of(done).startswith("Airbyte")
    assert "there is no argument 'instance'" in text_of(refused)
    assert len(desk.sandbox.effects()) == 1


@pytest.mark.ci
def test_the_page_carries_out_a_plan_at_its_own_airbyte_and_names_it(two: Two) -> None:
    there = naming(two.desk, {STAGING: two.staging.api_url})
    plan = planned(two.desk, "trigger_sync", TRIGGER, settings=there)
    with page_of(two.desk, two.settings) as page:
        browser = page.inside()
        shown = browser.get(f"/plans/{plan.id}").text
        browser.decide(plan, "approve")
        state = page.state_of(plan)

    assert two.staging.api_url in shown
    assert "another Airbyte" not in shown
    assert state == "executed"
    assert len(two.staging.effects()) == 1
    assert two.prod.requests() == []


@pytest.mark.ci
async def test_what_a_dead_server_left_is_settled_at_its_own_airbyte_by_calls_about_that_one(
    two: Two,
) -> None:
    stop = Stop(
        call=A_SYNC, at=At.ANSWER, request=("POST", JOBS), effects=1, state="outcome_unknown", results=[]
    )
    staging = Desk(two.staging, two.desk.folder)
    boundary = Boundary(staging, stop)
    with boundary.ahead() as alone:
        await call_and_kill(staging, alone, boundary)
        boundary.store.give_up_worker()
        settings = naming(two.desk, {PROD: two.prod.api_url, STAGING: alone["AIRBYTE_API_URL"]})
        async with connected(two.desk, era=Era.MUTE, settings=settings) as client:
            await client.call_tool("list_changes", {"instance": PROD})
            left, at_prod = boundary.store.plan()[1], two.prod.requests()
            there = await client.call_tool("list_changes", {"instance": STAGING})

    assert left == "executing"
    assert at_prod == two.prod.requests() == []
    assert "began after the request" in text_of(there)
    assert boundary.store.plan()[1] == "outcome_unknown"
    assert len(two.staging.effects()) == 1


@pytest.mark.ci
async def test_a_webhook_and_the_list_of_what_waits_name_the_airbyte(two: Two) -> None:
    with webhook_receiver() as receiver:
        page = {"AIRBYTE_MCP_WEBHOOK_URL": receiver.url, "AIRBYTE_MCP_APPROVALS_URL": "https://a.example.com"}
        async with connected(two.desk, era=Era.MUTE, settings=two.settings | page) as client:
            await client.call_tool("trigger_sync", TRIGGER | {"instance": STAGING})
            told = await run_sync(receiver.next)
    listed = two.desk.command("approvals", "list", **two.settings).stdout

    assert told.told["instance"] == {"name": STAGING, "address": two.staging.api_url}
    assert listed.rstrip().endswith("(staging)")
