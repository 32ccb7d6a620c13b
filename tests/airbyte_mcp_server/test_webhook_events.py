"""What the webhook tells holds no name that pings, links, formats or breaks out."""

import json
import re
from pathlib import Path

import pytest

from airbyte_guardrails.plans import Plan, Target
from airbyte_mcp_server.reaching.webhook_events import Event, code, generic, slack
from plan_books import Clock, book_on, close_books, proposed

LINK = "https://approvals.example.com/plans/plan_1?a=1&b=2"
HOSTILE = (
    "<!channel> look",
    "<@U012AB3CD>",
    "<https://evil.example.com|Approve here>",
    "`*bold*` _it_ ~no~",
    "```\nfence```",
    "https://evil.example.com",
    "&lt;!here&gt;",
    "@channel @everyone",
    "line\nbreak\u2028and \u202eturn",
    "`",
    "",
)


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    waiting = proposed(book_on(tmp_path / "plans.sqlite", Clock()))
    close_books()
    return waiting


def named(plan: Plan, *names: str) -> Plan:
    """The plan with targets of these names."""
    targets = tuple(Target(kind="connection", id=f"c{n}", name=name) for n, name in enumerate(names))
    return plan.model_copy(update={"targets": targets})


def markup(plan: Plan) -> str:
    """The text of the message for Slack."""
    blocks = json.loads(json.dumps(slack(Event(plan=plan, link=LINK))["blocks"]))
    assert blocks[0]["text"]["verbatim"] is True
    text: str = blocks[0]["text"]["text"]
    return text


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_stays_inside_its_code_span_on_its_line(plan: Plan, name: str) -> None:
    (line,) = [line for line in markup(named(plan, name)).splitlines() if line.startswith("•")]
    inside = line.removeprefix("• `").removesuffix("`")

    assert line == f"• `{inside}`"
    assert not set("<>`") & set(inside)
    assert "&" not in inside.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "")


@pytest.mark.parametrize("name", HOSTILE)
def test_the_only_link_of_a_message_is_ours(plan: Plan, name: str) -> None:
    text = markup(named(plan, name))

    assert text.count("<") == text.count(">") == 1
    assert text.endswith("<https://approvals.example.com/plans/plan_1?a=1&amp;b=2|Open the plan>")


@pytest.mark.parametrize("name", HOSTILE)
def test_the_text_of_a_notification_holds_no_name_at_all(plan: Plan, name: str) -> None:
    message = slack(Event(plan=named(plan, name), link=LINK, approver=name))

    assert message["text"] == "A change waits for a person"
    assert message["unfurl_links"] is False


def test_a_plan_of_twenty_long_names_fits_into_slack_s_3000_characters(plan: Plan) -> None:
    text = markup(named(plan, *(["<&>" * 100] * 20)))

    assert len(text) <= 3_000
    assert re.search(r"• and \d+ more", text)
    assert text.endswith("|Open the plan>")


def test_plain_json_holds_names_as_values_without_what_acts_on_a_display(plan: Plan) -> None:
    told = generic(Event(plan=named(plan, *HOSTILE), link=None))
    names = [target["name"] for target in json.loads(json.dumps(told))["targets"]]

    assert names[2] == HOSTILE[2]
    assert names[8] == "line break and turn"
    assert told["link"] is None


def test_a_code_span_is_never_empty_and_never_longer_than_its_limit() -> None:
    assert code("") == "` `"
    assert len(code("x" * 1_000, 80)) == 82
