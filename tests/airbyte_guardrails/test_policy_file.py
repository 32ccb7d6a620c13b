"""A policy file that does not mean exactly one thing is refused, and the nearest right word is named."""

from pathlib import Path

import pytest

from airbyte_guardrails.policy.loading import PolicyFileError, load_rules
from policies import CONNECTION, KNOWN, WORKSPACE, rules_of

CONFIRM = '[[rule]]\nname = "one"\nanswer = "confirm"\n'

MISTAKES = {
    "a mistyped key": (
        CONFIRM + 'windw = { zone = "UTC" }',
        "rule 1 \"one\": 'windw' is no key of a rule. Did you mean 'window'?",
    ),
    "a mistyped key of a window": (
        CONFIRM + 'window = { zon = "UTC" }',
        "'zon' is no key of a window. Did you mean 'zone'?",
    ),
    "a mistyped key of a rate": (
        CONFIRM + 'rate = { at_mots = 5, in = "1h" }',
        "'at_mots' is no key of a rate. Did you mean 'at_most'?",
    ),
    "a mistyped table": ('[[rules]]\nname = "one"', "'rules' is no key of it. Did you mean [[rule]]?"),
    "one pair of brackets": ('[rule]\nname = "one"', "with two brackets"),
    "a mistyped answer": (
        '[[rule]]\nname = "one"\nanswer = "alow"',
        "answer: 'alow' is none of allow, confirm, deny. Did you mean 'allow'?",
    ),
    "an answer in another case": ('[[rule]]\nname = "one"\nanswer = "DENY"', "Did you mean 'deny'?"),
    "no answer": ('[[rule]]\nname = "one"', "'answer' is missing in the rule"),
    "no name": ('[[rule]]\nanswer = "deny"', "rule 1: 'name' is missing in the rule"),
    "an empty name": ('[[rule]]\nname = " "\nanswer = "deny"', "printable"),
    "a name that breaks the line": ('[[rule]]\nname = "a\\nb"\nanswer = "deny"', "printable"),
    "two rules of one name": (CONFIRM * 2, '2 rules are called "one"'),
    "an unknown action": (
        CONFIRM + 'action = "triger_sync"',
        "'triger_sync' is no tool that changes something. Did you mean 'trigger_sync'?",
    ),
    "a tool that only reads": (
        CONFIRM + 'action = "list_jobs"',
        "'list_jobs' is no tool that changes something",
    ),
    "an unknown instance": (CONFIRM + 'instance = "sandbx"', "Did you mean 'sandbox'?"),
    "a bad web address": (
        CONFIRM + 'instance = "https://airbyte.example.com:port"',
        "is no Airbyte that is known here",
    ),
    "an empty list": (CONFIRM + "action = []", "the list is empty, which could mean none or any"),
    "a list of numbers": (CONFIRM + "action = [1]", "action: input should be a valid string"),
    "a name for an id": (
        CONFIRM + 'connection = "Orders"',
        "a name can be given only as connection_name, which can only tighten",
    ),
    "a workspace's name": (CONFIRM + 'workspace = "Analytics"', "'Analytics' is no id"),
    "a session": (CONFIRM + 'principal = "session:0123"', "no rule can name them"),
    "a principal without its kind": (CONFIRM + 'principal = "ann"', "the audit shows them as token:NAME"),
    "an unknown zone": (
        CONFIRM + 'window = { zone = "Europe/Berln" }',
        "window.zone: 'Europe/Berln' is no IANA time zone. Did you mean 'Europe/Berlin'?",
    ),
    "no zone": (CONFIRM + 'window = { from = "08:00" }', "'zone' is missing in the window"),
    "an unknown day": (
        CONFIRM + 'window = { days = "mon-fry", zone = "UTC" }',
        "'fry' is none of mon, tue, wed, thu, fri, sat, sun. Did you mean 'fri'?",
    ),
    "an impossible time": (
        CONFIRM + 'window = { from = "8:00", zone = "UTC" }',
        "'8:00' is no time of day; write it as 08:00",
    ),
    "the end of the day as a start": (CONFIRM + 'window = { from = "24:00", zone = "UTC" }', "window.from"),
    "a window of no length": (
        CONFIRM + 'window = { from = "08:00", to = "08:00", zone = "UTC" }',
        "never or always",
    ),
    "an unknown period": (
        CONFIRM + 'rate = { at_most = 5, in = "hour" }',
        "'hour' is no period; write it as 30m, 1h or 7d",
    ),
    "a period too long": (CONFIRM + 'rate = { at_most = 5, in = "400d" }', "31d is the longest"),
    "a rate of none": (
        CONFIRM + 'rate = { at_most = 0, in = "1h" }',
        "rate.at_most: input should be greater than or equal to 1",
    ),
    "a rate of truth": (CONFIRM + 'rate = { at_most = true, in = "1h" }', "rate.at_most"),
    "an unknown share": (
        CONFIRM + 'rate = { at_most = 1, in = "1h", per = "conection" }',
        "Did you mean 'connection'?",
    ),
    "unknown evidence": (CONFIRM + 'least_evidence = "out_of_bnd"', "Did you mean 'out_of_band'?"),
    "the model's word": (CONFIRM + 'least_evidence = "model_asserted"', "no rule can ask for model_asserted"),
    "policy as evidence": (CONFIRM + 'least_evidence = "policy"', "no rule can ask for policy"),
    "yes instead of true": (
        CONFIRM + 'second_person = "yes"',
        "second_person: input should be a valid boolean",
    ),
    "a second person at a terminal": (
        CONFIRM + 'second_person = true\nleast_evidence = "local_terminal"',
        "a second person has to sign in",
    ),
    "a bolder ask": (CONFIRM + "high_risk = true", "high_risk belongs to"),
    "an allow for anything": (
        '[[rule]]\nname = "one"\nanswer = "allow"',
        "an allow names the actions that it allows",
    ),
    "an allow that asks": (
        '[[rule]]\nname = "one"\nanswer = "allow"\naction = "trigger_sync"\nsecond_person = true',
        "belong to",
    ),
    "a deny at times": (
        '[[rule]]\nname = "one"\nanswer = "deny"\nwindow = { zone = "UTC" }',
        "would deny always",
    ),
    "a deny at a rate": (
        '[[rule]]\nname = "one"\nanswer = "deny"\nrate = { at_most = 1, in = "1h" }',
        "would deny always",
    ),
    "no TOML": ("[[rule", "is not valid TOML"),
}


