"""The operator's bounds: read-only, tool sets and switched-off terminals hold whatever else is said."""

from functools import partial
from typing import Any

import pytest

from harness import APPROVE, HEALTHY
from siege import CHANGES, Attempt, Siege, assert_repelled, each
from talk import talking

pytestmark = pytest.mark.ci

PIPED = "approve\nOrders to warehouse\n"


def with_settings(settings: dict[str, str], siege: Siege) -> None:
    """Every change, by a person who says yes to everything and types what is asked."""
    with talking(siege.desk, settings) as talk:
        talk.will_answer(
            APPROVE.model_copy(update={"content": {"decision": "approve", "confirm_name": HEALTHY}})
        )
        for tool, arguments in CHANGES.items():
            talk.result(tool, **arguments)


def approved_through_a_pipe(variables: dict[str, str], siege: Siege) -> None:
    plan_id = siege.mute.ask("trigger_sync", **CHANGES["trigger_sync"])["plan_id"]
    for arguments in (["approvals", "approve", plan_id], ["approvals", "approve", plan_id, "--yes"]):
        refused = siege.desk.command(*arguments, typed=PIPED, **variables)
        assert refused.returncode != 0
    siege.mute.result("apply_plan", plan_id=plan_id)


ATTEMPTS = [
    *(
        Attempt(f"every change with {settings}", "policy", partial(with_settings, settings))
        for settings in (
            {"AIRBYTE_MCP_READ_ONLY": "true"},
            {"AIRBYTE_MCP_READ_ONLY": "1", "AIRBYTE_MCP_TOOL_SETS": "run,configure,clear"},
        )
    ),
    *(
        Attempt(
            f"an approval through a pipe with {variables}",
            "local_terminal",
            partial(approved_through_a_pipe, variables),
        )
        for variables in (
            {},
            {"TERM": "xterm"},
            {"AIRBYTE_MCP_TERMINAL_APPROVALS": "false"},
            {"AIRBYTE_MCP_READ_ONLY": "true"},
        )
    ),
]


@each(ATTEMPTS)
def test_a_bound_holds(attempt: Attempt, siege: Siege, record_property: Any) -> None:
    assert_repelled(attempt, siege, record_property)
