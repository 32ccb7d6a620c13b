"""Answers and errors as MCP results. The only place where an error takes its wire form."""

import difflib
import logging
import secrets

from mcp_types import CallToolResult, TextContent
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from airbyte_client import AirbyteError
from airbyte_guardrails.errors import GuardrailError
from airbyte_tools.answers import Answer
from airbyte_tools.errors import ToolFailureError
from airbyte_tools.redaction import without_secrets
from airbyte_tools.tool import AnyTool

logger = logging.getLogger(__name__)

_TOLD = 5


class BadArgumentsError(Exception):
    """The arguments do not fit the tool's schema; the message names each bad field."""


def answer_result(answer: Answer, text: str) -> CallToolResult:
    """An answer as short text for a reader and structure for a program; unknown values are left out."""
    return CallToolResult(
        content=[TextContent(type="text", text=text)],
        structured_content=answer.model_dump(mode="json", exclude_none=True),
    )


def error_result(error: Exception) -> CallToolResult:
    """Any error as a tool result that says what failed and what to do next."""
    return CallToolResult(content=[TextContent(type="text", text=told(error))], is_error=True)


def told(error: Exception) -> str:
    """What may be said of an error; of one that nobody foresaw, a reference to the log and no more."""
    match error:
        case AirbyteError() | ToolFailureError():
            # Airbyte repeats in its errors what it was configured with.
            return without_secrets(f"{error.message} {error.next_step}".strip())
        case GuardrailError():
            return f"{error.message} {error.next_step}".strip()
        case BadArgumentsError():
            return str(error)
        case _:
            reference = secrets.token_hex(4)
            logger.error("Unforeseen error %s", reference, exc_info=error)
            return (
                f"Something went wrong inside this server (reference {reference})."
                " Ask the operator to look for the reference in the server's log."
            )


def bad_arguments(tool: AnyTool, error: ValidationError) -> BadArgumentsError:
    """A validation error in words: the field, what is wrong, and the nearest right name.

    pydantic's own text echoes the value and links to its documentation; this does neither.
    """
    known = list(tool.arguments.model_fields)
    told = "; ".join(_problem(problem, known) for problem in error.errors()[:_TOLD])
    takes = ", ".join(known) or "no arguments"
    return BadArgumentsError(f"{tool.name} was not run: {told}. It takes: {takes}.")


def _problem(problem: ErrorDetails, known: list[str]) -> str:
    path = ".".join(str(part) for part in problem["loc"]) or "arguments"
    if problem["type"] != "extra_forbidden":
        # Pydantic says array where it reads JSON and tuple where it counts; people say list.
        message = problem["msg"].replace("tuple", "list").replace("array", "list")
        return f"{path}: {message[:1].lower()}{message[1:]}"
    nearest = difflib.get_close_matches(path, known, n=1, cutoff=0.5)
    hint = f", did you mean {nearest[0]}?" if nearest else ""
    return f"there is no argument {path[:80]!r}{hint}"
