"""Things that go wrong on request: rules, each for the next so many requests or attempts that match it."""

import threading
from dataclasses import dataclass, replace
from enum import StrEnum
from fnmatch import fnmatchcase


class FaultKind(StrEnum):
    """What goes wrong. The first four meet HTTP requests, the others attempts of syncs."""

    STATUS = "status"
    DELAY = "delay"
    RESET = "reset"
    GARBAGE = "garbage"
    FAIL_AT_ROW = "fail_at_row"
    CONFIG_ERROR = "config_error"
    SLOW_SOURCE = "slow_source"
    STUCK_JOB = "stuck_job"
    ZERO_ROWS = "zero_rows"

    @property
    def meets_requests(self) -> bool:
        """Whether it meets requests, not attempts."""
        return self in {FaultKind.STATUS, FaultKind.DELAY, FaultKind.RESET, FaultKind.GARBAGE}


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong; each kind reads the numbers that concern it.

    Attributes:
        kind: what goes wrong.
        status: the HTTP status of a `status`.
        seconds: the length of a `delay`.
        rows: after how many rows a `fail_at_row` fails.
        rows_per_second: the pace of a `slow_source`.
        message: what a `status`, `fail_at_row` or `config_error` says; "" for a usual sentence.
    """

    kind: FaultKind
    status: int = 503
    seconds: float = 1.0
    rows: int = 0
    rows_per_second: float = 10.0
    message: str = ""


@dataclass(frozen=True)
class FaultRule:
    """A fault and whom it meets. Empty words match all; ``path`` may hold ``*``."""

    fault: Fault
    times: int = 1
    method: str = ""
    path: str = ""
    connection_id: str = ""
    id: int = 0

    def meets_request(self, method: str, path: str) -> bool:
        """Whether it is for this request."""
        return (
            self.fault.kind.meets_requests
            and self.method in {"", method}
            and (not self.path or fnmatchcase(path, self.path))
        )

    def meets_attempt(self, connection_id: str) -> bool:
        """Whether it is for an attempt of this connection."""
        return not self.fault.kind.meets_requests and self.connection_id in {"", connection_id}


class FaultBook:
    """The rules in force; the oldest one that matches is used, and used up by its ``times``."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[FaultRule] = []
        self._last_id = 0

    def add(self, rule: FaultRule) -> FaultRule:
        """Put a rule in force; the answer has its id."""
        with self._lock:
            self._last_id += 1
            numbered = replace(rule, id=self._last_id)
            self._rules.append(numbered)
        return numbered

    def rules(self) -> list[FaultRule]:
        """The rules in force, each with the times that are left."""
        with self._lock:
            return list(self._rules)

    def clear(self) -> None:
        """Let everything go well again."""
        with self._lock:
            self._rules = []

    def for_request(self, method: str, path: str) -> Fault | None:
        """What happens to this request, which uses up one time of its rule."""
        with self._lock:
            rule = next((rule for rule in self._rules if rule.meets_request(method, path)), None)
            return self._used(rule)

    def for_attempt(self, connection_id: str) -> Fault | None:
        """What happens to an attempt of this connection, which uses up one time of its rule."""
        with self._lock:
            rule = next((rule for rule in self._rules if rule.meets_attempt(connection_id)), None)
            return self._used(rule)

    def _used(self, rule: FaultRule | None) -> Fault | None:
        if rule is None:
            return None
        position = self._rules.index(rule)
        if rule.times > 1:
            self._rules[position] = replace(rule, times=rule.times - 1)
        else:
            del self._rules[position]
        return rule.fault
