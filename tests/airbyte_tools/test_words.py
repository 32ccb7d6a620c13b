"""Numbers and times as people read them; unknown is unknown, never zero."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from airbyte_tools.words import ago, counted, iso, length, listed, rows, sentence, size

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def test_unknown_is_said_to_be_unknown() -> None:
    assert (rows(None), size(None), length(None), ago(None, NOW), iso(None)) == (
        "unknown rows",
        "unknown volume",
        "unknown duration",
        "at an unknown time",
        None,
    )


def test_zero_is_not_unknown() -> None:
    assert (rows(0), size(0)) == ("0 rows", "0 Bytes")


@pytest.mark.parametrize(
    ("number", "words"), [(0, "0 rows"), (1, "1 row"), (2, "2 rows"), (1_234_567, "1,234,567 rows")]
)
def test_numbers_carry_separators_and_the_right_noun(number: int, words: str) -> None:
    assert counted(number, "row") == words


def test_times_are_told_in_utc_to_the_second() -> None:
    berlin = timezone(timedelta(hours=1))

    assert iso(datetime(2026, 11, 23, 13, 0, 5, 999, tzinfo=berlin)) == "2026-11-23T12:00:05Z"
    assert ago(NOW - timedelta(hours=3), NOW) == "3 hours ago"


def test_durations_are_told_to_the_second() -> None:
    assert length(timedelta(minutes=3, seconds=34)) == "3 minutes and 34 seconds"


def test_long_lists_of_names_are_cut_and_counted() -> None:
    assert listed(["a", 'b"']) == '"a", "b\'"'
    assert listed(["x"] * 12).endswith("and 2 more")


def test_only_the_first_letter_becomes_a_capital() -> None:
    assert sentence("job 1: 391 kB") == "Job 1: 391 kB"
