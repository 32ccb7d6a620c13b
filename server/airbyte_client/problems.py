"""From an error answer to the error of the tree: what Airbyte said, in the nine forms it says it in."""

import json
import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import cast

from pydantic import JsonValue

from airbyte_client.errors import (
    ApiError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    ConnectionLockedError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitedError,
    ServerFaultError,
    SyncAlreadyRunningError,
    UnprocessableError,
)
from airbyte_client.text import clean

OPAQUE_CONFLICT = "Could not fulfill request"
"""All that Airbyte says of many a 409; the reason is lost on its side."""

_KINDS: dict[int, tuple[type[ApiError], str, str]] = {
    400: (BadRequestError, "Airbyte does not accept this request", ""),
    401: (
        AuthenticationError,
        "Airbyte refused the credentials",
        "Check AIRBYTE_CLIENT_ID and AIRBYTE_CLIENT_SECRET; a token set by hand lives 15 minutes at most.",
    ),
    403: (
        PermissionDeniedError,
        "The credentials are not allowed to do this",
        "Ask for a role on this workspace that may.",
    ),
    404: (NotFoundError, "Airbyte has no such object", "Check the id, and that the base URL is right."),
    409: (ConflictError, "The present state does not allow this", ""),
    422: (UnprocessableError, "Airbyte refuses this request", ""),
    429: (RateLimitedError, "Airbyte limits the rate of requests", "Wait a minute before trying again."),
}
_SERVER_FAULT = (
    ServerFaultError,
    "Airbyte, or a proxy before it, failed",
    "Try again later; if it stays, look into the server's log.",
)
_OTHER = (ApiError, "Airbyte answered with an error", "")
_DATA_KEYS = ("message", "validationErrorMessage", "resourceId", "cronExpression")
_RUNNING = re.compile(r"already running", re.IGNORECASE)
_LOCKED = re.compile(r"connection[ /]is[ ]locked|connection/locked|connection-locked", re.IGNORECASE)


def error_from(
    status: int, body: bytes, *, secrets: Iterable[str] = (), retry_after: float | None = None
) -> ApiError:
    """The error for an answer with a status of 400 or more.

    Args:
        status: The HTTP status code.
        body: The answer's body, whatever it is.
        retry_after: Seconds that the server asked to wait.
        secrets: Values that the message must not hold, should the server echo them.
    """
    problem = _json_object(body)
    said = clean(_said(problem) or _plain_text(body), secrets=secrets)
    kind, summary, next_step = _KINDS.get(status) or (
        _SERVER_FAULT if status >= HTTPStatus.INTERNAL_SERVER_ERROR else _OTHER
    )
    slug = f"{problem.get('title')} {problem.get('type')} {said}"
    if kind is ConflictError and (_RUNNING.search(said) or problem.get("title") == "try-again-later"):
        kind, next_step = SyncAlreadyRunningError, "Follow the running job instead of starting another."
    elif kind is ConflictError and _LOCKED.search(slug):
        kind, next_step = (
            ConnectionLockedError,
            "Wait until Airbyte unlocks the connection, or ask its owner.",
        )
    error_id = problem.get("errorId")
    return kind(
        f"{summary} ({status})" + (f": {said.rstrip('.')}." if said else "."),
        status=status,
        error_id=clean(error_id, limit=64) if isinstance(error_id, str) else None,
        retry_after=retry_after,
        next_step=next_step,
    )


def is_refusal(error: ApiError) -> bool:
    """Whether an effect that ended like this was not acted on.

    Only what Airbyte itself refuses with counts. A 408 or a 5xx may come from a proxy that has handed the
    request on; and where Airbyte has waited 60 s for a job's id it answers with a 409 that says nothing.
    """
    opaque = isinstance(error, ConflictError) and OPAQUE_CONFLICT in error.message
    return error.status in _KINDS and not opaque


def looks_like_html(body: bytes) -> bool:
    """Whether a body is a web page."""
    return body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<"


def _json_object(body: bytes) -> dict[str, JsonValue]:
    try:
        value: object = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, JsonValue]", value) if isinstance(value, dict) else {}


def _said(problem: dict[str, JsonValue]) -> str:
    """The most useful text of a problem, from the most specific field to the least."""
    data = problem.get("data")
    candidates = [data.get(key) for key in _DATA_KEYS] if isinstance(data, dict) else []
    candidates.append(_hal_message(problem))
    candidates += [problem.get(key) for key in ("message", "detail", "error", "title")]
    return next((text for text in candidates if isinstance(text, str) and text.strip()), "")


def _hal_message(problem: dict[str, JsonValue]) -> str | None:
    """`message` of a Micronaut answer is no more than "Bad Request"; the reasons are embedded."""
    embedded, summary = problem.get("_embedded"), problem.get("message")
    errors = embedded.get("errors") if isinstance(embedded, dict) else None
    if not isinstance(errors, list):
        return None
    reasons = [error.get("message") for error in errors if isinstance(error, dict)]
    return ": ".join(text for text in [summary, *reasons] if isinstance(text, str) and text.strip())


def _plain_text(body: bytes) -> str:
    """A body that is neither JSON nor a web page, as a proxy may send it."""
    text = body[:4000].decode("utf-8", "replace").strip()
    return "" if looks_like_html(body) or text[:1] in ("{", "[") else text
