"""Every rule on the policy's page is accepted, and decides what the page says of it."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from airbyte_guardrails.evidence import Evidence
from airbyte_guardrails.plans import Instance, Plan, Risk
from airbyte_guardrails.policy.loading import PolicyFileError
from airbyte_guardrails.policy.reading import described, suspicions
from airbyte_guardrails.policy.rules import Rule
from airbyte_guardrails.policy.subjects import Deed, subjects_of
from airbyte_guardrails.verdicts import Verdict
from airbyte_mcp_server.tool_sets import TOOL_SETS
from policies import ANN, MONDAY_NOON, NOBODY, OTHER_WORKSPACE, connection, plan_of, rules_of, said

PAGE = (Path(__file__).resolve().parent.parent / "docs/policy.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
DEV = Instance(name="default", address="https://airbyte.dev.example.com/api/public/v1")
BOT = "token:3f1c5a0b9d2e"
SATURDAY = MONDAY_NOON + timedelta(days=5)
BERLIN_NIGHT = datetime(2026, 11, 23, 22, 30, tzinfo=UTC)
OF_OTHERS = connection(workspace=OTHER_WORKSPACE)
ONE_FILE = "all of them in one file"


def block(name: str) -> str:
    """The one block that begins with the rule of this name; of those in one file, the whole file."""
    wanted = [text for text in BLOCKS if (text.count("[[rule]]") > 2) is (name == ONE_FILE)]
    (found,) = [text for text in wanted if name in (ONE_FILE, re.findall(r'name = "(.+)"', text)[0])]
    return str(found)


def begun(count: int, plan: Plan) -> list[Deed]:
    """So many changes like this plan's, just now."""
    return [Deed(subject, MONDAY_NOON) for subject in subjects_of(plan) for _ in range(count)]


def decided(name: str, plan: Plan, moment: datetime = MONDAY_NOON, deeds: Sequence[Deed] = ()) -> Verdict:
    """What the page's example says to a plan."""
    return said(block(name), plan, moment, deeds)


SYNC, CLEAR, RESCHEDULE = plan_of(), plan_of("clear_connection", risk=Risk.HIGH), plan_of("update_schedule")
DEV_SYNC = plan_of(instance=DEV)

CASES: list[tuple[str, Plan, datetime, str]] = [
    ("Production in office hours", SYNC, MONDAY_NOON, "confirm"),
    ("Production in office hours", SYNC, SATURDAY, "deny"),
    ("Production in office hours", SYNC, BERLIN_NIGHT, "deny"),
    ("Production in office hours", plan_of("trigger_sync", OF_OTHERS), SATURDAY, "confirm"),
    ("Clear needs a second person", CLEAR, MONDAY_NOON, "confirm, second person"),
    ("Clear needs a second person", plan_of("clear_connection", requester=NOBODY), MONDAY_NOON, "deny"),
    ("Clear needs a second person", SYNC, MONDAY_NOON, "confirm"),
    ("Dev may sync", DEV_SYNC, MONDAY_NOON, "allow"),
    ("Dev may sync", SYNC, MONDAY_NOON, "confirm"),
    ("Dev may sync", plan_of(instance=DEV, risk=Risk.HIGH), MONDAY_NOON, "confirm"),
    ("Dev may sync", plan_of("update_schedule", instance=DEV), MONDAY_NOON, "confirm"),
    ("Configuration is code", RESCHEDULE, MONDAY_NOON, "deny"),
    ("Configuration is code", plan_of("undo_change", acts_as="update_streams"), MONDAY_NOON, "deny"),
    ("Configuration is code", SYNC, MONDAY_NOON, "confirm"),
    (
        "Production by name",
        plan_of("trigger_sync", connection(name="PROD orders")),
        MONDAY_NOON,
        "confirm, out_of_band",
    ),
    (
        "Production by name",
        plan_of("trigger_sync", connection(tags=("Production",))),
        MONDAY_NOON,
        "confirm, out_of_band",
    ),
    ("Production by name", SYNC, MONDAY_NOON, "confirm"),
    ("The night bot", plan_of(requester=BOT), BERLIN_NIGHT, "allow"),
    ("The night bot", plan_of(requester=BOT), MONDAY_NOON, "deny"),
    ("The night bot", plan_of(requester=ANN), BERLIN_NIGHT, "confirm"),
    ("Would this be too strict?", RESCHEDULE, MONDAY_NOON, "confirm"),
    (ONE_FILE, CLEAR, MONDAY_NOON, "confirm, second person"),
    (ONE_FILE, DEV_SYNC, MONDAY_NOON, "allow"),
    (ONE_FILE, SYNC, SATURDAY, "deny"),
    (ONE_FILE, SYNC, MONDAY_NOON, "confirm"),
    (ONE_FILE, plan_of("trigger_sync", OF_OTHERS), SATURDAY, "confirm, out_of_band"),
    ("People clear", CLEAR, MONDAY_NOON, "confirm"),
]


