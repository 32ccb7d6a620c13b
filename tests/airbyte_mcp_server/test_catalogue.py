"""What `tools/list` says: small, complete, truthful, and the same as the code."""

import json
import subprocess
import sys

import pytest
from mcp_types import Tool

from airbyte_mcp_server.changing.apply_plan import APPLY_PLAN
from airbyte_mcp_server.runtime import Runtime
from airbyte_mcp_server.server import build_server, listed_tools
from airbyte_mcp_server.settings.sources import load_settings
from airbyte_tools.catalogue import ALL_TOOLS, public_face
from airbyte_tools.tool import AnyTool, MutatingTool

TOOLS: tuple[AnyTool, ...] = (*ALL_TOOLS, APPLY_PLAN)
WHOLE_LIST_BYTES = 20_000
ONE_TOOL_BYTES = 4_000


def size(tool: Tool) -> int:
    """Bytes of a tool on the wire."""
    return len(tool.model_dump_json(by_alias=True, exclude_none=True).encode())


def test_the_catalogue_file_is_what_the_code_says() -> None:
    listed = [tool.model_dump(by_alias=True, exclude_unset=True) for tool in listed_tools()]

    assert listed == [public_face(tool) for tool in TOOLS]


def test_the_whole_list_and_each_tool_stay_within_budget() -> None:
    sizes = {tool.name: size(tool) for tool in listed_tools()}

    assert sum(sizes.values()) <= WHOLE_LIST_BYTES, sizes
    assert max(sizes.values()) <= ONE_TOOL_BYTES, sizes


@pytest.mark.parametrize("tool", listed_tools(), ids=lambda tool: tool.name)
def test_every_tool_says_all_four_hints_and_refuses_unknown_arguments(tool: Tool) -> None:
    hints = tool.annotations

    assert hints is not None
    assert None not in (
        hints.read_only_hint,
        hints.destructive_hint,
        hints.idempotent_hint,
        hints.open_world_hint,
    )
    assert tool.input_schema["additionalProperties"] is False
    assert '"title": ' not in json.dumps(tool.input_schema | {"out": tool.output_schema})
    assert tool.description
    assert "$ref" not in json.dumps([tool.input_schema, tool.output_schema])


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_whatever_can_change_airbyte_says_so(tool: AnyTool) -> None:
    changes = isinstance(tool, MutatingTool) or tool is APPLY_PLAN

    assert tool.hints.read_only is not changes
    assert tool.hints.destructive is changes


def test_no_tool_takes_anything_with_which_a_model_could_confirm() -> None:
    names = {name for tool in TOOLS for name in tool.arguments.model_fields}

    assert not names & {"confirm", "confirmed", "approve", "approved", "decision", "token", "force", "yes"}


def test_a_calls_schema_is_found_without_listing_all_tools() -> None:
    schema_of = build_server(Runtime(load_settings({}, {}))).get_tool_input_schema

    assert schema_of is not None
    assert {tool.name: schema_of(tool.name) for tool in listed_tools()} == {
        tool.name: tool.input_schema for tool in listed_tools()
    }
    assert schema_of("no_such_tool") is None


def test_listing_loads_neither_tools_nor_client_nor_store() -> None:
    heavy = ["airbyte_tools", "airbyte_client", "httpx", "sqlalchemy", "humanize", "croniter", "platformdirs"]
    probe = (
        "import sys, json\n"
        "from airbyte_mcp_server.serving import transports\n"
        "from airbyte_mcp_server.cli import command, serve\n"
        "from airbyte_mcp_server.server import build_server, listed_tools\n"
        "from airbyte_mcp_server.runtime import Runtime\n"
        "from airbyte_mcp_server.settings.model import Settings\n"
        "build_server(Runtime(Settings())), listed_tools()\n"
        f"print(json.dumps([m for m in {heavy!r} if m in sys.modules]))\n"
    )
    assert loaded_by(probe) == []


def test_reading_loads_no_store() -> None:
    probe = (
        "import sys, json\n"
        "from airbyte_mcp_server import dispatch\n"
        "print(json.dumps([m for m in ['sqlalchemy', 'sqlite3', 'platformdirs'] if m in sys.modules]))\n"
    )

    assert loaded_by(probe) == []


def loaded_by(probe: str) -> list[str]:
    """What a fresh interpreter prints after running `probe`."""
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    modules: list[str] = json.loads(done.stdout)
    return modules
