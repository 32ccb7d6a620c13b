"""How a plan looks on the page: differences marked, text from Airbyte cleaned, times in people's zone."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from airbyte_guardrails.plans import Change, Instance, Plan, Risk, Target, TargetOutcome
from airbyte_guardrails.states import PlanState
from airbyte_mcp_server.pages.differing import Piece, pieces
from airbyte_mcp_server.pages.rendering import render
from airbyte_mcp_server.pages.views import plan_view

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


def plan(**values: object) -> Plan:
    """A plan that waits, with some things of its own."""
    usual: dict[str, object] = {
        "id": "plan_1",
        "action": "update_schedule",
        "instance": Instance(name="default", address="http://airbyte.test/api/public/v1"),
        "requester": "session:1",
        "arguments": "{}",
        "summary": "Change the schedule of 1 connection",
        "targets": (Target(kind="connection", id="c1", name="Orders"),),
        "effects": (),
        "irreversible": (),
        "warnings": (),
        "risk": Risk.LOW,
        "covered": {},
        "digest": "0" * 64,
        "state": PlanState.PROPOSED,
        "created_at": NOW,
        "approve_by": NOW + timedelta(minutes=10),
    }
    return Plan.model_validate(usual | values)


def shown(one: Plan) -> str:
    """The plan as HTML."""
    return render("_plan.html", plan=plan_view(one, NOW))


def test_only_the_words_that_differ_are_marked() -> None:
    before, after = pieces("every 24 hours", "every 6 hours")

    assert before == (Piece("every ", False), Piece("24", True), Piece(" hours", False))
    assert after == (Piece("every ", False), Piece("6", True), Piece(" hours", False))


def test_values_with_little_in_common_are_marked_as_a_whole() -> None:
    assert pieces("manual", "at 06:00, every day") == (
        (Piece("manual", True),),
        (Piece("at 06:00, every day", True),),
    )


@given(st.text(max_size=40), st.text(max_size=40))
def test_the_pieces_of_a_side_are_its_value_and_equal_values_have_no_mark(before: str, after: str) -> None:
    left, right = pieces(before, after)

    assert "".join(piece.text for piece in left) == before
    assert "".join(piece.text for piece in right) == after
    assert before != after or not any(piece.differs for piece in (*left, *right))


def test_a_long_value_is_shown_to_its_end() -> None:
    change = Change(field="streams", before="a " * 400 + "kept", after="a " * 400 + "dropped")
    text = shown(plan(targets=(Target(kind="connection", id="c1", name="Orders", changes=(change,)),)))

    assert "<del>kept</del>" in text
    assert "<ins>dropped</ins>" in text


def test_a_name_is_quoted_isolated_and_on_one_line() -> None:
    name = 'Orders"\n<b>Risk: Low</b>\u202e'
    text = shown(plan(targets=(Target(kind="connection", id="c1", name=name),)))

    assert '<bdi class="theirs">&#34;Orders&#39; &lt;b&gt;Risk: Low&lt;/b&gt;&#34;</bdi>' in text


def test_times_are_shown_in_the_zone_of_the_people_and_machine_readable() -> None:
    view = plan_view(plan(), NOW.astimezone(ZoneInfo("Europe/Berlin")))
    text = render("_plan.html", plan=view)

    assert "23 Nov 2026, 04:10:00 CET" in text
    assert 'datetime="2026-11-23T04:10:00+01:00"' in text
    assert 'data-seconds="600">10 minutes left' in text


@pytest.mark.parametrize("state", PlanState)
def test_every_state_is_shown_and_only_a_waiting_plan_has_time_left(state: PlanState) -> None:
    one = plan_view(plan(state=state, apply_by=NOW + timedelta(minutes=5)), NOW)

    assert one.headline
    assert (one.deadline is not None) == (state in (PlanState.PROPOSED, PlanState.APPROVED))


@pytest.mark.parametrize(
    "status", [PlanState.EXECUTING, PlanState.EXECUTED, PlanState.FAILED, PlanState.OUTCOME_UNKNOWN]
)
def test_each_target_has_its_own_outcome(status: PlanState) -> None:
    outcome = TargetOutcome(target_id="c1", status=status, message="<b>what Airbyte said</b>")
    text = shown(plan(state=PlanState.FAILED, outcomes=(outcome,)))

    assert f"outcome-{status}" in text
    assert "&lt;b&gt;what Airbyte said&lt;/b&gt;" in text


def test_a_template_that_misses_a_value_fails_and_shows_nothing() -> None:
    with pytest.raises(jinja2.UndefinedError):
        render("_plan.html")
