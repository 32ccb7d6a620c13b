"""The client leads the person to the approvals page; what counts is what was decided there."""

import anyio
import pytest
from anyio.to_thread import run_sync
from mcp.client.context import ClientRequestContext
from mcp_types import ElicitRequestParams, ElicitRequestURLParams, ElicitResult

from airbyte_guardrails.evidence import Decision
from approval_pages import page_of
from deciding_elsewhere import elsewhere
from declaring_client import LEGACY, MODERN, declaring
from doors import named_token
from harness import APPROVE, HEALTHY, Desk, Era, Person, connected, data_of, text_of

pytestmark = pytest.mark.ci

TRIGGER = {"connections": [HEALTHY]}
PAGE = "https://approvals.example.com"
APPROVALS = {"AIRBYTE_MCP_APPROVALS_URL": PAGE}
WAITING = APPROVALS | {"AIRBYTE_MCP_WAIT_SECONDS": "40"}
ASKING = (Era.MODERN, Era.LEGACY)
ASKED_IN_CI = (Era.MODERN, pytest.param(Era.LEGACY, marks=pytest.mark.ci))
OPENED = ElicitResult(action="accept")


def only_on_the_page(desk: Desk) -> dict[str, str]:
    """A policy that takes a yes from the approvals page only."""
    return ruled(desk, '[[rule]]\nname = "page"\nanswer = "confirm"\nleast_evidence = "out_of_band"\n')


def ruled(desk: Desk, rules: str) -> dict[str, str]:
    """Settings with a policy file of these rules."""
    file = desk.folder / "policy.toml"
    file.write_text(rules)
    file.chmod(0o600)
    return {"AIRBYTE_MCP_POLICY_FILE": str(file)}


