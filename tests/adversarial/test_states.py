"""The state that travels through the client: replayed, altered, swapped, forged, borrowed."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from mcp_types import ElicitResult, InputResponses

from harness import APPROVE, FAILING, HEALTHY, SLOW
from siege import CHANGES, OTHER_TARGET, Attempt, Siege, answer, assert_repelled, each

pytestmark = pytest.mark.ci

YES: InputResponses = {"approval": APPROVE}
NO: InputResponses = {"approval": ElicitResult(action="decline")}

ALTERED: dict[str, Callable[[str], str]] = {
    "with its first character changed": lambda state: ("w" if state[0] != "w" else "x") + state[1:],
    "with its last character changed": lambda state: state[:-1] + ("A" if state[-1] != "A" else "B"),
    "with a character in the middle changed": lambda state: (
        state[: len(state) // 2]
        + ("A" if state[len(state) // 2] != "A" else "B")
        + state[len(state) // 2 + 1 :]
    ),
    "cut short": lambda state: state[: len(state) // 2],
    "twice over": lambda state: state + state,
    "without its version": lambda state: state.split(".", 1)[-1],
    "of another version": lambda state: "v2." + state.split(".", 1)[-1],
    "in lower case": str.lower,
    "with white space": lambda state: f" {state} ",
    "replaced by nothing": lambda _: "",
    "replaced by a plan's id in the clear": lambda _: "plan_AAAAAAAAAAAAAAAAAAAAAAAA",
    "replaced by JSON": lambda _: '{"plan_id": "plan_AAAA"}',
}

WRONG_KEYS: dict[str, InputResponses | None] = {
    "no answer at all": None,
    "an empty set of answers": {},
    "the answer under another key": {"approve": APPROVE},
    "the answer under an empty key": {"": APPROVE},
}


def altered(change: Callable[[str], str], tool: str, siege: Siege) -> None:
    answer(siege.modern, tool, CHANGES[tool], change(siege.open_state(tool)), YES)


def with_other_arguments(tool: str, siege: Siege) -> None:
    answer(siege.modern, tool, OTHER_TARGET[tool], siege.open_state(tool), YES)


def with_another_tool(asked: str, used: str, siege: Siege) -> None:
    answer(siege.modern, used, CHANGES[used], siege.open_state(asked), YES)


def without_state(tool: str, siege: Siege) -> None:
    answer(siege.modern, tool, CHANGES[tool], None, YES)


def with_other_answers(responses: InputResponses | None, siege: Siege) -> None:
    state = siege.taken_state("trigger_sync")
    answer(siege.modern, "trigger_sync", CHANGES["trigger_sync"], state, responses)


def yes_after_no(tool: str, siege: Siege) -> None:
    state = siege.taken_state(tool)
    answer(siege.modern, tool, CHANGES[tool], state, NO)
    for _ in range(3):
        answer(siege.modern, tool, CHANGES[tool], state, YES)


def of_another_process(tool: str, siege: Siege) -> None:
    answer(siege.mute, tool, CHANGES[tool], siege.open_state(tool), YES)


def with_more_targets(siege: Siege) -> None:
    state = siege.open_state("trigger_sync")
    for more in ([HEALTHY, SLOW], [SLOW, HEALTHY], [FAILING], [HEALTHY, HEALTHY]):
        answer(siege.modern, "trigger_sync", {"connections": more}, state, YES)


ATTEMPTS = [
    *(
        Attempt(f"a state {how}, for {tool}", "elicited", partial(altered, change, tool))
        for tool in ("trigger_sync", "clear_connection")
        for how, change in ALTERED.items()
    ),
    *(
        Attempt(f"{tool} with other arguments", "elicited", partial(with_other_arguments, tool))
        for tool in CHANGES
    ),
    *(
        Attempt(f"a yes to {asked} for {used}", "elicited", partial(with_another_tool, asked, used))
        for asked in CHANGES
        for used in CHANGES
        if asked != used
    ),
    *(
        Attempt(f"{tool} with a yes and no state", "elicited", partial(without_state, tool))
        for tool in CHANGES
    ),
    *(
        Attempt(f"a state with {what}", "elicited", partial(with_other_answers, responses))
        for what, responses in WRONG_KEYS.items()
    ),
    *(Attempt(f"a yes after a no to {tool}", "elicited", partial(yes_after_no, tool)) for tool in CHANGES),
    *(
        Attempt(f"{tool} with the state of another process", "elicited", partial(of_another_process, tool))
        for tool in CHANGES
    ),
    Attempt("a yes for one connection, stretched to more", "elicited", with_more_targets),
]


@each(ATTEMPTS)
def test_a_state_is_worth_nothing_but_the_question_it_came_with(
    attempt: Attempt, siege: Siege, record_property: Any
) -> None:
    assert_repelled(attempt, siege, record_property)
