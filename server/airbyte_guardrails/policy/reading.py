"""A policy in words, and what a careful operator would want to know of it."""

from collections.abc import Iterator

from airbyte_guardrails.evidence import Evidence
from airbyte_guardrails.policy.rules import TRUSTED_KEYS, Rule
from airbyte_guardrails.verdicts import Answer

ALWAYS_HIGH_RISK = frozenset({"clear_connection"})

_KINDS = {
    Evidence.OUT_OF_BAND: "an approver who is signed in on the approvals page",
    Evidence.LOCAL_BROWSER: "the person at this desktop's browser, or an approver who is signed in",
    Evidence.ELICITED: "a person, through the client's own form or in a stronger way",
    Evidence.LOCAL_TERMINAL: "a person, in any way",
}
_SUBJECTS = {
    "instance": "on the Airbyte",
    "workspace": "in the workspace",
    "connection": "on the connection",
    "principal": "asked for by",
    "connection_name": "where the connection's name fits",
    "tag": "where the connection has the tag",
    "client": "where the client calls itself",
}


def described(rule: Rule) -> str:
    """What the rule does, as a sentence."""
    about = [_either(rule.action) if rule.action else "Every change"]
    about += [
        f"{words} {_either(wanted)}" for key, words in _SUBJECTS.items() if (wanted := getattr(rule, key))
    ]
    sentence = f"{' '.join(about)}: {'; '.join(_consequences(rule))}."
    return f"Only on trial, changes nothing: {sentence}" if rule.shadow else sentence


def _consequences(rule: Rule) -> Iterator[str]:
    match rule.answer:
        case Answer.DENY:
            yield "is denied"
        case Answer.ALLOW:
            yield "is done without asking a person" + (
                ", even at high risk" if rule.high_risk else "; at high risk a person is asked"
            )
        case Answer.CONFIRM:
            yield f"needs a yes from {_asked(rule)}"
    if rule.window:
        yield f"only {' or '.join(window.words() for window in rule.window)}, at other times it is denied"
    for rate in rule.rate:
        yield f"{rate.words()}, beyond that it is denied"
    if rule.names_outside_things:
        yield "the rules after it are asked too, and the stricter answer holds"


def _asked(rule: Rule) -> str:
    if rule.second_person:
        return "a second person: an approver who is signed in on the approvals page and is not who asked"
    return _KINDS[rule.least_evidence or Evidence.LOCAL_TERMINAL]


def _either(wanted: tuple[str, ...]) -> str:
    return " or ".join(wanted)


def suspicions(rules: tuple[Rule, ...]) -> Iterator[str]:
    """What in the rules may not be what was meant, a sentence each."""
    for place, rule in enumerate(rules):
        if hiding := next((earlier for earlier in rules[:place] if _hides(earlier, rule)), None):
            yield f'"{rule.name}" is never reached: "{hiding.name}" comes first and decides all of it.'
        yield from _doubts(rule)


def _doubts(rule: Rule) -> Iterator[str]:
    risky = ALWAYS_HIGH_RISK.intersection(rule.action)
    if rule.answer is Answer.ALLOW and rule.high_risk:
        lost = " It deletes data at the destination." if risky else ""
        yield f'"{rule.name}" lets the model do what cannot be taken back, without anybody being asked.{lost}'
    if rule.answer is Answer.ALLOW and not rule.high_risk and risky.issuperset(rule.action):
        yield f'"{rule.name}" never allows anything: {_either(rule.action)} is always of high risk.'
    if rule.second_person:
        yield (
            f'"{rule.name}" denies whoever is not signed in: over stdio nobody is, so there it always denies.'
        )
    if rule.connection_name or rule.tag:
        yield f'"{rule.name}" no longer holds once somebody renames or retags the connection; ids stay.'


def _hides(earlier: Rule, later: Rule) -> bool:
    """Whether the earlier rule decides whatever the later one is about."""
    if earlier.shadow or earlier.names_outside_things:
        return False
    conditions = ((getattr(earlier, key), getattr(later, key)) for key in TRUSTED_KEYS)
    return all(not wide or (narrow and set(narrow) <= set(wide)) for wide, narrow in conditions)
