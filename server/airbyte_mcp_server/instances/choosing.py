"""Finds the Airbyte that a call means. It is never guessed: a change to the wrong one cannot be unsaid."""

import difflib
from collections.abc import Mapping
from typing import Any

from airbyte_mcp_server.instances.airbytes import Airbyte, Airbytes
from airbyte_mcp_server.instances.argument import ARGUMENT, BY_PLAN
from airbyte_mcp_server.wire import BadArgumentsError


def chosen(airbytes: Airbytes, tool: str, given: Mapping[str, Any]) -> tuple[Airbyte, dict[str, Any]]:
    """The Airbyte of a call, and the arguments that are the tool's own.

    Args:
        airbytes: Those that there are.
        tool: The tool's name.
        given: What the client sent.

    Raises:
        BadArgumentsError: There are several, and none of them was named.
    """
    if not airbytes.choices or tool in BY_PLAN:
        # What goes by a plan asks no Airbyte before it knows the plan's own.
        return airbytes.first, dict(given)
    name = given.get(ARGUMENT)
    if isinstance(name, str) and name in airbytes:
        return airbytes[name], {key: value for key, value in given.items() if key != ARGUMENT}
    raise BadArgumentsError(f"{tool} was not run: {_told(airbytes, name)}. There are: {', '.join(airbytes)}.")


def _told(airbytes: Airbytes, name: object) -> str:
    if name is None:
        return f"{ARGUMENT} is missing, the name of the Airbyte that is meant"
    if not isinstance(name, str):
        return f"{ARGUMENT} is the name of an Airbyte, a text"
    nearest = difflib.get_close_matches(name, list(airbytes), n=1, cutoff=0.5)
    hint = f", did you mean {nearest[0]}?" if nearest else ""
    return f"there is no Airbyte called {name[:80]!r}{hint}"