@pytest.mark.parametrize(("text", "told"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_named_with_its_place_and_the_right_word(text: str, told: str) -> None:
    with pytest.raises(PolicyFileError) as refused:
        rules_of(text)

    assert told in str(refused.value)
    assert "policy.toml" in str(refused.value)
    assert "pydantic" not in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("outside", ['connection_name = "*dev*"', 'tag = "dev"', 'client = "ci*"'])
def test_names_tags_and_clients_can_never_allow(outside: str) -> None:
    allow = f'[[rule]]\nname = "one"\nanswer = "allow"\naction = "trigger_sync"\n{outside}'
    with pytest.raises(PolicyFileError, match="come from outside: they can only tighten"):
        rules_of(allow)

    assert rules_of(allow.replace('"allow"', '"deny"'))
    assert rules_of(allow.replace('"allow"', '"confirm"'))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(PolicyFileError, match=r"gone\.toml cannot be read: No such file"):
        load_rules(tmp_path / "gone.toml", KNOWN)


def test_a_folder_is_no_policy_file(tmp_path: Path) -> None:
    with pytest.raises(PolicyFileError, match="cannot be read"):
        load_rules(tmp_path, KNOWN)


def test_a_file_of_bytes_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(PolicyFileError, match="is not valid TOML"):
        load_rules(file, KNOWN)


def test_an_empty_file_has_no_rules() -> None:
    assert rules_of("") == ()


def test_one_value_and_a_list_of_one_are_the_same() -> None:
    one, many = (
        rules_of(CONFIRM + f"workspace = {form}\nconnection = {other}")
        for form, other in (
            (f'"{WORKSPACE}"', f'"{CONNECTION.upper()}"'),
            (f'["{WORKSPACE}"]', f'["{CONNECTION}"]'),
        )
    )

    assert one == many
