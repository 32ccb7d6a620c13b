"""What Airbyte would accept goes through; each refusal names the accepted form of the same wish."""

import pytest

from airbyte_client import (
    IntervalSchedule,
    IntervalUnit,
    InvalidScheduleError,
    every,
    nearest_cron,
    writable_cron,
)


@pytest.mark.parametrize(
    ("expression", "timezone", "written"),
    [
        ("0 0 9 ? * MON-FRI", "UTC", "0 0 9 ? * MON-FRI"),
        ("0  0 9 * * ?  ", "UTC", "0 0 9 * * ?"),
        ("0 0 9 * * ? UTC", "UTC", "0 0 9 * * ?"),
        ("0 0 9 * * ? 2027", "UTC", "0 0 9 * * ? 2027"),
        ("0 0 * * * ?", "UTC", "0 0 * * * ?"),
        ("0 0 9 * * ?", "Etc/UTC", "0 0 9 * * ?"),
        ("0 0 9 * * ?", "GMT", "0 0 9 * * ?"),
        ("0 0 9 * * ?", "Asia/Tokyo", "0 0 0 * * ?"),
        ("0 0 9 * * ?", "Asia/Kolkata", "0 30 3 * * ?"),
        ("0 0 3 * * ?", "Asia/Kolkata", "0 30 21 * * ?"),
        ("0 0 3 ? * MON", "Asia/Tokyo", "0 0 18 ? * SUN"),
        ("0 0 3 ? * SUN,MON", "Asia/Tokyo", "0 0 18 ? * SUN,SAT"),
        ("0 0 20 ? * FRI", "America/Phoenix", "0 0 3 ? * SAT"),
        ("0 0 12 1 * ?", "Asia/Tokyo", "0 0 3 1 * ?"),
        ("0 0 * * * ?", "Asia/Kolkata", "0 30 * * * ?"),
        ("0 0 0/6 * * ?", "Asia/Tokyo", "0 0 3,9,15,21 * * ?"),
        ("0 0 9 * * ? Asia/Tokyo", "UTC", "0 0 0 * * ?"),
    ],
)
def test_an_acceptable_wish_is_written_in_utc(expression: str, timezone: str, written: str) -> None:
    schedule = writable_cron(expression, timezone)

    assert (schedule.expression, schedule.timezone) == (written, "UTC")


@pytest.mark.parametrize(
    ("expression", "timezone", "accepted"),
    [
        ("0 9 * * 1-5", "UTC", "Write 0 0 9 ? * MON-FRI."),
        ("0 9 * * 0", "UTC", "Write 0 0 9 ? * SUN."),
        ("0 9 * * 7", "UTC", "Write 0 0 9 ? * SUN."),
        ("30 6 1 * *", "UTC", "Write 0 30 6 1 * ?."),
        ("0 9 1 * 1", "UTC", "Put the seconds (0) first"),
        ("* 0 9 * * ?", "UTC", "Write 0 0 9 * * ?."),
        ("0/10 0 9 * * ?", "UTC", "Write 0 0 9 * * ?."),
        ("0 0/15 * * * ?", "UTC", "Write 0 0 * * * ?."),
        ("0 * 9 * * ?", "UTC", "Write 0 0 9 * * ?."),
        ("0 10,40 9 ? * MON", "UTC", "Write 0 10 9 ? * MON."),
        ("0 0 9 * * *", "UTC", "0 0 9 ? * MON-FRI"),
        ("0 0 9 * * ?", "Nowhere/Land", "IANA"),
        ("0 0 3 1 * ?", "Asia/Tokyo", "give the expression in UTC"),
        ("0 0 3 L * ?", "Asia/Tokyo", "give the expression in UTC"),
    ],
)
def test_a_refusal_names_the_accepted_form(expression: str, timezone: str, accepted: str) -> None:
    with pytest.raises(InvalidScheduleError) as refused:
        writable_cron(expression, timezone)

    assert accepted in refused.value.next_step


def test_a_zone_with_daylight_saving_time_is_refused_with_the_utc_form_of_today() -> None:
    with pytest.raises(InvalidScheduleError, match="Europe/Berlin changes its offset") as refused:
        writable_cron("0 0 9 ? * MON-FRI", "Europe/Berlin")

    assert any(form in refused.value.next_step for form in ("0 0 8 ? * MON-FRI", "0 0 7 ? * MON-FRI"))


def test_an_entitled_instance_may_run_more_often_than_hourly() -> None:
    assert writable_cron("0 0/15 * * * ?", allow_sub_hourly=True).expression == "0 0/15 * * * ?"


def test_even_an_entitled_instance_takes_only_plain_minutes_beside_a_year() -> None:
    with pytest.raises(InvalidScheduleError) as refused:
        writable_cron("0 0/15 * * * ? 2027", allow_sub_hourly=True)

    assert refused.value.next_step == "Write 0 0 * * * ? 2027."


@pytest.mark.parametrize(
    ("hours", "expression"),
    [
        (1, "0 0 * * * ?"),
        (2, "0 0 0/2 * * ?"),
        (6, "0 0 0/6 * * ?"),
        (12, "0 0 0/12 * * ?"),
        (24, "0 0 0 * * ?"),
        (168, "0 0 0 ? * MON"),
    ],
)
def test_every_so_many_hours_becomes_cron_where_cron_can_say_it(hours: int, expression: str) -> None:
    assert writable_cron(every(hours).expression).expression == expression


@pytest.mark.parametrize(
    ("hours", "nearest"),
    [(0, "1"), (-3, "1"), (5, "4 or 6"), (7, "6 or 8"), (48, "24 or 168"), (1000, "168")],
)
def test_an_uneven_number_of_hours_is_refused_with_the_nearest(hours: int, nearest: str) -> None:
    with pytest.raises(InvalidScheduleError) as refused:
        every(hours)

    assert f"every {nearest} hours" in refused.value.next_step


@pytest.mark.parametrize(
    ("every_so_many", "unit", "nearest"),
    [
        (24, IntervalUnit.HOURS, "0 0 0 * * ?"),
        (5, IntervalUnit.HOURS, "0 0 0/4 * * ?"),
        (15, IntervalUnit.MINUTES, "0 0 * * * ?"),
        (2, IntervalUnit.DAYS, "0 0 0 * * ?"),
        (1, IntervalUnit.WEEKS, "0 0 0 ? * MON"),
        (1, IntervalUnit.MONTHS, "0 0 0 1 * ?"),
    ],
)
def test_an_interval_has_a_nearest_schedule_that_can_be_written(
    every_so_many: int, unit: IntervalUnit, nearest: str
) -> None:
    schedule = nearest_cron(IntervalSchedule(every=every_so_many, unit=unit))

    assert writable_cron(schedule.expression) == schedule
    assert schedule.expression == nearest
