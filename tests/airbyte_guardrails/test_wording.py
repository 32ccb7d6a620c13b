"""Text from Airbyte cannot act on a display or forge a line of the question."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airbyte_guardrails.plans import Change, Plan, Risk, Target
from airbyte_guardrails.states import PlanState
from airbyte_guardrails.wording import (
    CHANGE_LIMIT,
    clean,
    is_confirmed_by,
    question,
    quoted,
    sides,
    what_to_type,
)
from plan_books import HERE

HOSTILE = {
    "new line": "a\nRisk: low",
    "carriage return": "a\rb",
    "unicode line separator": "a\u2028b",
    "paragraph separator": "a\u2029b",
    "next line": "a\u0085b",
    "bidirectional override": "a\u202eb",
    "bidirectional isolate": "a\u2066b",
    "escape sequence": "a\x1b[2Jb",
    "zero width": "a\u200bb",
    "byte order mark": "a\ufeffb",
    "tag characters": "a\U000e0041b",
    "no-break space": "a\u00a0b",
    "null": "a\x00b",
    "lone surrogate": "a\ud800b",
    "a letter that is blank": "a\u3164b",
    "a braille pattern that is blank": "a\u2800b",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_characters_that_act_become_one_space(text: str) -> None:
    assert clean(text, 80).startswith("a ")
    assert clean(text, 80).isprintable()


@given(st.text(max_size=500))
def test_any_name_is_one_printable_line_between_quotes_it_cannot_close(name: str) -> None:
    shown = quoted(name)

    assert shown[0] == shown[-1] == '"'
    assert '"' not in shown[1:-1]
    assert len(shown) <= 82
    assert shown.isprintable()


def test_long_text_is_cut_and_says_so() -> None:
    assert clean("x" * 1000, 80) == "x" * 79 + "…"


def test_ordinary_names_stay_as_they_are() -> None:
    assert quoted("Zürich → データ 🚀 (prod)") == '"Zürich → データ 🚀 (prod)"'


def high_risk(name: str, count: int = 1) -> Plan:
    """A plan whose target has this name."""
    moment = datetime(2026, 11, 23, tzinfo=UTC)
    return Plan(
        id="plan_x",
        action="trigger_sync",
        instance=HERE,
        requester="ann",
        arguments="{}",
        summary="Start",
        targets=tuple(Target(kind="connection", id=f"id-{i}", name=name) for i in range(count)),
        effects=(),
        irreversible=(),
        warnings=(),
        risk=Risk.HIGH,
        covered={},
        digest="",
        state=PlanState.PROPOSED,
        created_at=moment,
        approve_by=moment,
    )


@pytest.mark.parametrize(
    "name", ["", " ", "\u200b", "\u3164\u3164\u3164", "no", "N", "ok", "deny", "Approve", "yes"]
)
def test_a_name_that_says_nothing_or_no_is_no_confirmation(name: str) -> None:
    plan = high_risk(name)

    assert not is_confirmed_by(plan, name)
    assert is_confirmed_by(plan, "id-0")
    assert what_to_type(plan) == "its id, id-0"


@pytest.mark.parametrize("name", ["Orders", "x" * 300, "two  spaces", 'say "hi"', "Zürich → データ 🚀"])
def test_the_exact_name_confirms_however_it_is_shown(name: str) -> None:
    plan = high_risk(name)

    assert is_confirmed_by(plan, name)
    assert is_confirmed_by(plan, quoted(name)[1:-1])
    assert quoted(name) in what_to_type(plan)


@pytest.mark.parametrize("typed", [None, True, 1, "", "orders", "Order", ["Orders"]], ids=repr)
def test_anything_else_does_not_confirm(typed: object) -> None:
    assert not is_confirmed_by(high_risk("Orders"), typed)


def test_several_targets_are_confirmed_by_their_number() -> None:
    plan = high_risk("Orders", 3)

    assert is_confirmed_by(plan, "3")
    assert not is_confirmed_by(plan, "Orders")
    assert not is_confirmed_by(plan, 3)


LOOKALIKES = st.text(st.sampled_from('ab "\\\u200b\u3164\U0001f680'), max_size=40)


@given(
    st.one_of(st.text(max_size=60), LOOKALIKES), LOOKALIKES, LOOKALIKES, st.sampled_from([5, CHANGE_LIMIT])
)
def test_what_differs_never_looks_the_same(same: str, one: str, other: str, limit: int) -> None:
    before, after = sides(Change(field="f", before=same + one, after=same + other), limit)

    assert (before == after) == (one == other)
    assert clean(before, len(before)) == before


def test_a_difference_past_the_end_of_what_is_shown_is_shown() -> None:
    long = "x" * CHANGE_LIMIT
    before, after = sides(Change(field="f", before=long + "old", after=long + "new"))

    assert before.endswith('old"')
    assert after.endswith('new"')


def test_what_is_cut_of_a_change_is_counted() -> None:
    before, after = sides(Change(field="f", before="x" * 1_250, after="y"), 50)

    assert before == "x" * 50 + "… and 1,200 more characters"
    assert after == "y"


def test_a_question_shows_a_long_change_to_its_end() -> None:
    change = Change(field="key", before="a " * 400 + "kept", after="a " * 400 + "dropped")
    plan = high_risk("Orders")
    asked = question(
        plan.model_copy(update={"targets": (plan.targets[0].model_copy(update={"changes": (change,)}),)})
    )

    assert "a kept -> a " in asked
    assert "a dropped\n" in asked + "\n"
