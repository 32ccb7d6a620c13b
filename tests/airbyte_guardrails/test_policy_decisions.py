"""What rules answer: the first that decides, the strictest target, and nothing from outside that loosens."""

from datetime import timedelta

import pytest

from airbyte_guardrails.errors import EvidenceTooWeakError, RefusedByPolicyError
from airbyte_guardrails.evidence import Evidence
from airbyte_guardrails.plans import Instance, Risk
from airbyte_guardrails.policy import Policy
from airbyte_guardrails.policy.rules import OUTSIDE_KEYS
from airbyte_guardrails.policy.subjects import Deed, subjects_of
from airbyte_guardrails.verdicts import Answer, Verdict
from policies import (
    ANN,
    CONNECTION,
    MONDAY_NOON,
    NOBODY,
    OTHER_CONNECTION,
    OTHER_WORKSPACE,
    WORKSPACE,
    connection,
    plan_of,
    rules_of,
    said,
)

ALLOW = '[[rule]]\nname = "allow"\nanswer = "allow"\naction = "trigger_sync"\n'
DENY = '[[rule]]\nname = "deny"\nanswer = "deny"\n'
CONFIRM = '[[rule]]\nname = "confirm"\nanswer = "confirm"\n'


def answer(text: str, *args: object, **kwargs: object) -> str:
    """The word alone."""
    return said(text, *args, **kwargs).answer.value  # type: ignore[arg-type]  # handed on as they come


def test_without_a_rule_a_person_is_asked() -> None:
    assert said("") == Verdict(answer=Answer.CONFIRM, least_evidence=Evidence.LOCAL_TERMINAL)


def test_the_first_rule_that_fits_decides() -> None:
    assert answer(ALLOW + DENY) == "allow"
    assert answer(DENY + ALLOW) == "deny"
    assert said(DENY + ALLOW).rule == "deny"
    assert said(DENY + ALLOW).because == 'Policy rule "deny" denies this.'


@pytest.mark.parametrize(
    ("condition", "fits"),
    [
        ('action = "trigger_sync"', True),
        ('action = ["clear_connection", "trigger_sync"]', True),
        ('action = "clear_connection"', False),
        (f'workspace = "{WORKSPACE}"', True),
        (f'workspace = "{WORKSPACE.upper()}"', True),
        (f'workspace = "{OTHER_WORKSPACE}"', False),
        (f'connection = ["{OTHER_CONNECTION}", "{CONNECTION}"]', True),
        (f'connection = "{OTHER_CONNECTION}"', False),
        (f'principal = "{ANN}"', True),
        ('principal = "token:bob"', False),
        ('instance = "default"', True),
        ('instance = "sandbox"', False),
        ('instance = "https://airbyte.example.com"', True),
        ('instance = "https://AIRBYTE.example.com:443/api"', True),
        ('instance = "https://airbyte.example.com/other"', False),
        ('instance = "https://airbyte.example.com/ap"', False),
        ('instance = "http://airbyte.example.com"', False),
        ('instance = "https://airbyte.example.com.evil.test"', False),
        ('connection_name = "ord*"', True),
        ('connection_name = "*prod*"', False),
        ('tag = "finance"', True),
        ('tag = "FINANCE"', True),
        ('tag = "hr"', False),
        ('client = "some*"', True),
        ('client = "claude*"', False),
        (f'action = "trigger_sync"\nworkspace = "{OTHER_WORKSPACE}"', False),
    ],
)
def test_a_rule_fits_when_all_its_conditions_do(condition: str, *, fits: bool) -> None:
    plan = plan_of("trigger_sync", connection(tags=("Finance",)))

    assert answer(DENY + condition, plan) == ("deny" if fits else "confirm")


@pytest.mark.parametrize(
    "name", ["PROD orders", "pr\u200bod", "\uff50\uff52\uff4f\uff44", "\u202eprod", "old prod copy"]
)
def test_case_and_invisible_characters_do_not_slip_past_a_pattern(name: str) -> None:
    assert (
        answer(DENY + 'connection_name = "*prod*"', plan_of("trigger_sync", connection(name=name))) == "deny"
    )


def test_a_rule_on_a_name_never_keeps_a_later_rule_from_being_asked() -> None:
    lenient = CONFIRM + 'connection_name = "*test*"\n'
    renamed = plan_of("trigger_sync", connection(name="now a test"))

    assert answer(lenient + DENY, renamed) == "deny"
    assert (
        said(lenient + CONFIRM.replace("confirm", "two", 1) + 'least_evidence = "out_of_band"', renamed).rule
        == "two"
    )
    assert answer(lenient + ALLOW, renamed) == "confirm"


@pytest.mark.parametrize("key", ["workspace", "connection", "tag"])
def test_what_is_not_known_tightens_and_never_loosens(key: str) -> None:
    value = {"workspace": WORKSPACE, "connection": CONNECTION, "tag": "finance"}[key]
    unknown = plan_of("trigger_sync", connection(None, workspace=None, tags=None))

    assert answer(DENY + f'{key} = "{value}"', unknown) == "deny"
    if key not in OUTSIDE_KEYS:
        assert answer(ALLOW + f'{key} = "{value}"', unknown) == "confirm"


