"""Whatever rules a file holds: nothing from outside loosens, more targets never loosen, a trial changes nothing."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from airbyte_guardrails.policy.rules import OUTSIDE_KEYS, Rule
from airbyte_guardrails.verdicts import Answer, strictest
from policies import (
    ANN,
    CONNECTION,
    NOBODY,
    OTHER_CONNECTION,
    OTHER_WORKSPACE,
    WORKSPACE,
    connection,
    plan_of,
    said,
)

# Any rules that a file could hold, over few values, so that they often meet.
NAMES = st.sampled_from(["Orders", "prod orders", "test"])
TAGS = st.one_of(st.none(), st.lists(st.sampled_from(["finance", "hr"]), max_size=2).map(tuple))
CLIENTS = st.sampled_from([None, "claude", "ci"])
SUBSETS = st.fixed_dictionaries(
    {},
    optional={
        "action": st.sampled_from(["trigger_sync", "clear_connection"]),
        "workspace": st.sampled_from([WORKSPACE, OTHER_WORKSPACE]),
        "connection": st.sampled_from([CONNECTION, OTHER_CONNECTION]),
        "principal": st.sampled_from([ANN, "token:bob"]),
        "connection_name": st.sampled_from(["*prod*", "test", "*"]),
        "tag": st.sampled_from(["finance", "hr"]),
        "client": st.sampled_from(["claude*", "*"]),
    },
)
ANSWERS = st.one_of(
    st.just({"answer": "deny"}),
    st.just({"answer": "allow", "action": "trigger_sync"}),
    st.sampled_from(
        [
            {"answer": "confirm"},
            {"answer": "confirm", "second_person": True},
            {"answer": "confirm", "least_evidence": "elicited"},
            {"answer": "confirm", "window": {"days": "sat", "zone": "UTC"}},
        ]
    ),
)


def _rule(conditions: dict[str, object], answers: dict[str, object]) -> Rule:
    kept = {
        key: value
        for key, value in conditions.items()
        if answers["answer"] != "allow" or key not in OUTSIDE_KEYS
    }
    return Rule.model_validate({"name": "r", **kept, **answers})


RULES = st.lists(st.builds(_rule, SUBSETS, ANSWERS), max_size=5).map(tuple)
WORKSPACES = st.sampled_from([WORKSPACE, OTHER_WORKSPACE, None])
CONNECTIONS = st.sampled_from([CONNECTION, OTHER_CONNECTION])
TARGETS = st.builds(connection, CONNECTIONS, NAMES, WORKSPACES, TAGS)
REQUESTERS = st.sampled_from([ANN, NOBODY])


def without_outside(rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """The rules that no name, tag or client has a part in."""
    return tuple(rule for rule in rules if not rule.names_outside_things)


@given(RULES, TARGETS, REQUESTERS, CLIENTS)
def test_nothing_from_outside_ever_loosens(
    rules: tuple[Rule, ...], target: object, requester: str, client: str | None
) -> None:
    plan = plan_of("trigger_sync", target, requester=requester, client=client)  # type: ignore[arg-type]  # a target

    assert said(rules, plan).strictness >= said(without_outside(rules), plan).strictness


@given(RULES, TARGETS, st.integers(0, 5), SUBSETS)
def test_a_rule_on_outside_things_only_ever_tightens_wherever_it_is_put(
    rules: tuple[Rule, ...], target: object, place: int, conditions: dict[str, object]
) -> None:
    added = _rule(conditions | {"connection_name": "*"}, {"answer": "confirm", "least_evidence": "elicited"})
    plan = plan_of("trigger_sync", target)  # type: ignore[arg-type]  # a target

    assert said((*rules[:place], added, *rules[place:]), plan).strictness >= said(rules, plan).strictness


@given(RULES, TARGETS)
def test_a_deny_put_first_denies_and_a_rule_on_trial_changes_nothing(
    rules: tuple[Rule, ...], target: object
) -> None:
    plan = plan_of("trigger_sync", target)  # type: ignore[arg-type]  # a target
    deny = Rule.model_validate({"name": "deny", "answer": "deny"})
    trial = deny.model_copy(update={"shadow": True})

    assert said((deny, *rules), plan).answer is Answer.DENY
    for place in range(len(rules) + 1):
        assert said((*rules[:place], trial, *rules[place:]), plan).strictness == said(rules, plan).strictness


@given(RULES, st.lists(TARGETS, min_size=1, max_size=4))
def test_more_targets_never_loosen(rules: tuple[Rule, ...], targets: list[object]) -> None:
    alone = [said(rules, plan_of("trigger_sync", target)) for target in targets]  # type: ignore[arg-type]  # targets
    together = said(rules, plan_of("trigger_sync", *targets))  # type: ignore[arg-type]  # as above

    assert together.strictness == strictest(alone).strictness
