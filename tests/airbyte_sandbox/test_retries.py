"""How long a job waits before its next attempt."""

import pytest

from airbyte_sandbox.runs.retries import FailureTally


def failed(times: int, time_factor: float = 1.0) -> FailureTally:
    """The tally of a job whose first attempts all committed nothing."""
    tally = FailureTally(time_factor)
    for _ in range(times):
        tally.add(progress=False)
    return tally


def test_the_pause_trebles_from_ten_seconds_on_with_each_attempt_that_commits_nothing() -> None:
    assert [failed(times).pause for times in range(1, 5)] == [10, 30, 90, 270]


def test_no_pause_is_longer_than_half_an_hour() -> None:
    assert [failed(times).pause for times in (5, 6, 50)] == [810, 1800, 1800]


@pytest.mark.parametrize("factor", [0, 0.01, 2])
def test_every_pause_is_scaled_by_the_time_factor(factor: float) -> None:
    for times in (1, 3, 50):
        assert failed(times, factor).pause == failed(times).pause * factor


def test_an_attempt_that_committed_something_is_followed_at_once_and_the_pauses_begin_anew() -> None:
    tally = failed(3)
    tally.add(progress=True)
    assert tally.pause == 0
    tally.add(progress=False)
    assert tally.pause == 10
