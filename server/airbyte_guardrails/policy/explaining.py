"""Why policy answers a plan as it does: the walk that decided it, step by step, in words."""

from collections.abc import Iterator
from datetime import UTC, datetime

from airbyte_guardrails.plans import Plan
from airbyte_guardrails.policy import Policy
from airbyte_guardrails.policy.deciding import Step, steps_on, told
from airbyte_guardrails.policy.fitting import Fit
from airbyte_guardrails.policy.subjects import History, Subject
from airbyte_guardrails.verdicts import Answer, Verdict
from airbyte_guardrails.wording import quoted


def explained(policy: Policy, plan: Plan, moment: datetime, history: History) -> Iterator[str]:
    """Every rule that was looked at for every target, what it said, and the answer, a line each.

    Raises:
        RefusedByPolicyError: No rule could permit the action.
    """
    for subject, steps in steps_on(policy.rules, plan, policy.least_evidence, moment, history):
        yield f"{_subject(subject)}, at {moment.astimezone(UTC):%a %Y-%m-%d %H:%M} UTC:"
        for number, step in enumerate(steps, 1):
            yield f"  {number}. {_step(step)}"
        yield f"  So: {_answer(told(steps))}"
    yield f"Answer: {_answer(policy.answer(plan, moment, history))}"


def _subject(subject: Subject) -> str:
    named = "" if subject.name is None else f" {quoted(subject.name)}"
    return (
        f"{subject.action} on connection{named} {subject.connection or '(id not known)'}"
        f" in workspace {subject.workspace or '(not known)'} of {subject.instance} at {subject.address},"
        f" {'high risk' if subject.high_risk else 'not of high risk'},"
        f" asked for by {subject.principal or 'somebody who is not signed in'}"
    )


def _step(step: Step) -> str:
    if step.rule is None:
        return "No rule decided: a person is asked."
    name = f'"{step.rule.name}"'
    if step.verdict is None:
        return f"{name} is passed over: {step.fitting.because}."
    if step.on_trial:
        return f"{name} is on trial and changes nothing. {step.verdict.because}"
    if step.fitting.fit is Fit.TIGHTENS:
        return f"{name} can only tighten, because {step.fitting.because}. {step.verdict.because}"
    return f"{name} decides. {step.verdict.because}"


def _answer(verdict: Verdict) -> str:
    by = f' by rule "{verdict.rule}"' if verdict.rule else ", as no rule says otherwise"
    if verdict.answer is not Answer.CONFIRM:
        return f"{verdict.answer}{by}."
    second = ", from a second person" if verdict.second_person else ""
    return f"confirm{by}; the least that counts is {verdict.least_evidence}{second}."
