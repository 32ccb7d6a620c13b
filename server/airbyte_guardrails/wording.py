"""A plan in words, for the person who decides.

Names come from Airbyte and may be hostile: they are stripped of control,
bidirectional and line-breaking characters, capped, and quoted, so that no name
can forge a line of the question. The text is the same each time for the same
plan: no clocks, no random, or a client would ask again and again.
"""

import unicodedata
from collections.abc import Iterator

from airbyte_guardrails.plans import Plan, Risk, Target

NAME_LIMIT = 80
VALUE_LIMIT = 200
MANY_TARGETS = 5


def clean(text: str, limit: int) -> str:
    """`text` on one line without characters that act on a display, at most `limit` characters.

    Unicode categories C* (control, format, surrogate, private use, unassigned)
    and line or paragraph separators become spaces; runs of space collapse.
    """
    visible = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in text[: limit * 4])
    line = " ".join(visible.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def quoted(name: str) -> str:
    """A name from Airbyte between double quotes that it cannot close."""
    return '"' + clean(name, NAME_LIMIT).replace('"', "'") + '"'


def needs_name(plan: Plan) -> bool:
    """Whether the person must also type a name or a number: high risk, or many targets."""
    return plan.risk is Risk.HIGH or len(plan.targets) > MANY_TARGETS


def expected_confirmation(plan: Plan) -> str:
    """What must be typed for a plan that `needs_name`: the one target's name, or how many there are."""
    return clean(plan.targets[0].name, NAME_LIMIT) if len(plan.targets) == 1 else str(len(plan.targets))


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


def _target_lines(target: Target) -> Iterator[str]:
    yield f"- {clean(target.kind, NAME_LIMIT)} {quoted(target.name)} ({clean(target.id, NAME_LIMIT)})"
    for change in target.changes:
        before, after = clean(change.before, VALUE_LIMIT), clean(change.after, VALUE_LIMIT)
        yield f"    {clean(change.field, NAME_LIMIT)}: {before} -> {after}"
    yield from (f"    {clean(note, VALUE_LIMIT)}" for note in target.notes)