def test_of_several_targets_the_strictest_answer_holds() -> None:
    rules = ALLOW + f'workspace = "{WORKSPACE}"\n' + DENY + f'workspace = "{OTHER_WORKSPACE}"\n'
    here, there = connection(), connection(OTHER_CONNECTION, workspace=OTHER_WORKSPACE)

    assert answer(rules, plan_of("trigger_sync", here)) == "allow"
    assert answer(rules, plan_of("trigger_sync", here, there)) == "deny"
    assert answer(rules, plan_of("trigger_sync", there, here)) == "deny"


def test_taking_back_a_change_is_that_change_too() -> None:
    undo = plan_of("undo_change", acts_as="update_schedule")
    allowed = '[[rule]]\nname = "u"\nanswer = "allow"\naction = "undo_change"\n'

    assert answer(DENY + 'action = "update_schedule"', undo) == "deny"
    assert answer(DENY + 'action = "undo_change"', undo) == "deny"
    assert answer(allowed, undo) == "confirm"
    assert answer(allowed.replace('"undo_change"', '["undo_change", "update_schedule"]'), undo) == "allow"


def test_an_allow_stops_at_high_risk_unless_it_says_so() -> None:
    risky = plan_of(risk=Risk.HIGH)

    assert answer(ALLOW, risky) == "confirm"
    assert "only at lower risk" in said(ALLOW, risky).because
    assert answer(ALLOW + "high_risk = true", risky) == "allow"


def test_a_closed_window_denies_and_says_when_it_may_be_done() -> None:
    office = CONFIRM + 'window = { days = "mon-fri", from = "08:00", to = "18:00", zone = "Europe/Berlin" }'

    assert answer(office) == "confirm"
    verdict = said(office, moment=MONDAY_NOON + timedelta(days=5))
    assert verdict.answer is Answer.DENY
    assert "it may be done mon-fri from 08:00 to 18:00 (Europe/Berlin)" in verdict.because


def deeds(*minutes_ago: int) -> list[Deed]:
    """Changes that were begun so many minutes before."""
    (subject,) = subjects_of(plan_of())
    return [Deed(subject, MONDAY_NOON - timedelta(minutes=ago)) for ago in minutes_ago]


@pytest.mark.parametrize(
    ("ago", "left"), [((1, 2, 3, 4), True), ((1, 2, 3, 4, 59), False), ((1, 2, 3, 4, 60), True)], ids=str
)
def test_a_used_up_rate_denies_until_the_period_is_over(ago: tuple[int, ...], *, left: bool) -> None:
    rate = CONFIRM + 'action = "trigger_sync"\nrate = { at_most = 5, in = "1h" }'

    assert answer(rate, deeds=deeds(*ago)) == ("confirm" if left else "deny")


def test_targets_of_one_plan_use_up_the_rate_one_by_one() -> None:
    rate = ALLOW + 'rate = { at_most = 2, in = "1h", per = "instance" }'
    targets = [connection(f"00000000-0000-4000-8000-00000000000{number}") for number in range(3)]

    assert answer(rate, plan_of("trigger_sync", *targets[:2])) == "allow"
    assert answer(rate, plan_of("trigger_sync", *targets)) == "deny"


@pytest.mark.parametrize(
    ("per", "other", "shared"),
    [
        ("connection", plan_of("trigger_sync", connection(OTHER_CONNECTION)), False),
        ("connection", plan_of("trigger_sync", requester="token:bob"), True),
        ("workspace", plan_of("trigger_sync", connection(OTHER_CONNECTION)), True),
        (
            "workspace",
            plan_of("trigger_sync", connection(OTHER_CONNECTION, workspace=OTHER_WORKSPACE)),
            False,
        ),
        ("workspace", plan_of("trigger_sync", connection(OTHER_CONNECTION, workspace=None)), True),
        ("instance", plan_of("trigger_sync", connection(OTHER_CONNECTION, workspace=OTHER_WORKSPACE)), True),
        ("instance", plan_of(instance=Instance(name="b", address="https://b.test")), False),
        ("principal", plan_of("trigger_sync", connection(OTHER_CONNECTION)), True),
        ("principal", plan_of(requester="token:bob"), False),
        ("principal", plan_of(requester=NOBODY), False),
        ("connection", plan_of("clear_connection"), False),
    ],
)
def test_a_rate_is_counted_for_each_of_what_it_is_per(per: str, other: object, *, shared: bool) -> None:
    rate = CONFIRM + f'action = "trigger_sync"\nrate = {{ at_most = 1, in = "1h", per = "{per}" }}'
    done = [Deed(subject, MONDAY_NOON) for subject in subjects_of(other)]  # type: ignore[arg-type]  # always a plan

    assert answer(rate, deeds=done) == ("deny" if shared else "confirm")


def test_two_who_are_not_signed_in_share_one_count() -> None:
    rate = CONFIRM + 'rate = { at_most = 1, in = "1h", per = "principal" }'
    done = [Deed(subject, MONDAY_NOON) for subject in subjects_of(plan_of(requester="session:ffff"))]

    assert answer(rate, plan_of(requester=NOBODY), deeds=done) == "deny"


