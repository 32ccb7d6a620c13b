"""What the rules answer: the walk through them, for one subject and for a whole plan."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from airbyte_guardrails.evidence import Evidence
from airbyte_guardrails.plans import Plan
from airbyte_guardrails.policy.counting import Count
from airbyte_guardrails.policy.fitting import Fit, Fitting, fitting
from airbyte_guardrails.policy.rules import Rule
from airbyte_guardrails.policy.subjects import History, Subject, subjects_of
from airbyte_guardrails.policy.windows import Rate
from airbyte_guardrails.verdicts import Answer, Verdict, can_have_a_second_person, strictest

Used = Callable[[Rule, Rate], int]
"""How much of a rule's rate is used up."""


@dataclass(frozen=True)
class Step:
    """One rule on the way to an answer; `verdict` is what it says, where it fits at all.

    The last step of a walk that no rule decided has no rule: there the default speaks.
    """

    rule: Rule | None
    fitting: Fitting
    verdict: Verdict | None

    @property
    def on_trial(self) -> bool:
        """Whether it only says what it would have done."""
        return self.rule is not None and self.rule.shadow


def verdict_on(
    rules: tuple[Rule, ...], plan: Plan, least: Evidence, moment: datetime, history: History
) -> Verdict:
    """The strictest answer over the plan's targets; arguments as in `steps_on`."""
    verdicts = [told(steps) for _, steps in steps_on(rules, plan, least, moment, history)]
    shadows = dict.fromkeys(sentence for verdict in verdicts for sentence in verdict.shadows)
    return strictest(verdicts).model_copy(update={"shadows": tuple(shadows)})


def steps_on(
    rules: tuple[Rule, ...], plan: Plan, least: Evidence, moment: datetime, history: History
) -> Iterator[tuple[Subject, list[Step]]]:
    """Each target of the plan with its walk through the rules.

    Args:
        rules: In their order; the first that decides ends a walk.
        plan: What is wanted.
        least: The weakest yes that counts where no rule asks for more.
        moment: Now, aware.
        history: What was begun before; targets of this plan that come first count as begun.
    """
    subjects, count = subjects_of(plan), Count(history, moment)
    for place, subject in enumerate(subjects):
        before = [one for one in subjects[:place] if one.action == subject.action]
        used = partial(count.used, subject=subject, before=before)
        yield subject, list(walk(rules, subject, least, moment, used))


def told(steps: list[Step]) -> Verdict:
    """What a walk comes to: the strictest of what was said, and what rules on trial would have said."""
    shadows = tuple(
        f"{step.verdict.because} (on trial: nothing was changed by it)"
        for step in steps
        if step.on_trial and step.verdict
    )
    live = strictest(step.verdict for step in steps if step.verdict and not step.on_trial)
    return live.model_copy(update={"shadows": shadows})


def walk(
    rules: tuple[Rule, ...], subject: Subject, least: Evidence, moment: datetime, used: Used
) -> Iterator[Step]:
    """The rules in their order, up to the first that decides; else the default, which asks a person."""
    for rule in rules:
        fits = fitting(rule, subject)
        if fits.fit is Fit.NO:
            yield Step(rule, fits, None)
            continue
        yield Step(rule, fits, _said_by(rule, subject, least, moment, used))
        if fits.fit is Fit.DECIDES and not rule.shadow:
            return
    yield Step(None, Fitting(Fit.DECIDES), Verdict(least_evidence=least))


def _said_by(rule: Rule, subject: Subject, least: Evidence, moment: datetime, used: Used) -> Verdict:
    """What a rule says to a subject that it fits."""
    named = f'Policy rule "{rule.name}"'
    if refusal := _refusal(rule, subject, moment, used):
        return Verdict(answer=Answer.DENY, rule=rule.name, because=f"{named} {refusal}.")
    asked = Evidence.OUT_OF_BAND if rule.second_person else rule.least_evidence
    stronger = asked if asked and asked.is_at_least(least) else least
    if rule.answer is Answer.ALLOW:
        if subject.high_risk and not rule.high_risk:
            because = f"{named} allows this only at lower risk, so a person is asked."
            return Verdict(rule=rule.name, because=because, least_evidence=least)
        because = f'Allowed by policy rule "{rule.name}"; no person was asked.'
        return Verdict(answer=Answer.ALLOW, rule=rule.name, because=because, least_evidence=least)
    return Verdict(
        rule=rule.name,
        because=f"{named} {_request(rule)}.",
        least_evidence=stronger,
        second_person=rule.second_person,
    )


def _request(rule: Rule) -> str:
    if rule.second_person:
        return "asks for a second person, signed in on the approvals page"
    if rule.least_evidence is Evidence.OUT_OF_BAND:
        return "asks for an approver who is signed in on the approvals page"
    if rule.least_evidence:
        return f"asks for a yes by {rule.least_evidence} or stronger"
    return "asks for a person"


def _refusal(rule: Rule, subject: Subject, moment: datetime, used: Used) -> str | None:
    """That the rule denies, and why, as the end of a sentence; None where it does not."""
    if rule.answer is Answer.DENY:
        return "denies this"
    if rule.window and not any(window.is_open(moment) for window in rule.window):
        return f"denies this now: it may be done {' or '.join(window.words() for window in rule.window)}"
    for rate in rule.rate:
        if used(rule, rate) >= rate.at_most:
            return f"denies this now: its rate is used up, {rate.words()}"
    if rule.second_person and not can_have_a_second_person(subject.principal or ""):
        return (
            "denies this: it asks for a second person, and nobody is signed in here who could be told"
            " apart from one; ask over HTTP with a named bearer token"
        )
    return None
