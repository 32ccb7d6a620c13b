"""The same helpers with honest input succeed: an attempt that fails for a silly reason proves nothing."""

from collections.abc import Callable, Generator
from typing import Any

import pytest
from mcp_types import CallToolResult, ElicitResult, InputResponses

from harness import APPROVE, HEALTHY, Desk, data_of, text_of
from siege import CHANGES, OTHER_TARGET, Siege, answer, besieged, state_after_asking

pytestmark = pytest.mark.ci

TYPED = ElicitResult(action="accept", content={"decision": "approve", "confirm_name": HEALTHY})
HONEST: dict[str, InputResponses] = {"clear_connection": {"approval": TYPED}}


@pytest.fixture
def fresh(desk: Desk) -> Generator[Siege]:
    """Servers about a fleet as it was at its start."""
    with besieged(desk) as standing:
        yield standing


def test_every_change_of_the_siege_is_made_after_an_honest_yes(fresh: Siege) -> None:
    for tool, arguments in CHANGES.items():
        before = fresh.sandbox.from_here()
        state = state_after_asking(fresh.modern, tool, arguments)
        result = answer(fresh.modern, tool, arguments, state, HONEST.get(tool, {"approval": APPROVE}))
        assert isinstance(result, CallToolResult)
        assert data_of(result)["status"] == "executed", (tool, text_of(result))
        assert len(before.effects()) == 1, tool
        settled(fresh, data_of(result))


def test_a_question_survives_the_answers_that_were_refused(fresh: Siege) -> None:
    tool = "trigger_sync"
    yes: InputResponses = {"approval": APPROVE}
    state = fresh.open_state(tool)
    for spoiled in (state[:-1], state + state, state.lower(), ""):
        answer(fresh.modern, tool, CHANGES[tool], spoiled, yes)
    answer(fresh.modern, tool, OTHER_TARGET[tool], state, yes)
    answer(fresh.modern, "update_schedule", CHANGES["update_schedule"], state, yes)
    answer(fresh.mute, tool, CHANGES[tool], state, yes)

    before = fresh.sandbox.from_here()
    result = answer(fresh.modern, tool, CHANGES[tool], state, yes)
    assert isinstance(result, CallToolResult)
    assert data_of(result)["status"] == "executed"
    assert len(before.effects()) == 1


def test_every_other_target_of_the_siege_can_be_asked_about(fresh: Siege) -> None:
    for tool, arguments in OTHER_TARGET.items():
        assert state_after_asking(fresh.modern, tool, arguments), tool


@pytest.mark.parametrize("era", ["modern", "legacy"])
def test_a_person_who_approves_through_the_client_is_heard(fresh: Siege, era: str) -> None:
    talk = fresh.modern if era == "modern" else fresh.legacy
    talk.will_answer(APPROVE)

    assert talk.ask("update_schedule", **CHANGES["update_schedule"])["status"] == "executed"


def test_the_approvers_own_form_is_heard(fresh: Siege) -> None:
    plan = fresh.page.plan("update_schedule", **CHANGES["update_schedule"])
    before = fresh.sandbox.from_here()

    assert fresh.page.inside().decide(plan, "approve").status_code == 303
    assert len(before.effects()) == 1


ARGUMENTS_ARE_REFUSED: dict[str, Callable[[Siege], str]] = {
    "an invented argument": lambda siege: siege.mute.text(
        "trigger_sync", **CHANGES["trigger_sync"], confirm=True
    ),
    "a plan that nobody approved": lambda siege: siege.mute.text(
        "apply_plan", plan_id=siege.mute.ask("trigger_sync", **CHANGES["trigger_sync"])["plan_id"]
    ),
}
WHY = {
    "an invented argument": "there is no argument 'confirm'",
    "a plan that nobody approved": "a person has to approve this first",
}


@pytest.mark.parametrize("what", ARGUMENTS_ARE_REFUSED)
def test_the_models_own_word_is_refused_for_the_right_reason(fresh: Siege, what: str) -> None:
    assert WHY[what] in ARGUMENTS_ARE_REFUSED[what](fresh)


def settled(siege: Siege, done: dict[str, Any]) -> None:
    """Wait for what was begun, so that the next change finds nothing running."""
    for result in done["results"]:
        if "job_id" in result:
            siege.sandbox.ended_job(result["job_id"])
