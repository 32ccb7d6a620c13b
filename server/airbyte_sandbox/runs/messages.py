"""The messages of the Airbyte protocol, as far as the sandbox acts on them."""

from dataclasses import dataclass

from airbyte_sandbox.json_value import JsonObject, as_int, as_object, as_text, parse_json
from airbyte_sandbox.model import Failure, FailureOrigin, FailureType


@dataclass(frozen=True, slots=True)
class Record:
    """One row; ``size`` is the bytes of its message without the line end."""

    stream: str
    data: JsonObject
    emitted_at: int
    size: int


@dataclass(frozen=True, slots=True)
class State:
    """A point to go on from; ``stream`` None means that it speaks for all streams."""

    stream: str | None
    message: JsonObject


@dataclass(frozen=True, slots=True)
class Estimate:
    """How many rows the source expects to send for one stream."""

    stream: str
    records: int


@dataclass(frozen=True, slots=True)
class Ignored:
    """A log line, a status, or anything else that changes nothing here."""


Message = Record | State | Estimate | Failure | Ignored


def parse_message(line: bytes) -> Message:
    """The message of one output line; a line that is none is ignored, as Airbyte treats it as log."""
    try:
        body = as_object(parse_json(line))
    except (ValueError, RecursionError):
        return Ignored()
    match body.get("type"):
        case "RECORD":
            return _record(as_object(body.get("record")), len(line.rstrip(b"\r\n")))
        case "STATE":
            return _state(as_object(body.get("state")))
        case "TRACE":
            return _trace(as_object(body.get("trace")))
        case _:
            return Ignored()


def _record(body: JsonObject, size: int) -> Record:
    return Record(
        as_text(body.get("stream")), as_object(body.get("data")), as_int(body.get("emitted_at")), size
    )


def _state(body: JsonObject) -> State:
    if body.get("type") != "STREAM":
        return State(None, body)
    descriptor = as_object(as_object(body.get("stream")).get("stream_descriptor"))
    return State(as_text(descriptor.get("name")), body)


def _trace(body: JsonObject) -> Message:
    estimate = as_object(body.get("estimate"))
    if body.get("type") == "ESTIMATE" and estimate.get("type") == "STREAM":
        return Estimate(as_text(estimate.get("name")), as_int(estimate.get("row_estimate")))
    if body.get("type") != "ERROR":
        return Ignored()
    error = as_object(body.get("error"))
    return Failure(
        FailureOrigin.SOURCE,
        _failure_type(as_text(error.get("failure_type"))),
        as_text(error.get("message"), "The source reported an error without a message."),
        as_text(error.get("internal_message")),
        as_text(as_object(error.get("stream_descriptor")).get("name")) or None,
    )


def _failure_type(text: str) -> FailureType:
    known = {FailureType.CONFIG, FailureType.TRANSIENT}
    return FailureType(text) if text in known else FailureType.SYSTEM