def test_a_renamed_connection_still_counts() -> None:
    rate = CONFIRM + 'connection_name = "*prod*"\nrate = { at_most = 1, in = "1h" }'
    done = [
        Deed(subject, MONDAY_NOON)
        for subject in subjects_of(plan_of("trigger_sync", connection(name="was another")))
    ]

    assert answer(rate, plan_of("trigger_sync", connection(name="prod")), deeds=done) == "deny"


def test_a_second_person_cannot_be_told_apart_from_nobody() -> None:
    rule = CONFIRM + "second_person = true"

    assert "nobody is signed in here" in said(rule, plan_of(requester=NOBODY)).because
    assert answer(rule, plan_of(requester=NOBODY)) == "deny"
    verdict = said(rule, plan_of(requester=ANN))
    assert (verdict.answer, verdict.least_evidence, verdict.second_person) == (
        Answer.CONFIRM,
        Evidence.OUT_OF_BAND,
        True,
    )


@pytest.mark.parametrize(
    ("evidence", "approver", "requester", "counts"),
    [
        (Evidence.OUT_OF_BAND, "bob", ANN, True),
        (Evidence.OUT_OF_BAND, "ann", ANN, False),
        (Evidence.OUT_OF_BAND, "ANN", ANN, False),
        (Evidence.OUT_OF_BAND, "bob", NOBODY, False),
        (Evidence.ELICITED, "bob", ANN, False),
        (Evidence.LOCAL_TERMINAL, "bob", ANN, False),
        (Evidence.POLICY, "policy:x", ANN, False),
    ],
)
def test_who_counts_as_a_second_person(
    evidence: Evidence, approver: str, requester: str, *, counts: bool
) -> None:
    verdict = said(CONFIRM + "second_person = true", plan_of(requester=ANN))
    if counts:
        verdict.require(evidence, approver, requester)
        return
    with pytest.raises(EvidenceTooWeakError):
        verdict.require(evidence, approver, requester)


@pytest.mark.parametrize("least", ["out_of_band", "local_browser", "elicited", "local_terminal"])
def test_no_rule_is_ever_met_by_the_models_word(least: str) -> None:
    verdict = said(CONFIRM + f'least_evidence = "{least}"', least=Evidence.MODEL_ASSERTED)
    with pytest.raises(EvidenceTooWeakError, match="model_asserted does not count"):
        verdict.require(Evidence.MODEL_ASSERTED, "the model", ANN)

    said("", least=Evidence.MODEL_ASSERTED).require(Evidence.MODEL_ASSERTED, "the model", ANN)
    with pytest.raises(EvidenceTooWeakError):
        said("").require(Evidence.MODEL_ASSERTED, "the model", ANN)


def test_a_rule_cannot_loosen_what_the_settings_ask_for() -> None:
    rule = CONFIRM + 'least_evidence = "local_terminal"'

    assert said(rule, least=Evidence.ELICITED).least_evidence is Evidence.ELICITED


def test_what_policy_allowed_does_not_count_where_it_asks_a_person_by_now() -> None:
    with pytest.raises(EvidenceTooWeakError, match="now it asks for a person"):
        said("").require(Evidence.POLICY, "policy:allow", ANN)
    said(ALLOW).require(Evidence.POLICY, "policy:allow", ANN)


def test_a_rule_on_trial_says_what_it_would_do_and_changes_nothing() -> None:
    trial = DENY + "shadow = true\n"

    assert said(trial).model_copy(update={"shadows": ()}) == said("")
    assert said(trial).shadows == ('Policy rule "deny" denies this. (on trial: nothing was changed by it)',)
    assert answer(trial + ALLOW) == "allow"
    assert said(ALLOW + trial).shadows == ()


def test_tool_sets_and_read_only_are_above_every_rule() -> None:
    allowing = rules_of(ALLOW)
    for policy in (
        Policy(read_only=True, rules=allowing),
        Policy(offered=frozenset({"clear_connection"}), rules=allowing),
    ):
        with pytest.raises(RefusedByPolicyError):
            policy.answer(plan_of(), MONDAY_NOON, lambda _since: [])


def test_undoing_what_is_not_offered_is_refused() -> None:
    policy = Policy(offered=frozenset({"undo_change"}))
    with pytest.raises(RefusedByPolicyError, match="update_schedule"):
        policy.answer(plan_of("undo_change", acts_as="update_schedule"), MONDAY_NOON, lambda _since: [])


def test_the_digest_changes_with_whatever_it_says() -> None:
    policies = [
        Policy(),
        Policy(read_only=True),
        Policy(offered=frozenset()),
        Policy(least_evidence=Evidence.ELICITED),
    ]
    policies += [
        Policy(rules=rules_of(text))
        for text in (ALLOW, DENY, ALLOW + DENY, DENY + ALLOW, DENY + "shadow = true")
    ]

    assert len({policy.digest for policy in policies}) == len(policies)
    assert Policy(rules=rules_of(ALLOW)).digest == Policy(rules=rules_of(ALLOW)).digest
