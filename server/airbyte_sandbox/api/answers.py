"""What the API answers, good and bad, in the several shapes of the real one.

ApiError
├── Problem             {status, type, title, detail, documentationUrl, data}
├── BareError           {errorId}: constraint violations, unreadable JSON, wrong client credentials
├── ConfigApiError      {message, exceptionClassName}: the Config API
└── FrameworkError      {message, _links, _embedded}: no token, no such path
"""

import uuid
from dataclasses import dataclass

from airbyte_sandbox.json_value import JsonObject, JsonValue, as_object, as_text

_DOCUMENTATION = "https://reference.airbyte.com/reference/errors"
_REASONS = {401: "Unauthorized", 404: "Not Found", 405: "Method Not Allowed"}


@dataclass(frozen=True)
class Answer:
    """A good answer: JSON, or plain text for ``text``."""

    body: JsonValue
    status: int = 200
    text: str | None = None


class ApiError(Exception):
    """An answer that ends the handling of a call."""

    def __init__(self, status: int, body: JsonObject) -> None:
        super().__init__(status)
        self.status = status
        self.body = body

    @property
    def words(self) -> str:
        """What a person would want to read of it; "" if it says nothing."""
        data = as_object(self.body.get("data"))
        kind, identifier = as_text(data.get("resourceType")), as_text(data.get("resourceId"))
        if kind and identifier:
            return f"{kind.capitalize()} {identifier} not found"
        said = (data.get("message"), data.get("validationErrorMessage"), self.body.get("message"))
        return next((as_text(text) for text in said if text), "")


class Problem(ApiError):  # noqa: N818 - RFC 9457 calls it so
    """Airbyte's usual error; the useful words are in ``data``, ``detail`` is always the same."""

    def __init__(self, status: int, title: str, detail: str, data: JsonObject, kind: str = "") -> None:
        body: JsonObject = {
            "status": status,
            "type": kind or f"{_DOCUMENTATION}#{title}",
            "title": title,
            "detail": detail,
            "documentationUrl": None,
            "data": data,
        }
        super().__init__(status, body)


class BareError(ApiError):
    """An error of which the real API tells only a random id."""

    def __init__(self, status: int) -> None:
        super().__init__(status, {"errorId": str(uuid.uuid4())})


class ConfigApiError(ApiError):
    """An error of the Config API."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(status, {"message": message, "exceptionClassName": "SandboxConfigApiError"})


class FrameworkError(ApiError):
    """An error that the real server's web framework answers before Airbyte sees the call."""

    def __init__(self, status: int, path: str) -> None:
        reason = _REASONS.get(status, "Bad Request")
        errors: list[JsonValue] = [{"message": reason}]
        body: JsonObject = {
            "message": reason,
            "_links": {"self": {"href": path, "templated": False}},
            "_embedded": {"errors": errors},
        }
        super().__init__(status, body)


@dataclass(frozen=True)
class Call:
    """A request, parsed: parts of the path, query parameters in order, the JSON body or None.

    ``origin`` is scheme, host and port as the client wrote them.
    """

    path: str
    parts: dict[str, str]
    query: list[tuple[str, str]]
    body: JsonValue = None
    origin: str = ""

    def one(self, name: str) -> str | None:
        """The last value of a query parameter, or None."""
        return next((value for key, value in reversed(self.query) if key == name), None)

    def many(self, name: str) -> tuple[str, ...]:
        """All values of a list parameter, whether repeated or joined by commas."""
        values = [part.strip() for key, value in self.query if key == name for part in value.split(",")]
        return tuple(value for value in values if value)

    def json_object(self) -> JsonObject:
        """The body, which must be a JSON object.

        Raises:
            BareError: 422, it is none.
        """
        if not isinstance(self.body, dict):
            raise BareError(422)
        return self.body


def bad_request(message: str) -> Problem:
    """400 with a reason."""
    return Problem(
        400, "bad-request", "The request could not be understood by the server.", {"message": message}
    )


def not_found(kind: str, identifier: str) -> Problem:
    """404 for an id that names nothing."""
    return Problem(
        404,
        "resource-not-found",
        "No such resource.",
        {"resourceType": kind, "resourceId": identifier},
    )


def forbidden() -> Problem:
    """403: what an unknown workspace in a filter gives, as no role in it can be found."""
    message = "Caller does not have the required WORKSPACE_READER permissions to access the resource(s)."
    return Problem(403, "forbidden", "You may not do this.", {"message": message})


def state_conflict(message: str = "Could not fulfill request") -> Problem:
    """409 for a thing that cannot be done now; Airbyte does not say why."""
    return Problem(409, "state-conflict", "State conflict.", {"message": message})


def try_again_later(message: str) -> Problem:
    """409 for a sync that runs already."""
    return Problem(409, "try-again-later", "Please try again later.", {"message": message})


def not_in_sandbox(what: str) -> Problem:
    """501: Airbyte can do it, the sandbox cannot, and says so."""
    message = f"The sandbox does not have {what}; a real Airbyte does."
    return Problem(
        501, "not-in-sandbox", "Not built in the sandbox.", {"message": message}, "sandbox:not-built"
    )
