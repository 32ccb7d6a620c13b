"""The quick way to read RECORD messages says exactly what the plain one says, of whatever a source writes."""

import json
import math
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airbyte_sandbox.json_value import JsonObject, JsonValue
from airbyte_sandbox.record import Run, encoder, record_of, runs
from airbyte_sandbox.runs.messages import parse_line

Row = tuple[str, JsonObject, int]
ORDER = b'{"type":"RECORD","record":{"stream":"orders","data":{"x":%s},"emitted_at":7}}'


def rows(lines: list[bytes]) -> Iterator[Row | bytes]:
    """What the sandbox makes of the lines: rows, and the lines that are none."""
    for found in runs(lines):
        if isinstance(found, Run):
            yield from ((record.stream, record.data, record.emitted_at) for record in found.records)
        else:
            yield plain(found)


def plain(line: bytes) -> Row | bytes:
    """What the standard library makes of a line."""
    record = record_of(parse_line(line.decode("utf-8", "replace")) or {})
    return line if record is None else (record.stream, record.data, record.emitted_at)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
records = st.fixed_dictionaries(
    {"stream": st.sampled_from(["orders", "users"]) | json_values, "data": json_values},
    optional={"emitted_at": st.integers() | json_values, "namespace": json_values},
)
messages = st.fixed_dictionaries(
    {}, optional={"type": st.sampled_from(["RECORD", "STATE"]) | json_values, "record": records | json_values}
)


def proper(stream: str, data: JsonObject) -> JsonObject:
    return {"type": "RECORD", "record": {"stream": stream, "data": data, "emitted_at": 1}}


def written(message: JsonObject, ascii_only: bool) -> bytes:  # noqa: FBT001 - hypothesis passes it by position
    return json.dumps(message, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")


data = st.dictionaries(st.text(), json_values, max_size=3)
any_message = st.builds(proper, st.sampled_from(["orders", "users"]), data) | messages
lines = st.binary().filter(lambda text: b"\n" not in text) | st.builds(written, any_message, st.booleans())


@given(st.lists(lines, max_size=12))
def test_both_ways_to_read_agree_on_every_line_and_its_place(batch: list[bytes]) -> None:
    # NaN differs from itself, but not in its text.
    assert repr(list(rows(batch))) == repr([plain(line) for line in batch])


@pytest.mark.parametrize(
    "value",
    [
        b"-0", b"-0.0", b"0.1", b"5e-324", b"1e-400", b"1E5", b"9007199254740993.0", b"123456789012345678901234567890",
        b"18446744073709551616", b"1e400", b"-1e400", b"NaN", b"-Infinity", b"01", b"1.", b".5", b"+1", b"0x10", b"tru",
        b'"\\ud800"', b'"\\ud83d\\ude00"', b'"\\u0000"', b'"\\q"', b'"\t"', b'"\x01"', b'"\xff"', b'"\xed\xa0\x80"', b'"\\/"',
        b"[1,]", b'{"a":1,"a":2}', b"[" * 5000 + b"]" * 5000, b"1},{", b"1}}}", b"1 2", b"",
    ],
)  # fmt: skip
def test_values_that_json_readers_like_to_disagree_on_are_read_the_same(value: bytes) -> None:
    assert repr(list(rows([ORDER % value]))) == repr([plain(ORDER % value)])


@pytest.mark.parametrize(
    "line",
    [
        b'{"record":{"stream":"s","data":{}}}',
        b'{"record":{"stream":"s","data":{}},"type":"RECORD"}',
        b'{"type":"RECORD","type":"STATE","record":{"stream":"s","data":{}}}',
        b'{"type":"STATE","type":"RECORD","record":{"stream":"s","data":{}}}',
        b'{"type":"RECORD","record":{"stream":"s","data":{}},"\\u0074ype":"STATE"}',
        b'{"type":"RECORD","record":{"stream":"s","data":{}},"record":{"stream":"t","data":{"a":1}}}',
        b'{"type":"RECORD","record":{"stream":"s","data":{},"emitted_at":true}}',
        b'{"type":"RECORD","record":{"stream":"s","data":{},"emitted_at":1.5}}',
        b'{"type":"RECORD","record":{"stream":"s","data":{},"other":"\xff"}}',
        b' \t{"type":"RECORD","record":{"stream":"s","data":{}}}\r',
        b'\xef\xbb\xbf{"type":"RECORD","record":{"stream":"s","data":{}}}',
        b'\x0b{"type":"RECORD","record":{"stream":"s","data":{}}}',
    ],
)  # fmt: skip
def test_messages_that_are_nearly_records_are_read_the_same(line: bytes) -> None:
    assert list(rows([line])) == [plain(line)]


def test_neighbours_of_one_stream_are_one_run_that_knows_the_bytes_of_its_lines() -> None:
    one, other, log = ORDER % b"1", (ORDER % b"2").replace(b"orders", b"users"), b"no message"
    found = list(runs([one, one, other, log, one]))
    assert [(run.stream, len(run.records), run.size) for run in found if isinstance(run, Run)] == [
        ("orders", 2, 2 * len(one)),
        ("users", 1, len(other)),
        ("orders", 1, len(one)),
    ]
    assert found[2] == log


def test_what_the_quick_way_writes_the_plain_one_reads() -> None:
    columns: list[list[JsonValue]] = [[1, 2], ['"\n', "\u2028é"], [0.1, math.pi]]
    made = encoder("orders", ["id", "text", "number"])(columns, 7).splitlines()
    assert [plain(line) for line in made] == [
        ("orders", {"id": 1, "text": '"\n', "number": 0.1}, 7),
        ("orders", {"id": 2, "text": "\u2028é", "number": math.pi}, 7),
    ]
