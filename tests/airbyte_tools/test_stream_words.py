"""Two catalogues side by side: nothing that differs reads the same, and nothing that came later is missed."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airbyte_client import StreamConfiguration
from airbyte_guardrails.wording import sides
from airbyte_tools.stream_words import StreamMove, moved_streams, overwrites, stream_moves
from airbyte_tools.words import clean, field_path

APPEND, OVERWRITE = "incremental_append", "full_refresh_overwrite"
SELECTED = [{"fieldPath": ["id"]}, {"fieldPath": ["at"]}]
MAPPERS = [{"type": "hashing", "mapperConfiguration": {"targetField": "id"}}]
LATER: dict[str, Any] = {
    "selectedFields": SELECTED,
    "mappers": MAPPERS,
    "destinationObjectName": "people",
    "includeFiles": True,
    "somethingNew": {"a": 1},
}


def stream(**settings: Any) -> StreamConfiguration:
    """A stream as Airbyte sends it."""
    return StreamConfiguration({"name": "users", "syncMode": APPEND, **settings})


def move(before: StreamConfiguration | None, after: StreamConfiguration | None) -> StreamMove:
    """The one move between two catalogues of one stream."""
    (only,) = stream_moves((before,) if before else (), (after,) if after else ())
    return only


def shown(before: StreamConfiguration | None, after: StreamConfiguration | None) -> tuple[str, str]:
    """Both sides as a question shows them."""
    return sides(move(before, after).change())


def test_every_part_of_a_long_key_is_shown() -> None:
    keys = [[f"a_rather_long_column_name_{number:02}"] for number in range(20)]
    before, after = shown(stream(primaryKey=keys), stream(primaryKey=[*keys[:19], ["tenant"]]))

    assert all(name in before for (name,) in keys)
    assert after.endswith("a_rather_long_column_name_18 + tenant")


def test_a_field_with_a_dot_reads_differently_from_a_field_in_a_field() -> None:
    dotted, nested = shown(stream(primaryKey=[["a.b"]]), stream(primaryKey=[["a", "b"]]))

    assert dotted.endswith('key "a.b"')
    assert nested.endswith("key a.b")


PATHS = st.lists(st.text(st.sampled_from('ab.+,"\\ \u200b\u3164'), max_size=4), min_size=1, max_size=3)


@given(PATHS, PATHS)
def test_no_two_paths_read_the_same(one: list[str], other: list[str]) -> None:
    first, second = (clean(words, len(words)) for words in (field_path(one), field_path(other)))

    assert (first == second) == (one == other)


@pytest.mark.parametrize("key", LATER)
def test_what_came_later_under_a_key_that_was_not_there_has_moved_on(key: str) -> None:
    (told,) = moved_streams((stream(**{key: LATER[key]}),), (stream(),))

    assert told.endswith(f"(different: {key})")


@pytest.mark.parametrize("empty", [None, [], {}, "", False])
def test_an_empty_key_that_came_later_is_no_difference(empty: object) -> None:
    now = stream(**dict.fromkeys(LATER, empty))

    assert moved_streams((now,), (stream(),)) == []
    assert moved_streams((stream(),), (now,)) == []
    assert stream_moves((now,), (stream(),)) == []


@pytest.mark.parametrize("key", LATER)
def test_every_setting_that_differs_is_shown(key: str) -> None:
    with_it, without = shown(stream(**{key: LATER[key]}), stream())

    assert with_it != without


def test_selected_fields_and_an_added_streams_settings_are_named() -> None:
    before, after = shown(stream(selectedFields=SELECTED), stream())
    _, added = shown(None, stream(selectedFields=SELECTED, destinationObjectName="people"))

    assert (before, after) == (f"{APPEND}, only id + at", f"{APPEND}, all fields")
    assert added == f'{APPEND}, only id + at, destinationObjectName "people"'


def test_a_secret_in_a_mapper_is_not_shown_and_its_change_is() -> None:
    one, other = ([{"type": "encryption", "password": word}] for word in ("hunter2", "hunter3"))
    before, after = shown(stream(mappers=one), stream(mappers=other))

    assert "hunter" not in before + after
    assert before != after


@pytest.mark.parametrize("mode", [OVERWRITE, "full_refresh_overwrite_deduped", "full_refresh_replace", None])
def test_a_mode_that_overwrites_or_that_nobody_knows_counts_as_overwriting(mode: str | None) -> None:
    overwriting = stream(syncMode=mode)

    assert overwrites(overwriting)
    assert move(None, overwriting).begins_to_overwrite
    assert move(stream(), overwriting).begins_to_overwrite


def test_a_mode_that_nobody_told_does_not_hide_one_that_overwrites() -> None:
    assert move(stream(syncMode=None), stream(syncMode=OVERWRITE)).begins_to_overwrite
    assert not move(stream(syncMode=OVERWRITE), stream()).begins_to_overwrite
    assert not move(stream(syncMode=OVERWRITE), None).begins_to_overwrite