@pytest.mark.parametrize(("name", "plan", "moment", "answer"), CASES)
def test_an_example_decides_what_the_page_says(name: str, plan: Plan, moment: datetime, answer: str) -> None:
    verdict = decided(name, plan, moment)
    asks = "second person" if verdict.second_person else verdict.least_evidence.value

    assert answer in (verdict.answer.value, f"{verdict.answer.value}, {asks}")
    assert verdict.second_person is answer.endswith("second person")
    assert (verdict.least_evidence is Evidence.OUT_OF_BAND) is ("," in answer)


@pytest.mark.parametrize(
    ("name", "plan", "moment", "most"),
    [
        ("Five syncs an hour", SYNC, MONDAY_NOON, 5),
        ("The night bot", plan_of(requester=BOT), BERLIN_NIGHT, 20),
        (ONE_FILE, DEV_SYNC, MONDAY_NOON, 5),
    ],
)
def test_an_examples_rate_denies_only_what_is_too_much(
    name: str, plan: Plan, moment: datetime, most: int
) -> None:
    deeds = [Deed(deed.subject, moment) for deed in begun(most, plan)]

    assert decided(name, plan, moment, deeds[1:]).answer != "deny"
    assert decided(name, plan, moment, deeds).answer == "deny"


def test_the_example_on_trial_says_what_it_would_do() -> None:
    (shadow,) = decided("Would this be too strict?", RESCHEDULE).shadows

    assert 'Policy rule "Would this be too strict?" denies this.' in shadow


def test_the_models_word_does_not_clear_under_the_example() -> None:
    verdict = said(block("People clear"), CLEAR, least=Evidence.MODEL_ASSERTED)

    assert verdict.least_evidence is Evidence.LOCAL_TERMINAL


@pytest.mark.parametrize("text", BLOCKS, ids=lambda text: re.findall(r'name = "(.+)"', text)[0])
def test_an_example_can_be_said_in_words_and_hides_no_rule(text: str) -> None:
    rules = rules_of(text)

    assert all(described(rule).endswith(".") for rule in rules)
    assert not any("never reached" in doubt or "never allows" in doubt for doubt in suspicions(rules))


def test_the_page_names_every_key_and_every_action() -> None:
    rows = re.findall(r"^\| (.+?) \| ", PAGE, re.MULTILINE)
    keys = set(re.findall(r"`(\w+)`", " ".join(rows)))

    assert keys == set(Rule.model_fields)
    assert all(f"`{action}`" in PAGE for action in TOOL_SETS)


def test_the_page_says_what_cannot_stand_in_a_rule() -> None:
    for text in (
        'name = "x"\nanswer = "allow"\naction = "trigger_sync"\nconnection_name = "*"',
        'name = "x"\nanswer = "allow"',
        'name = "x"\nanswer = "deny"\nwindow = { zone = "UTC" }',
    ):
        with pytest.raises(PolicyFileError):
            rules_of(f"[[rule]]\n{text}")
