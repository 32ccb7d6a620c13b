"""The bundled sample source: rows that are the same every time, at a pace, with failures on request.

Configuration: ``streams`` (stream name to the number of rows of its first read), ``new_rows`` (how many
more each later incremental read finds, 0 by default), ``rows_per_second`` (0: as fast as possible),
``state_every`` (rows between two states, 100), and ``fail``:
``{"kind": "config_error" | "transient_error", "after_rows": N, "message": "..."}``.
"""

import sys
import time
from collections.abc import Sequence

from airbyte_sandbox.json_value import JsonObject, as_int, as_number, as_object, as_text
from airbyte_sandbox.model import StreamSchema
from airbyte_sandbox.sources import protocol, sample_streams
from airbyte_sandbox.sources.protocol import SourceFailed, WantedStream

FAILURES = {
    "config_error": "config_error",
    "transient": "transient_error",
    "transient_error": "transient_error",
}
_LONGEST_NAP = 0.1
_BLOCK_ROWS = 1000


def catalog(config: JsonObject) -> list[StreamSchema]:
    """The streams that ``config`` asks for.

    Raises:
        SourceFailed: it names a stream that does not exist.
    """
    names = list(as_object(config.get("streams")))
    unknown = sorted(set(names) - set(sample_streams.stream_names()))
    if unknown:
        raise SourceFailed(
            "config_error",
            f"The sample source has no stream {unknown[0]!r};"
            f" it has {', '.join(sample_streams.stream_names())}.",
        )
    return [sample_streams.schema(name) for name in names]


class _Pace:
    """Lets at most so many rows a second through, and fails after so many if told to."""

    def __init__(self, config: JsonObject) -> None:
        self._per_second = as_number(config.get("rows_per_second"))
        fail = as_object(config.get("fail"))
        self._failure = FAILURES.get(as_text(fail.get("kind")))
        self._fail_after = as_int(fail.get("after_rows"))
        self._fail_message = as_text(fail.get("message"), "The sample source was told to fail.")
        self._started = time.monotonic()
        self._rows = 0

    def take(self, wanted: int) -> int:
        """How many of the next ``wanted`` rows may be written now, after waiting for their time.

        Raises:
            SourceFailed: it was told to fail here.
        """
        if self._failure is not None:
            if self._rows >= self._fail_after:
                raise SourceFailed(self._failure, self._fail_message)
            wanted = min(wanted, self._fail_after - self._rows)
        if self._per_second > 0:
            wanted = 1
            self._wait_for((self._rows + 1) / self._per_second)
        self._rows += wanted
        return wanted

    def _wait_for(self, seconds: float) -> None:
        """Until this long after the start."""
        while (ahead := seconds - (time.monotonic() - self._started)) > 0:
            sys.stdout.flush()
            time.sleep(min(ahead, _LONGEST_NAP))

    def at_end(self) -> None:
        if self._failure is not None:
            raise SourceFailed(self._failure, self._fail_message)


class SampleSource:
    """The sample source as a connector."""

    def spec(self) -> JsonObject:
        """Schema of the configuration described at the top of this module."""
        return {
            "type": "object",
            "required": ["streams"],
            "properties": {
                "streams": {"type": "object", "additionalProperties": {"type": "integer", "minimum": 0}},
                "new_rows": {"type": "integer", "minimum": 0},
                "rows_per_second": {"type": "number", "minimum": 0},
                "state_every": {"type": "integer", "minimum": 1},
                "fail": {"type": "object"},
            },
        }

    def catalog(self, config: JsonObject) -> Sequence[StreamSchema]:
        """The streams that ``config`` asks for."""
        return catalog(config)

    def read(self, config: JsonObject, streams: Sequence[WantedStream]) -> None:
        """Write the rows of all streams, an estimate first."""
        catalog(config)
        ranges = {stream.name: _rows_to_read(config, stream) for stream in streams}
        for name, numbers in ranges.items():
            protocol.emit_estimate(name, len(numbers))
        pace = _Pace(config)
        for stream in streams:
            _read_stream(config, stream, ranges[stream.name], pace)
        pace.at_end()


def _read_stream(config: JsonObject, stream: WantedStream, numbers: range, pace: _Pace) -> None:
    protocol.emit_log(f"Reading {len(numbers)} rows of {stream.name}")
    first_rows = _first_rows(config, stream.name)
    state_every = max(1, as_int(config.get("state_every"), 100))
    write = protocol.block_writer(stream.name, sample_streams.schema(stream.name).properties)
    while numbers:
        until_state = state_every - (numbers[0] - 1) % state_every if stream.incremental else len(numbers)
        count = pace.take(min(until_state, _BLOCK_ROWS, len(numbers)))
        block, numbers = numbers[:count], numbers[count:]
        write(sample_streams.columns(stream.name, block, first_rows))
        if stream.incremental and (block[-1] % state_every == 0 or not numbers):
            protocol.emit_state(stream.name, {"updated_at": sample_streams.updated_at(block[-1])})


def _rows_to_read(config: JsonObject, stream: WantedStream) -> range:
    """Which rows this read gives: all of the first load, or what is new after the cursor.

    New rows come in lots of ``new_rows``; a read that was cut short goes on to the end of its lot.
    """
    rows = _first_rows(config, stream.name)
    cursor = as_text(stream.state.get("updated_at"))
    if not cursor:
        return range(1, rows + 1)
    try:
        done = sample_streams.number_at(cursor)
    except ValueError as error:
        raise SourceFailed("config_error", f"The saved cursor {cursor!r} is not a time.") from error
    if done < rows:
        return range(done + 1, rows + 1)
    lot = as_int(config.get("new_rows"))
    end = rows + ((done - rows) // lot + 1) * lot if lot > 0 else done
    return range(done + 1, end + 1)


def _first_rows(config: JsonObject, stream: str) -> int:
    return as_int(as_object(config.get("streams")).get(stream))


if __name__ == "__main__":
    protocol.run(SampleSource())
