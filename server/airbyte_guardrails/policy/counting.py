"""How much of a rate is used up, for one ruling: each period is read once, and each rate counted once.

A ruling holds the store's only write lock, and asks for the same count again
for every target of a plan.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from functools import cache

from airbyte_guardrails.policy.fitting import may_count
from airbyte_guardrails.policy.rules import Rule
from airbyte_guardrails.policy.subjects import Deed, History, Subject
from airbyte_guardrails.policy.windows import Per, Rate

_Tally = Counter[str | None]


class Count:
    """What was begun before a moment, and what one plan would begin before each of its targets.

    Args:
        history: What was begun before; it is asked once for each period.
        moment: Now, aware.
    """

    def __init__(self, history: History, moment: datetime) -> None:
        self._history = cache(history)
        self._moment = moment
        self._tallies: dict[tuple[str, Rate], _Tally] = {}

    def used(self, rule: Rule, rate: Rate, subject: Subject, before: Iterable[Subject]) -> int:
        """How many deeds count for the rule's rate where `subject` draws on it.

        Args:
            rule: The rule; only what it is about counts.
            rate: One of its rates.
            subject: The target that is looked at.
            before: The targets of the same plan that come first; they count as begun.
        """
        coming = _tally(rule, rate.per, (Deed(one, self._moment) for one in before))
        return _drawn_on(self._begun(rule, rate), rate.per, subject) + _drawn_on(coming, rate.per, subject)

    def _begun(self, rule: Rule, rate: Rate) -> _Tally:
        known = self._tallies.get((rule.name, rate))
        if known is None:
            known = _tally(rule, rate.per, self._history(self._moment - rate.period))
            self._tallies[rule.name, rate] = known
        return known


def _tally(rule: Rule, per: Per, deeds: Iterable[Deed]) -> _Tally:
    tally: _Tally = Counter()
    for deed in deeds:
        if may_count(rule, deed.subject):
            tally[_account(per, deed.subject)] += deed.times
    return tally


def _drawn_on(tally: _Tally, per: Per, subject: Subject) -> int:
    """What counts for the subject: what is not known draws on all, and all draw on it."""
    account = _account(per, subject)
    return tally.total() if account is None else tally[account] + tally[None]


def _account(per: Per, subject: Subject) -> str | None:
    """On whose count a subject draws; None where that is not known. Who is not signed in shares one."""
    match per:
        case Per.CONNECTION:
            return subject.connection
        case Per.WORKSPACE:
            return subject.workspace
        case Per.INSTANCE:
            return subject.address
        case Per.PRINCIPAL:
            return subject.principal or ""