class Led(Person):
    """Is led to an address, and answers as scripted, or never."""

    def __init__(self, reply: ElicitResult = OPENED, *, never_answers: bool = False) -> None:
        super().__init__(reply)
        self.never_answers = never_answers
        self.addresses: list[str] = []

    async def __call__(self, context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        assert isinstance(params, ElicitRequestURLParams)
        self.addresses.append(params.url)
        self.questions.append(params.message)
        if self.never_answers:
            await anyio.sleep_forever()
        return self.reply


async def decided(
    desk: Desk, era: Era, led: Led, settings: dict[str, str], decision: Decision | None
) -> dict[str, object]:
    """The result of a call while somebody decides elsewhere, or nobody does."""
    found: dict[str, object] = {}

    async with connected(desk, "stdio", era, led, settings | only_on_the_page(desk)) as client:

        async def call() -> None:
            found.update(data_of(await client.call_tool("trigger_sync", TRIGGER)))

        with elsewhere(desk) as other:
            async with anyio.create_task_group() as group:
                group.start_soon(call)
                if decision is not None:
                    await run_sync(other.decide, decision)
    return found


@pytest.mark.parametrize("era", ASKING, ids=lambda era: era.value)
async def test_a_policy_that_wants_the_page_is_led_there_even_where_a_form_could_be_shown(
    desk: Desk, era: Era
) -> None:
    led = Led()
    told = await decided(desk, era, led, WAITING, Decision.APPROVE)

    assert told["status"] == "executed"
    assert led.addresses == [f"{PAGE}/plans/{told['plan_id']}"]
    assert HEALTHY in led.questions[0]
    assert len(desk.sandbox.effects()) == 1


@pytest.mark.parametrize("era", ASKED_IN_CI)
async def test_opening_the_page_is_no_yes(desk: Desk, era: Era) -> None:
    told = await decided(desk, era, Led(), APPROVALS, None)

    assert told["status"] == "approval_required"
    assert f"at {PAGE}/plans/{told['plan_id']}" in str(told["next_step"])
    assert "approvals approve" not in str(told["next_step"])
    assert desk.sandbox.effects() == []


@pytest.mark.parametrize("era", ASKING, ids=lambda era: era.value)
@pytest.mark.ci
async def test_a_form_s_yes_where_the_page_was_wanted_is_no_yes(desk: Desk, era: Era) -> None:
    told = await decided(desk, era, Led(APPROVE), APPROVALS, None)

    assert told["status"] == "approval_required"
    assert desk.sandbox.effects() == []


@pytest.mark.parametrize("era", ASKING, ids=lambda era: era.value)
@pytest.mark.ci
async def test_a_no_on_the_page_ends_the_call(desk: Desk, era: Era) -> None:
    told = await decided(desk, era, Led(), WAITING, Decision.DENY)

    assert told["status"] == "denied"
    assert desk.sandbox.effects() == []


@pytest.mark.parametrize("era", ASKED_IN_CI)
@pytest.mark.parametrize("action", ["decline", pytest.param("cancel", marks=pytest.mark.ci)])
async def test_whoever_does_not_let_the_page_be_opened_says_no(desk: Desk, era: Era, action: str) -> None:
    led = Led(ElicitResult.model_validate({"action": action}))
    told = await decided(desk, era, led, WAITING, None)

    assert told["status"] == "denied"
    assert desk.sandbox.effects() == []


async def test_a_decision_on_the_page_ends_the_call_although_the_client_still_shows_the_way(
    desk: Desk,
) -> None:
    told = await decided(desk, Era.LEGACY, Led(never_answers=True), WAITING, Decision.APPROVE)

    assert told["status"] == "executed"
    assert len(desk.sandbox.effects()) == 1


@pytest.mark.ci
@pytest.mark.parametrize("transport", ["sse", "http"])
@pytest.mark.parametrize("era", ASKING, ids=lambda era: era.value)
async def test_an_approver_who_signs_in_on_the_real_page_finishes_the_call(
    desk: Desk, transport: str, era: Era
) -> None:
    class AtThePage(Led):
        async def __call__(self, context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
            opened = await super().__call__(context, params)
            await run_sync(lambda: page.signed_in().decide(other.waiting_plan(), "approve"))
            return opened

    led = AtThePage()
    with page_of(desk, only_on_the_page(desk)) as page, elsewhere(desk) as other:
        settings = {"AIRBYTE_MCP_APPROVALS_URL": page.url, "AIRBYTE_MCP_WAIT_SECONDS": "40"}
        async with connected(desk, transport, era, led, settings | only_on_the_page(desk)) as client:
            told = data_of(await client.call_tool("trigger_sync", TRIGGER))

    assert told["status"] == "executed"
    assert led.addresses == [f"{page.url}/plans/{told['plan_id']}"]
    assert len(desk.sandbox.effects()) == 1


WAYS: dict[str, tuple[dict[str, object] | None, str | None]] = {
    "form": ({"form": {}}, "form"),
    "form, as it was declared before there were addresses": ({}, "form"),
    "address": ({"url": {}}, "url"),
    "both": ({"form": {}, "url": {}}, "form"),
    "neither": (None, None),
}


@pytest.mark.parametrize("version", [MODERN, pytest.param(LEGACY, marks=pytest.mark.ci)])
@pytest.mark.parametrize("way", WAYS)
def test_a_client_is_asked_in_the_way_that_it_declared(desk: Desk, version: str, way: str) -> None:
    elicitation, wanted = WAYS[way]
    with declaring(desk, version, elicitation, APPROVALS) as client:
        if wanted == "form":
            client.reply = {"action": "accept", "content": {"decision": "approve"}}
        told = client.call("trigger_sync", TRIGGER)["structuredContent"]

    assert [question.get("mode", "form") for question in client.asked] == ([wanted] if wanted else [])
    assert told["status"] == ("executed" if wanted == "form" else "approval_required")
    assert len(desk.sandbox.effects()) == (wanted == "form")


@pytest.mark.parametrize("version", [MODERN, LEGACY])
@pytest.mark.ci
def test_without_a_page_a_client_for_addresses_is_asked_nothing(desk: Desk, version: str) -> None:
    with declaring(desk, version, {"url": {}}) as client:
        told = client.call("trigger_sync", TRIGGER)["structuredContent"]

    assert client.asked == []
    assert told["status"] == "approval_required"
    assert f"approvals approve {told['plan_id']}" in told["next_step"]


SECOND_PERSON = '[[rule]]\nname = "two"\nanswer = "confirm"\nsecond_person = true\n'


@pytest.mark.ci
async def test_a_second_person_takes_somebody_who_has_signed_in_to_be_the_first(desk: Desk) -> None:
    settings = APPROVALS | ruled(desk, SECOND_PERSON)
    async with connected(desk, settings=settings) as client:
        refused = await client.call_tool("trigger_sync", TRIGGER)
    async with connected(desk, "http", person=Led(), settings=settings | named_token(desk.folder)) as client:
        led = data_of(await client.call_tool("trigger_sync", TRIGGER))

    assert refused.is_error
    assert "second person" in text_of(refused)
    assert led["next_step"].startswith(f"A person must approve it at {PAGE}/plans/{led['plan_id']}.")
    assert desk.sandbox.effects() == []


async def test_where_policy_wants_a_page_that_nobody_has_named_the_call_says_so(desk: Desk) -> None:
    async with connected(desk, settings=only_on_the_page(desk)) as client:
        refused = await client.call_tool("trigger_sync", TRIGGER)

    assert refused.is_error
    assert "out_of_band" in text_of(refused)
    assert "AIRBYTE_MCP_APPROVALS_URL" in text_of(refused)
    assert "approvals approve" not in text_of(refused)
    assert desk.sandbox.effects() == []
