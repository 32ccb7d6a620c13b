"""The argument `instance`: which of several Airbytes a call means. With one there is no such argument."""

from collections.abc import Sequence

from mcp_types import Tool

from airbyte_mcp_server.tool_sets import APPLYING

ARGUMENT = "instance"

BY_PLAN = frozenset({"get_plan", APPLYING})
"""Tools that go by a plan alone: the plan says which Airbyte it is for."""


def asking_for_it(tool: Tool, choices: Sequence[str]) -> Tool:
    """The tool as it is listed where a caller has to choose: with the argument, required."""
    if not choices or tool.name in BY_PLAN:
        return tool
    schema = tool.input_schema
    which = {"type": "string", "enum": [*choices], "description": "which Airbyte"}
    asked = {
        "properties": {ARGUMENT: which, **schema.get("properties", {})},
        "required": [ARGUMENT, *schema.get("required", [])],
    }
    return tool.model_copy(update={"input_schema": {**schema, **asked}})


def in_words(choices: Sequence[str]) -> str:
    """What a client's model is told of it at the start; nothing where there is nothing to choose."""
    if not choices:
        return ""
    return f" There are several Airbytes: {', '.join(choices)}. Each call names one ({ARGUMENT})."


def headed(text: str, instance: str, choices: Sequence[str]) -> str:
    """An answer's text with the name of the Airbyte above it, where there are several."""
    return f"Airbyte {instance}:\n{text}" if choices else text
