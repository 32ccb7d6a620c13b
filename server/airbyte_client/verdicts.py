"""Whether an answer is a good one, and what it says where it is not."""

from collections.abc import Iterable
from datetime import UTC, datetime
from http import HTTPStatus

from airbyte_client.calls import Answer
from airbyte_client.errors import NotAirbyteError
from airbyte_client.problems import error_from, looks_like_html
from airbyte_client.retries import retry_after_seconds
from airbyte_client.text import clean

_BASE_URL_ADVICE = (
    "Set the base URL (AIRBYTE_API_URL) to the API's own address; it usually ends in /api/public/v1."
)


def successful(answer: Answer, secrets: Iterable[str]) -> Answer:
    """The answer, if it is a good one of an API.

    Args:
        answer: What came.
        secrets: Values that no message may hold.

    Raises:
        ApiError: It is an error.
        NotAirbyteError: It is a redirect, or no JSON.
    """
    if answer.status >= HTTPStatus.BAD_REQUEST:
        wait = retry_after_seconds(answer.retry_after, datetime.now(UTC))
        raise error_from(answer.status, answer.body, secrets=secrets, retry_after=wait)
    if answer.status >= HTTPStatus.MULTIPLE_CHOICES:
        place = clean(answer.location or "somewhere else", limit=120, secrets=secrets)
        raise NotAirbyteError(
            f"This base URL redirects to {place}; the credentials were not sent there.",
            next_step="If that is your Airbyte, set the base URL (AIRBYTE_API_URL) to it.",
        )
    _require_json(answer)
    return answer


def _require_json(answer: Answer) -> None:
    """Make sure that a 2xx answer comes from an API; an empty one may.

    Raises:
        NotAirbyteError: It is a web page or a text. Airbyte's own web application answers so to a wrong path.
    """
    if not answer.body or "json" in answer.content_type.lower():
        return
    if answer.content_type and looks_like_html(answer.body):
        raise NotAirbyteError("This base URL answers with a web page.", next_step=_BASE_URL_ADVICE)
    kind = clean(answer.content_type, limit=60) or "something without a type"
    raise NotAirbyteError(f"This base URL answers with {kind}, not with JSON.", next_step=_BASE_URL_ADVICE)
