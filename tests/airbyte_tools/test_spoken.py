"""What people say about schedules is understood in whole, or refused with what was not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airbyte_client import AirbyteError, CronSchedule, InvalidScheduleError, ManualSchedule
from airbyte_tools.errors import InvalidRequestError
from airbyte_tools.spoken import understood


@pytest.mark.parametrize(
    ("said", "expression", "zone"),
    [
        ("every 6 hours", "0 0 0/6 * * ?", "UTC"),
        ("hourly", "0 0 * * * ?", "UTC"),
        ("Every hour", "0 0 * * * ?", "UTC"),
        ("weekdays at 7:30 Berlin", "0 30 7 ? * MON-FRI", "Europe/Berlin"),
        ("daily at 6", "0 0 6 * * ?", "Asia/Kolkata"),
        ("daily at 6:00 and 18:00", "0 0 6,18 * * ?", "Asia/Kolkata"),
        ("mondays at 9", "0 0 9 ? * MON", "Asia/Kolkata"),
        ("monday, wednesday and friday at 7:30 pm Europe/Berlin", "0 30 19 ? * MON,WED,FRI", "Europe/Berlin"),
        ("Mon-Fri at 7:30", "0 30 7 ? * MON-FRI", "Asia/Kolkata"),
        ("every day at noon", "0 0 12 * * ?", "Asia/Kolkata"),
        ("daily at 12am", "0 0 0 * * ?", "Asia/Kolkata"),
        ("on the 1st at 3am", "0 0 3 1 * ?", "Asia/Kolkata"),
        ("last day of the month at midnight", "0 0 0 L * ?", "Asia/Kolkata"),
        ("weekdays at 7:30 in New York", "0 30 7 ? * MON-FRI", "America/New_York"),
        ("nightly at 2 o'clock", "0 0 2 * * ?", "Asia/Kolkata"),
        ("every monday at 9am Berlin time", "0 0 9 ? * MON", "Europe/Berlin"),
        ("daily at 7 UTC", "0 0 7 * * ?", "UTC"),
        ("0 0 6 ? * MON-FRI", "0 0 6 ? * MON-FRI", "Asia/Kolkata"),
    ],
)
def test_words_become_the_cron_that_they_mean(said: str, expression: str, zone: str) -> None:
    assert understood(said, "Asia/Kolkata").schedule == CronSchedule(expression=expression, timezone=zone)


@pytest.mark.parametrize("said", ["manual", "Manually.", "by hand"])
def test_manual_is_understood(said: str) -> None:
    assert understood(said, "UTC").schedule == ManualSchedule()


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ("weekdays at 7:30 berln", "Did you mean Europe/Berlin?"),
        ("tuesday", "no time of day"),
        ("daily at 25:00", "no time of day"),
        ("every 2 days at 6", "every 2 days"),
        ("every 6 hours on mondays", "on mondays"),
        ("at 7:30 and 8:15", "different minutes"),
        ("when the moon is full", "when the moon is full"),
    ],
)
def test_what_is_not_understood_is_named(said: str, named: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        understood(said, "UTC")

    assert named in str(refused.value)


def test_an_uneven_interval_names_the_nearest_even_ones() -> None:
    with pytest.raises(InvalidScheduleError) as refused:
        understood("every 5 hours", "UTC")

    assert "every 4 or 6 hours" in str(refused.value)


@given(st.text(max_size=60) | st.from_regex(r"(every|daily|mondays?|at|\d{1,2}|:|and| |Berlin){1,12}"))
def test_any_text_is_understood_or_refused_with_a_next_step(said: str) -> None:
    assert outcome(said)


def outcome(said: str) -> str:
    """The schedule's kind, or what the refusal says to do next."""
    try:
        return understood(said, "UTC").schedule.kind
    except (InvalidRequestError, AirbyteError) as refused:
        return refused.next_step
