"""What moved since a person looked is told where it moved, however much is around it."""

from pydantic import JsonValue

from airbyte_guardrails.plans import difference


def test_only_the_innermost_facts_that_moved_are_told() -> None:
    orders: JsonValue = {"name": "orders", "syncMode": "append"}

    told = difference(
        {"c1": {"old": [orders, {"name": "users", "syncMode": "append"}], "running": False}},
        {"c1": {"old": [orders, {"name": "users", "syncMode": "overwrite"}], "running": False}},
    )

    assert told == ['c1.old.2.syncMode: was "append", is "overwrite"']


def test_lists_of_another_length_and_values_of_another_kind_are_told_whole() -> None:
    assert difference({"a": [1], "b": {"x": 1}}, {"a": [1, 2], "b": None}) == [
        "a: was [1], is [1,2]",
        'b: was {"x":1}, is null',
    ]


def test_a_fact_that_is_missing_on_one_side_is_told_as_null() -> None:
    assert difference({"a": {"x": 1}}, {"a": {}, "b": True}) == [
        "a.x: was 1, is null",
        "b: was null, is true",
    ]


def test_equal_facts_are_no_difference() -> None:
    assert difference({"a": [{"x": [1]}]}, {"a": [{"x": [1]}]}) == []
