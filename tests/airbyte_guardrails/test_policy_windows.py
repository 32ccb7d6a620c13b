"""A window is what the clock on the wall says there, over midnight and when clocks are put forward or back."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies import rules_of, said

BERLIN = ZoneInfo("Europe/Berlin")


def is_open(window: str, moment: datetime) -> bool:
    """Whether a rule with this window can answer."""
    rule = f'[[rule]]\nname = "w"\nanswer = "confirm"\nwindow = {window}'
    return said(rule, moment=moment).answer.value == "confirm"


WEEKDAYS = '{ days = "mon-fri", from = "08:00", to = "18:00", zone = "Europe/Berlin" }'


@pytest.mark.parametrize(
    ("local", "inside"),
    [
        ("2026-11-23 08:00", True),
        ("2026-11-23 07:59", False),
        ("2026-11-23 17:59", True),
        ("2026-11-23 18:00", False),
        ("2026-11-27 12:00", True),
        ("2026-11-28 12:00", False),
        ("2026-11-29 12:00", False),
    ],
)
def test_office_hours_are_those_of_the_place(local: str, *, inside: bool) -> None:
    moment = datetime.fromisoformat(local).replace(tzinfo=BERLIN)

    assert is_open(WEEKDAYS, moment) is inside
    assert is_open(WEEKDAYS, moment.astimezone(UTC)) is inside


@pytest.mark.parametrize("day", ["2026-03-27", "2026-03-30", "2026-10-23", "2026-10-26"])
def test_eight_o_clock_stays_eight_o_clock_when_clocks_change(day: str) -> None:
    eight = datetime.fromisoformat(f"{day} 08:00").replace(tzinfo=BERLIN).astimezone(UTC)

    assert is_open(WEEKDAYS, eight)
    assert not is_open(WEEKDAYS, eight - timedelta(minutes=1))


def test_an_hour_that_comes_twice_counts_twice() -> None:
    window = '{ from = "02:00", to = "03:00", zone = "Europe/Berlin" }'
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)

    assert [is_open(window, first + timedelta(hours=hours)) for hours in range(3)] == [True, True, False]


def test_an_hour_that_is_skipped_never_comes() -> None:
    window = '{ days = "sun", from = "02:00", to = "03:00", zone = "Europe/Berlin" }'
    midnight = datetime(2026, 3, 28, 23, 0, tzinfo=UTC)

    assert not any(is_open(window, midnight + timedelta(minutes=15 * step)) for step in range(24 * 4))


@pytest.mark.parametrize(
    ("local", "inside"),
    [
        ("2026-11-27 21:59", False),
        ("2026-11-27 22:00", True),
        ("2026-11-28 05:59", True),
        ("2026-11-28 06:00", False),
        ("2026-11-28 22:00", False),
        ("2026-11-29 03:00", False),
    ],
)
def test_a_window_past_midnight_belongs_to_the_day_on_which_it_begins(local: str, *, inside: bool) -> None:
    friday_night = '{ days = "fri", from = "22:00", to = "06:00", zone = "Europe/Berlin" }'

    assert is_open(friday_night, datetime.fromisoformat(local).replace(tzinfo=BERLIN)) is inside


def test_any_of_several_windows_will_do() -> None:
    both = '[{ to = "06:00", zone = "UTC" }, { from = "22:00", zone = "UTC" }]'
    day = datetime(2026, 11, 23, tzinfo=UTC)

    assert [hour for hour in range(24) if is_open(both, day + timedelta(hours=hour))] == [
        0,
        1,
        2,
        3,
        4,
        5,
        22,
        23,
    ]


def test_a_range_of_days_may_go_over_the_end_of_the_week() -> None:
    window = '{ days = ["fri-mon", "wed"], zone = "UTC" }'
    monday = datetime(2026, 11, 23, 12, tzinfo=UTC)

    assert [is_open(window, monday + timedelta(days=day)) for day in range(7)] == [
        True, False, True, False, True, True, True,
    ]  # fmt: skip


def test_a_time_of_toml_is_a_time_of_day() -> None:
    (quoted,) = rules_of(
        '[[rule]]\nname = "w"\nanswer = "confirm"\nwindow = { from = "08:30", to = "24:00", zone = "UTC" }'
    )
    (bare,) = rules_of('[[rule]]\nname = "w"\nanswer = "confirm"\nwindow = { from = 08:30:00, zone = "UTC" }')

    assert quoted == bare


@given(
    st.integers(0, 23),
    st.integers(0, 23),
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - hypothesis adds the zone
)
def test_a_window_and_its_opposite_never_agree(start: int, end: int, moment: datetime) -> None:
    if start == end:
        return
    one, other = (
        f'{{ from = "{a:02}:00", to = "{b:02}:00", zone = "Europe/Berlin" }}'
        for a, b in ((start, end), (end, start))
    )

    assert is_open(one, moment) is not is_open(other, moment)
