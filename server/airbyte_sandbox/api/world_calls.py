"""The sandbox's own calls that change its world: clock, faults, reset, seed."""

import math
from datetime import timedelta

from airbyte_sandbox.api.answers import Answer, Call, bad_request
from airbyte_sandbox.faults import Fault, FaultKind, FaultRule
from airbyte_sandbox.json_value import JsonObject, JsonValue, as_text
from airbyte_sandbox.seed.reading import SeedError
from airbyte_sandbox.world import World

_MOST_TIMES = 1_000_000_000


class WorldCalls:
    """Handlers of ``/_sandbox`` that change something."""

    def __init__(self, world: World) -> None:
        self._world = world

    def show_clock(self, _: Call) -> Answer:
        """GET /_sandbox/clock."""
        clock = self._world.clock
        return Answer({"now": clock.now().isoformat(), "frozen": clock.stopped})

    def set_clock(self, call: Call) -> Answer:
        """POST /_sandbox/clock {"frozen": true|false, "advanceSeconds": N}: both may be given."""
        body = _known(call, {"frozen", "advanceSeconds"})
        frozen, seconds = body.get("frozen"), _number(body, "advanceSeconds", 0)
        if frozen not in {None, True, False} or (isinstance(frozen, int) and not isinstance(frozen, bool)):
            raise bad_request("frozen must be true or false")
        clock = self._world.clock
        if frozen is not None:
            (clock.stop if frozen else clock.run)()
        try:
            clock.advance(timedelta(seconds=seconds))
        except (ValueError, OverflowError) as error:
            raise bad_request(f"the clock cannot be advanced: {error}") from error
        return self.show_clock(call)

    def list_faults(self, _: Call) -> Answer:
        """GET /_sandbox/faults: the rules in force, each with the times that are left."""
        return Answer({"faults": [_rule_json(rule) for rule in self._world.faults.rules()]})

    def add_fault(self, call: Call) -> Answer:
        """POST /_sandbox/faults: a rule, as :func:`_rule_json` writes it, without its id."""
        return Answer(_rule_json(self._world.faults.add(_rule(call))))

    def clear_faults(self, _: Call) -> Answer:
        """DELETE /_sandbox/faults."""
        self._world.faults.clear()
        return Answer(None, status=204)

    def reset(self, call: Call) -> Answer:
        """POST /_sandbox/reset: as it was at the start, its clock and its faults too."""
        self._world.reset()
        return self.show_clock(call)

    def seed(self, call: Call) -> Answer:
        """POST /_sandbox/seed: begin again with the fleet in the body (the form of a seed file)."""
        try:
            self._world.replace(call.json_object())
        except SeedError as error:
            raise bad_request(str(error)) from error
        return self.show_clock(call)


def _rule(call: Call) -> FaultRule:
    body = _known(
        call,
        {
            "kind", "times", "method", "path", "connectionId",
            "status", "seconds", "rows", "rowsPerSecond", "message",
        },
    )  # fmt: skip
    try:
        kind = FaultKind(as_text(body.get("kind")))
    except ValueError:
        raise bad_request(f"kind must be one of {', '.join(FaultKind)}") from None
    fault = Fault(
        kind,
        status=int(_number(body, "status", 503, 200, 599)),
        seconds=_number(body, "seconds", 1, 0, 3600),
        rows=int(_number(body, "rows", 0)),
        rows_per_second=_number(body, "rowsPerSecond", 10, 0.001),
        message=as_text(body.get("message")),
    )
    return FaultRule(
        fault,
        times=int(_number(body, "times", 1, 1)),
        method=as_text(body.get("method")).upper(),
        path=as_text(body.get("path")),
        connection_id=as_text(body.get("connectionId")),
    )


def _rule_json(rule: FaultRule) -> JsonObject:
    fault = rule.fault
    return {
        "id": rule.id,
        "kind": fault.kind.value,
        "times": rule.times,
        "method": rule.method,
        "path": rule.path,
        "connectionId": rule.connection_id,
        "status": fault.status,
        "seconds": fault.seconds,
        "rows": fault.rows,
        "rowsPerSecond": fault.rows_per_second,
        "message": fault.message,
    }


def _known(call: Call, names: set[str]) -> JsonObject:
    """The body, if it has no other field: a mistyped one must not be taken for a default."""
    body = call.json_object()
    unknown = sorted(set(body) - names)
    if unknown:
        raise bad_request(f"unknown field {unknown[0]}; there are {', '.join(sorted(names))}")
    return body


def _number(body: JsonObject, name: str, default: float, low: float = 0, high: float = _MOST_TIMES) -> float:
    value: JsonValue = body.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise bad_request(f"{name} must be a number")
    if not low <= value <= high:
        raise bad_request(f"{name} must be from {low} to {high}")
    return value
