"""What raw answers give away beside what was asked: Airbyte's clock, its dialect, the life of a token."""

import base64
import email.utils
import json
import time
from datetime import UTC

from pydantic import JsonValue

from airbyte_client.calls import Answer, Call
from airbyte_client.operations import Operation

CURRENT, REFERENCE = "current", "reference"


class AnswersSeen:
    """An observer of the client's requests.

    Attributes:
        any_answer: Whether anybody answered anything.
        skew: Seconds by which the server's clock is ahead of ours, to about a second; None while unknown.
        token_seconds: How long the token fetched last lives; None while unknown.
        dialect: `current` or `reference`; None while unknown.
    """

    def __init__(self) -> None:
        self.any_answer = False
        self.skew: float | None = None
        self.token_seconds: float | None = None
        self.dialect: str | None = None

    def __call__(self, call: Call, answer: Answer | None, seconds: float) -> None:
        """Look at one answer."""
        if answer is None:
            return
        self.any_answer = True
        self.skew = _skew(answer.date, seconds, time.time()) if answer.date else self.skew
        body = _object(answer.body)
        if call.operation is Operation.FETCH_TOKEN:
            self.token_seconds = _lifetime(body)
        elif call.operation is Operation.LIST_JOBS:
            self.dialect = _dialect_of(body) or self.dialect


def seconds_left_of(token: str) -> float | None:
    """How long a token lives by its own word; None where it says nothing readable. It is not verified."""
    parts = token.split(".")
    if len(parts) != 3:  # noqa: PLR2004 - header, claims, signature
        return None
    padded = parts[1] + "=" * (-len(parts[1]) % 4)
    try:
        claims = _object(base64.urlsafe_b64decode(padded))
    except ValueError:
        return None
    expiry = claims.get("exp")
    return float(expiry) - time.time() if isinstance(expiry, int | float) else None


def _lifetime(body: dict[str, JsonValue]) -> float | None:
    told, token = body.get("expires_in"), body.get("access_token")
    if isinstance(told, int | float):
        return float(told)
    return seconds_left_of(token) if isinstance(token, str) else None


def _skew(date: str, seconds: float, now: float) -> float | None:
    """By an HTTP date, which names whole seconds, of an answer that took `seconds` and came just now."""
    try:
        theirs = email.utils.parsedate_to_datetime(date)
    except ValueError:
        return None
    moment = theirs.replace(tzinfo=theirs.tzinfo or UTC).timestamp()
    return moment + 0.5 - (now - seconds / 2)


def _dialect_of(body: dict[str, JsonValue]) -> str | None:
    """Today's server numbers jobs, the reference document writes the number as text."""
    rows = body.get("data")
    job = rows[0] if isinstance(rows, list) and rows else None
    if not isinstance(job, dict) or "jobId" not in job:
        return None
    return REFERENCE if isinstance(job["jobId"], str) else CURRENT


def _object(body: bytes) -> dict[str, JsonValue]:
    try:
        value: JsonValue = json.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
