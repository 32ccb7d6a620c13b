"""Whether a rule is about a subject: yes, no, or only so that it may tighten.

A condition on what others can choose (a name, a tag, a client's own name)
never makes a rule decide, nor does one on a fact that is not known. Such a
rule adds its strictness, and the rules after it are asked as if it were not
there: so neither a renamed connection nor a missing fact can loosen anything.
"""

import unicodedata
from collections.abc import Callable, Iterator
from enum import Enum
from fnmatch import fnmatchcase
from functools import partial
from typing import NamedTuple

from airbyte_guardrails.policy.rules import Rule, is_address, is_same_place
from airbyte_guardrails.policy.subjects import Subject


class Fit(Enum):
    """How far a rule is about a subject."""

    NO = "no"
    TIGHTENS = "tightens"
    DECIDES = "decides"


class Fitting(NamedTuple):
    """The fit, and for a no or a mere tightening the condition that made it one."""

    fit: Fit
    because: str = ""


class _Condition(NamedTuple):
    key: str
    wanted: tuple[str, ...]
    actual: tuple[str, ...] | None
    same: Callable[[str, str], bool] = str.__eq__
    outside: bool = False


def fitting(rule: Rule, subject: Subject) -> Fitting:
    """How far the rule is about the subject."""
    doubts: list[str] = []
    for condition in _conditions(rule, subject):
        if condition.actual is None:
            doubts.append(f"its {condition.key} is not known")
        elif not _fits(condition):
            return Fitting(Fit.NO, f"its {condition.key} is another")
        elif condition.outside:
            doubts.append(f"its {condition.key} comes from outside")
    return Fitting(Fit.TIGHTENS, " and ".join(doubts)) if doubts else Fitting(Fit.DECIDES)


def may_count(rule: Rule, deed: Subject) -> bool:
    """Whether a deed counts for the rule's rate; no name that others can choose keeps it from counting."""
    trusted = (c for c in _conditions(rule, deed) if not c.outside)
    return all(condition.actual is None or _fits(condition) for condition in trusted)


def _conditions(rule: Rule, subject: Subject) -> Iterator[_Condition]:
    """The rule's conditions that are there, each with what the subject has for it; None is unknown."""
    names = (subject.instance, subject.address)
    yield from _if_any("action", rule.action, (subject.action,))
    yield from _if_any("instance", rule.instance, names, same=_same_instance)
    yield from _if_any("workspace", rule.workspace, _known(subject.workspace), same=_same_id)
    yield from _if_any("connection", rule.connection, _known(subject.connection), same=_same_id)
    yield from _if_any("principal", rule.principal, (subject.principal,) if subject.principal else ())
    outside = partial(_if_any, outside=True)
    yield from outside("connection_name", rule.connection_name, _known(subject.name), same=_fits_pattern)
    yield from outside("tag", rule.tag, subject.tags, same=_same_word)
    yield from outside("client", rule.client, _known(subject.client), same=_fits_pattern)


def _if_any(
    key: str,
    wanted: tuple[str, ...],
    actual: tuple[str, ...] | None,
    *,
    same: Callable[[str, str], bool] = str.__eq__,
    outside: bool = False,
) -> Iterator[_Condition]:
    if wanted:
        yield _Condition(key, wanted, actual, same, outside)


def _known(value: str | None) -> tuple[str, ...] | None:
    return None if value is None else (value,)


def _fits(condition: _Condition) -> bool:
    return any(condition.same(wanted, one) for wanted in condition.wanted for one in condition.actual or ())


def _same_instance(wanted: str, actual: str) -> bool:
    return is_same_place(wanted, actual) if is_address(wanted) and is_address(actual) else wanted == actual


def _same_id(wanted: str, actual: str) -> bool:
    return wanted == actual.casefold()


def _same_word(wanted: str, actual: str) -> bool:
    return _folded(wanted) == _folded(actual)


def _fits_pattern(wanted: str, actual: str) -> bool:
    return fnmatchcase(_folded(actual), _folded(wanted))


def _folded(text: str) -> str:
    """Without case, compatibility forms and invisible characters, which would slip past a pattern."""
    shown = unicodedata.normalize("NFKC", text).casefold()
    return " ".join("".join(c for c in shown if unicodedata.category(c)[0] != "C").split())
