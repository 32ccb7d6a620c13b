"""What was asked of the API, in order: the witness of every test that says "nothing happened"."""

import threading
from collections import deque
from dataclasses import dataclass

from airbyte_sandbox.api.render import java_time, masked
from airbyte_sandbox.json_value import JsonObject, JsonValue, parse_json

_MOST_ENTRIES = 100_000
_LONGEST_BODY = 16 * 1024


@dataclass
class LoggedRequest:
    """One request; ``status`` is None until it was answered."""

    number: int
    at: str
    method: str
    path: str
    query: str
    body: JsonValue
    status: int | None = None

    def json(self) -> JsonObject:
        """As the control endpoint shows it."""
        return {
            "number": self.number,
            "at": self.at,
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "body": self.body,
            "status": self.status,
        }


class RequestLog:
    """Keeps the last 100,000 requests, secrets masked, numbered from 1 in the order of arrival."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: deque[LoggedRequest] = deque(maxlen=_MOST_ENTRIES)
        self._count = 0

    def add(self, at: int, method: str, path: str, query: str, body: bytes) -> LoggedRequest:
        """Note a request that just came in at ``at`` (milliseconds since 1970)."""
        shown = _shown_body(body)
        with self._lock:
            self._count += 1
            entry = LoggedRequest(self._count, java_time(at), method, path, query, shown)
            self._entries.append(entry)
        return entry

    def after(self, number: int) -> list[JsonValue]:
        """The requests with a higher number than ``number``, first one first."""
        with self._lock:
            return [entry.json() for entry in self._entries if entry.number > number]


def _shown_body(body: bytes) -> JsonValue:
    if len(body) > _LONGEST_BODY:
        return f"({len(body)} bytes, too long for the log)"
    try:
        return masked(parse_json(body))
    except (ValueError, RecursionError):
        return None
