"""One request and one answer, and how an answer becomes a model."""

import json
import re
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from pydantic import BaseModel, JsonValue, ValidationError

from airbyte_client.errors import InvalidAnswerError, InvalidArgumentError
from airbyte_client.models import AirbyteModel
from airbyte_client.operations import Operation
from airbyte_client.text import clean

T = TypeVar("T", bound=BaseModel)

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Call:
    """One operation on one object, ready to be sent.

    Raises:
        InvalidArgumentError: The id could not stand in a path.
    """

    operation: Operation
    target_id: str = ""
    params: tuple[tuple[str, str], ...] = ()
    body: Mapping[str, JsonValue] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        needs_id = self.operation.is_effect or "{id}" in self.operation.path
        if (needs_id or self.target_id) and not _ID.fullmatch(self.target_id):
            raise InvalidArgumentError(
                f"{self.operation}: {clean(self.target_id, limit=80)!r} is not an id.",
                next_step="Ids are UUIDs, or digits for a job.",
            )

    @property
    def path(self) -> str:
        """The path below the base URL."""
        return self.operation.path.replace("{id}", self.target_id)

    @property
    def identity(self) -> Hashable:
        """Equal for calls that ask for the same."""
        return self.operation, self.target_id, self.params, json.dumps(self.body)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whole and bounded."""

    status: int
    content_type: str
    body: bytes = field(repr=False)
    retry_after: str | None = None
    location: str | None = None
    date: str | None = None


Observer = Callable[[Call, Answer | None, float], None]
"""Told of each request once it is over: the call, the answer if a whole one came, and the seconds it took."""

Joined = Callable[[Call], None]
"""Told of each read that sends no request, but waits for an identical one that is on its way."""


def decode(answer: Answer, shape: type[T]) -> T:
    """The answer as a model.

    Raises:
        InvalidAnswerError: It is not JSON, or has another shape; the message names the first wrong field.
    """
    return _validate(answer.body, shape)


class Page(AirbyteModel, Generic[T]):
    """One page of a list. `next` and `previous` are not read: see `paging`."""

    data: list[T] | None


def decode_page(answer: Answer, shape: type[Page[T]]) -> list[T]:
    """The rows of one page: `{"data": [...]}`, or a bare array.

    Raises:
        InvalidAnswerError: As `decode`.
    """
    is_bare = answer.body.lstrip().startswith(b"[")
    body = b'{"data":%b}' % answer.body if is_bare else answer.body
    return _validate(body, shape).data or []


def _validate(body: bytes, shape: type[T]) -> T:
    try:
        return shape.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = clean(".".join(str(part) for part in first["loc"]), limit=80)
    what = f"look at {place}" if place else "it is no valid JSON"
    raise InvalidAnswerError(
        f"Airbyte's answer is not what this call answers with: {what}.",
        next_step="It may have been cut off on its way, or this version of Airbyte is not known yet.",
    )
