"""A plan in words, for the person who decides.

Names come from Airbyte and may be hostile: they are stripped of control,
bidirectional and line-breaking characters, capped, and quoted, so that no name
can forge a line of the question. The text is the same each time for the same
plan: no clocks, no random, or a client would ask again and again.
"""

import json
import os.path
from collections.abc import Iterator

from airbyte_guardrails.plans import MANY_TARGETS, Change, Plan, Risk, Target
from airbyte_guardrails.states import PlanState

NAME_LIMIT = 80
VALUE_LIMIT = 200
CHANGE_LIMIT = 8_000
"""Longer than what any argument of a tool can ask for: what is sent is shown whole."""
REASON_LIMIT = 500
BLANK_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Letters and marks by their category, blank to the eye: two names that differ in them look the same."""
SHORTEST_TELLING_NAME = 3
HEADLINES = {
    PlanState.PROPOSED: "Waits for a decision",
    PlanState.APPROVED: "Approved, not done yet",
    PlanState.EXECUTING: "Being done right now",
    PlanState.EXECUTED: "Done",
    PlanState.FAILED: "Approved, but it did not work out as planned",
    PlanState.OUTCOME_UNKNOWN: "It may have been sent; what Airbyte made of it is not known for certain",
    PlanState.DENIED: "Denied, nothing was changed",
    PlanState.EXPIRED: "Expired, nothing was changed",
    PlanState.STALE: "Out of date, nothing was changed",
    PlanState.SUPERSEDED: "Replaced by a newer plan, nothing was changed",
}
"""How a plan stands, for people."""
_LEAD = 20
_EXCERPT = 100
_ANSWERS = frozenset({"yes", "nope", "deny", "approve", "cancel", "decline", "accept", "abort", "stop"})


def clean(text: str, limit: int) -> str:
    """`text` on one line without characters that act on a display, at most `limit` characters.

    Unicode categories C* (control, format, surrogate, private use, unassigned),
    line or paragraph separators and letters that nobody can see become spaces;
    runs of space collapse.
    """
    visible = text[: limit * 4]
    # Printable is to Python whatever is neither of C* nor of Z*, and the space.
    if not (visible.isprintable() and BLANK_LETTERS.isdisjoint(visible)):
        visible = "".join(c if c.isprintable() and c not in BLANK_LETTERS else " " for c in visible)
    line = " ".join(visible.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def quoted(name: str) -> str:
    """A name from Airbyte between double quotes that it cannot close."""
    return '"' + clean(name, NAME_LIMIT).replace('"', "'") + '"'


def sides(change: Change, limit: int = CHANGE_LIMIT) -> tuple[str, str]:
    """Before and after as people see them: what is cut says so, and what differs never looks the same."""
    before, after = _cut(change.before, limit), _cut(change.after, limit)
    if before != after or change.before == change.after:
        return before, after
    alike = os.path.commonprefix([change.before, change.after])  # noqa: RUF071 - of texts, by characters
    same = max(len(alike) - _LEAD, 0)
    return _excerpt(change.before, same), _excerpt(change.after, same)


def _cut(text: str, limit: int) -> str:
    line = clean(text, len(text))
    rest = len(line) - limit
    return line if rest <= 0 else f"{line[:limit]}… and {rest:,} more characters"


def _excerpt(text: str, start: int) -> str:
    skipped = f"(after {start:,} characters that stay) " if start else ""
    rest = len(text) - start - _EXCERPT
    more = f" and {rest:,} more characters" if rest > 0 else ""
    return skipped + spelled_out(text[start : start + _EXCERPT]) + more


def spelled_out(text: str) -> str:
    """A text between quotes, with an escape for all that cannot be seen or that `clean` would change."""
    return json.dumps(text).replace("  ", " \\u0020")


def needs_name(plan: Plan) -> bool:
    """Whether the person must also type a name or a number: high risk, or many targets."""
    return plan.risk is Risk.HIGH or len(plan.targets) > MANY_TARGETS


def what_to_type(plan: Plan) -> str:
    """What a plan that `needs_name` wants typed, in words that show it."""
    target, *others = plan.targets
    if others:
        return f"the number of targets, {len(plan.targets)}"
    named = _is_telling(target)
    return f"its name, {quoted(target.name)}" if named else f"its id, {clean(target.id, NAME_LIMIT)}"


def is_confirmed_by(plan: Plan, typed: object) -> bool:
    """Whether `typed` is what a plan that `needs_name` wants: it shows that the person read the question.

    A name that is empty to the eye, or that somebody types who means no, cannot be that; then it is the id.
    """
    if not isinstance(typed, str):
        return False
    target, *others = plan.targets
    if others:
        return typed.strip() == str(len(plan.targets))
    named = _is_telling(target) and quoted(typed) == quoted(target.name)
    return named or typed.strip() == target.id


def _is_telling(target: Target) -> bool:
    name = clean(target.name, NAME_LIMIT)
    return len(name) >= SHORTEST_TELLING_NAME and name.casefold() not in _ANSWERS


def question(plan: Plan) -> str:
    """The whole question: where, what, every target, before and after, what cannot be undone."""
    return "\n".join(_lines(plan))


def _lines(plan: Plan) -> Iterator[str]:
    yield f"{plan.summary}?"
    yield f"Airbyte: {quoted(plan.instance.name)} at {clean(plan.instance.address, VALUE_LIMIT)}"
    yield f"Action: {plan.action}. Risk: {plan.risk}."
    for target in plan.targets:
        yield from _target_lines(target)
    yield from (f"Effect: {clean(effect, VALUE_LIMIT)}" for effect in plan.effects)
    yield from (f"Cannot be undone: {clean(loss, VALUE_LIMIT)}" for loss in plan.irreversible)
    yield from (f"Warning: {clean(warning, VALUE_LIMIT)}" for warning in plan.warnings)
    if plan.verdict.because:
        yield f"Policy: {clean(plan.verdict.because, VALUE_LIMIT)}"


def _target_lines(target: Target) -> Iterator[str]:
    yield f"- {clean(target.kind, NAME_LIMIT)} {quoted(target.name)} ({clean(target.id, NAME_LIMIT)})"
    for change in target.changes:
        before, after = sides(change)
        yield f"    {clean(change.field, NAME_LIMIT)}: {before} -> {after}"
    yield from (f"    {clean(note, VALUE_LIMIT)}" for note in target.notes)
