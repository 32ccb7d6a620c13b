"""Rules that hold for all tools, so that a new one cannot forget them."""

import json
import re
from pathlib import Path

import pytest
from mcp_types import Tool

from airbyte_mcp_server.server import listed_tools

ROOT = Path(__file__).resolve().parents[2]
SIZES = Path(__file__).with_name("tool_sizes.json")
GROWTH = 1.05
LONGEST_DESCRIPTION = 320
NAMES = {tool.name for tool in listed_tools()}

each_tool = pytest.mark.parametrize("tool", listed_tools(), ids=lambda tool: tool.name)


def size(tool: Tool) -> int:
    """Bytes of a tool on the wire."""
    return len(tool.model_dump_json(by_alias=True, exclude_none=True).encode())


def test_no_tool_and_not_the_whole_list_has_grown_unnoticed() -> None:
    """Whoever makes a tool larger on purpose writes its new size into tool_sizes.json."""
    accepted: dict[str, int] = json.loads(SIZES.read_text())
    sizes = {tool.name: size(tool) for tool in listed_tools()}

    assert sizes.keys() == accepted.keys()
    assert {name: found for name, found in sizes.items() if found > accepted[name] * GROWTH} == {}
    assert sum(sizes.values()) <= sum(accepted.values()) * GROWTH


@each_tool
def test_a_description_is_short_and_made_of_sentences(tool: Tool) -> None:
    assert tool.description
    assert len(tool.description) <= LONGEST_DESCRIPTION
    assert tool.description.endswith(".")
    assert tool.title


@each_tool
def test_a_description_names_only_tools_and_arguments_that_exist(tool: Tool) -> None:
    words = set(re.findall(r"[a-z]+(?:_[a-z]+)+", tool.description or ""))
    arguments = set(tool.input_schema.get("properties", {}))

    assert words - NAMES - arguments <= {"next_cursor", "approval_required"}


@each_tool
def test_a_tool_that_changes_something_says_that_a_person_approves_it(tool: Tool) -> None:
    assert tool.annotations is not None
    says_so = "person" in (tool.description or "") and "approve" in (tool.description or "")

    assert says_so or tool.annotations.read_only_hint


@each_tool
def test_tools_with_a_neighbour_say_which_one_to_use_instead(tool: Tool) -> None:
    neighbours = {
        "sync_report": "check_sync_status",
        "check_sync_status": "sync_report",
        "list_connections": "get_connection",
        "list_jobs": "get_job",
        "preview_schedule": "update_schedule",
    }

    assert neighbours.get(tool.name, "") in (tool.description or "")


@each_tool
def test_every_free_text_argument_is_explained_by_its_name_or_an_example(tool: Tool) -> None:
    plain = {"name_contains", "plan_id", "cursor", "timezone"}
    unexplained = [
        name
        for name, schema in tool.input_schema.get("properties", {}).items()
        if schema.get("type") == "string" and "enum" not in schema and "description" not in schema
    ]

    assert set(unexplained) <= plain


@each_tool
def test_bounds_are_published_for_every_number(tool: Tool) -> None:
    numbers = {
        name: schema
        for name, schema in tool.input_schema.get("properties", {}).items()
        if schema.get("type") == "integer"
    }

    assert [name for name, schema in numbers.items() if "minimum" not in schema] == []


def test_the_readme_lists_exactly_these_tools() -> None:
    readme = (ROOT / "README.md").read_text()
    table = readme.split("<!-- generated: tools -->")[1].split("<!-- end of generated: tools -->")[0]

    assert set(re.findall(r"`([a-z_]+)`", table)) >= NAMES
