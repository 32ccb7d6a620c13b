"""What is listed where there are several Airbytes: one more argument, on every tool that needs it."""

import json
import re

import pytest
from mcp_types import Tool

from airbyte_mcp_server.changing.apply_plan import APPLY_PLAN
from airbyte_mcp_server.instances.argument import ARGUMENT, BY_PLAN, in_words
from airbyte_mcp_server.resources.addresses import KINDS, Addresses, Kind
from airbyte_mcp_server.server import INSTRUCTIONS, listed_tools
from airbyte_mcp_server.settings.airbyte import MOST_INSTANCES
from airbyte_tools.catalogue import ALL_TOOLS, public_face
from airbyte_tools.plans import PlanArguments

NAMES = ("prod", "staging")
LONGEST_NAMES = tuple(f"{number:032}" for number in range(MOST_INSTANCES))


@pytest.mark.parametrize("tool", listed_tools(choices=NAMES), ids=lambda tool: tool.name)
def test_every_tool_asks_which_airbyte_unless_a_plan_says_it(tool: Tool) -> None:
    asked = tool.input_schema.get("properties", {}).get(ARGUMENT)

    if tool.name in BY_PLAN:
        assert asked is None
    else:
        assert asked == {"type": "string", "enum": [*NAMES], "description": "which Airbyte"}
        assert tool.input_schema["required"][0] == ARGUMENT


@pytest.mark.parametrize("confirming", [False, True])
def test_nothing_else_of_a_tool_is_different(*, confirming: bool) -> None:
    one = listed_tools(confirming=confirming)
    several = [tool.model_copy(deep=True) for tool in listed_tools(confirming=confirming, choices=NAMES)]
    for tool in several:
        tool.input_schema["properties"].pop(ARGUMENT, None)
        required = [name for name in tool.input_schema.get("required", []) if name != ARGUMENT]
        tool.input_schema.pop("required", None)
        tool.input_schema |= {"required": required} if required else {}

    assert [tool.model_dump() for tool in several] == [tool.model_dump() for tool in one]


def test_with_one_airbyte_the_list_is_the_catalogue_to_the_letter() -> None:
    listed = [tool.model_dump(by_alias=True, exclude_unset=True) for tool in listed_tools(choices=())]

    assert json.dumps(listed) == json.dumps([public_face(tool) for tool in (*ALL_TOOLS, APPLY_PLAN)])


def test_what_goes_by_a_plan_is_what_takes_nothing_but_a_plan() -> None:
    by_plan = {tool.name for tool in (*ALL_TOOLS, APPLY_PLAN) if issubclass(tool.arguments, PlanArguments)}

    assert by_plan == BY_PLAN


def test_no_tool_has_an_argument_of_that_name_itself() -> None:
    assert not any(ARGUMENT in tool.arguments.model_fields for tool in ALL_TOOLS)


def test_as_many_airbytes_as_there_can_be_stay_within_bounds() -> None:
    listed = listed_tools(choices=LONGEST_NAMES)
    added = sum(len(json.dumps(t.input_schema)) for t in listed) - sum(
        len(json.dumps(t.input_schema)) for t in listed_tools()
    )

    assert added < len(listed) * 1_000
    assert len(INSTRUCTIONS + in_words(LONGEST_NAMES)) < 2_000
    assert len(Addresses(LONGEST_NAMES).resources) == 3 * MOST_INSTANCES


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_an_address_leads_to_the_same_below_the_name_of_an_airbyte(kind: Kind) -> None:
    uri = re.sub(r"\{\w+\}", "7", kind.address)
    alone, several = Addresses(()).read(uri), Addresses(NAMES)
    below = uri if kind.tool in BY_PLAN else uri.replace("://", "://prod/")
    found = several.read(below)

    assert alone is not None
    assert found is not None
    assert (found.kind.name, found.kind.tool) == (alone.kind.name, alone.kind.tool) == (kind.name, kind.tool)
    assert found.arguments == alone.arguments | ({} if kind.tool in BY_PLAN else {ARGUMENT: "prod"})
    assert (several.read(uri) is None) is (kind.tool not in BY_PLAN)
