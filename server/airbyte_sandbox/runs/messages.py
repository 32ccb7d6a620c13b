"""The messages of the Airbyte protocol, as far as the sandbox acts on them."""

import json
from dataclasses import dataclass
from typing import cast

from airbyte_sandbox.json_value import JsonObject, as_int, as_object, as_text
from airbyte_sandbox.model import Failure, FailureOrigin, FailureType, StreamRunState

_DECODE = json.JSONDecoder().raw_decode
_RUN_STATES = {
    "STARTED": StreamRunState.RUNNING,
    "RUNNING": StreamRunState.RUNNING,
    "COMPLETE": StreamRunState.COMPLETE,
    "INCOMPLETE": StreamRunState.INCOMPLETE,
}


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
class Log:
    """A line for the log."""

    level: str
    text: str


@dataclass(frozen=True, slots=True)
class StreamProgress:
    """The source says how far a stream is."""

    stream: str
    state: StreamRunState


@dataclass(frozen=True, slots=True)
class Ignored:
    """Anything that changes nothing here."""


Message = State | Estimate | Log | StreamProgress | Failure | Ignored


def parse_line(line: str) -> JsonObject | None:
    """The JSON object of one output line; None for a line that is none, which Airbyte treats as log."""
    try:
        body, end = _DECODE(line)
        if end != len(line) and line[end:].strip():
            return None
    except (ValueError, RecursionError):
        # Only a line that begins with white space is worth a second look.
        return parse_line(line.strip()) if line[:1].isspace() and line.strip() else None
    return cast("JsonObject", body) if isinstance(body, dict) else None


def parse_message(body: JsonObject) -> Message:
    """What a message other than a RECORD means."""
    match body.get("type"):
        case "STATE":
            return _state(as_object(body.get("state")))
        case "TRACE":
            return _trace(as_object(body.get("trace")))
        case "LOG":
            log = as_object(body.get("log"))
            return Log(as_text(log.get("level"), "INFO").lower(), as_text(log.get("message")))
        case _:
            return Ignored()


def _state(body: JsonObject) -> State:
    if body.get("type") != "STREAM":
        return State(None, body)
    descriptor = as_object(as_object(body.get("stream")).get("stream_descriptor"))
    return State(as_text(descriptor.get("name")), body)


def _trace(body: JsonObject) -> Message:
    match body.get("type"):
        case "ESTIMATE":
            estimate = as_object(body.get("estimate"))
            if estimate.get("type") == "STREAM":
                return Estimate(as_text(estimate.get("name")), as_int(estimate.get("row_estimate")))
            return Ignored()
        case "STREAM_STATUS":
            return _stream_progress(as_object(body.get("stream_status")))
        case "ERROR":
            return _failure(as_object(body.get("error")))
        case _:
            return Ignored()


def _stream_progress(body: JsonObject) -> Message:
    state = _RUN_STATES.get(as_text(body.get("status")))
    name = as_text(as_object(body.get("stream_descriptor")).get("name"))
    reasons = body.get("reasons")
    if isinstance(reasons, list) and any(
        as_object(reason).get("type") == "RATE_LIMITED" for reason in reasons
    ):
        state = StreamRunState.RATE_LIMITED
    return Ignored() if state is None else StreamProgress(name, state)


def _failure(error: JsonObject) -> Failure:
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
