"""Next runs against a table that real Quartz wrote, daylight-saving changes included."""

from datetime import datetime
from pathlib import Path

import pytest

from airbyte_client import AirbyteError, CronSchedule, IntervalSchedule, InvalidScheduleError, ManualSchedule

TABLE = [
    line.split("\t")
    for line in Path(__file__).with_name("quartz_runs.tsv").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row[2]} from {row[1]} in {row[0]}")
def test_the_next_runs_are_those_of_quartz(row: list[str]) -> None:
    timezone, after, expression, *expected = row
    schedule = CronSchedule(expression=expression, timezone=timezone)

    runs = schedule.next_runs(datetime.fromisoformat(after), 5)

    assert [run.strftime("%Y-%m-%dT%H:%M:%SZ") for run in runs] == expected


def test_the_table_is_long_enough_and_holds_daylight_saving_changes() -> None:
    assert len(TABLE) >= 60
    assert len({row[0] for row in TABLE}) > 5


@pytest.mark.parametrize(
    "expression",
    [
        "0 0 9 * * *",
        "0 0 9 ? * ?",
        "0 9 * * *",
        "0 0 9 ? * 0",
        "0 0 9 ? * 8",
        "0 0 24 * * ?",
        "0 60 9 * * ?",
        "61 0 9 * * ?",
        "0 0 9 32 * ?",
        "0 0 9 0 * ?",
        "0 0 9 1 13 ?",
        "0 0 9 1 FOO ?",
        "0 0 9 ? * 2#6",
        "0 0 9 ? * MON#1,WED#3",
        "0 0 9 ? * 2L,3L",
        "0 0 9 L,15 * ?",
        "0 0/61 9 * * ?",
        "0 0 0/25 * * ?",
        "0 0 9 L-31 * ?",
        "0 0 9 32W * ?",
        "0 0 9 * * ? UTC",
    ],
)
def test_what_quartz_refuses_is_refused(expression: str) -> None:
    with pytest.raises(InvalidScheduleError):
        CronSchedule(expression=expression).next_runs(datetime.fromisoformat("2026-01-01T00:00:00Z"), 1)


@pytest.mark.parametrize(
    "expression", ["0 0 9 1,15W * ?", "0 0 9 ? * 2-4#2", "0 0 9 *-3 * ?", "0 0 9 1-2-3 * ?"]
)
def test_what_quartz_takes_and_misunderstands_is_refused_too(expression: str) -> None:
    with pytest.raises(InvalidScheduleError):
        CronSchedule(expression=expression).next_runs(datetime.fromisoformat("2026-01-01T00:00:00Z"), 1)


def test_a_start_inside_a_doubled_hour_still_finds_the_second_one() -> None:
    schedule = CronSchedule(expression="0 30 1 * * ?", timezone="America/New_York")
    in_the_first_one = datetime.fromisoformat("2026-11-01T05:45:00Z")

    (run,) = schedule.next_runs(in_the_first_one, 1)

    assert run == datetime.fromisoformat("2026-11-01T06:30:00Z")


def test_a_schedule_that_has_ended_has_no_next_runs() -> None:
    schedule = CronSchedule(expression="0 0 9 * * ? 2020")

    assert schedule.next_runs(datetime.fromisoformat("2026-01-01T00:00:00Z"), 3) == []


@pytest.mark.parametrize(
    "schedule", [ManualSchedule(), IntervalSchedule.model_validate({"every": 6, "unit": "hours"})]
)
def test_a_schedule_whose_next_run_depends_on_others_names_none(
    schedule: ManualSchedule | IntervalSchedule,
) -> None:
    assert schedule.next_runs(datetime.fromisoformat("2026-01-01T00:00:00Z"), 3) == []


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        (CronSchedule(expression="0 0 9 ? * MON-FRI"), "At 09:00, Monday through Friday (UTC)"),
        (CronSchedule(expression="0 0 9 ? * 2#1"), "At 09:00, on the first Monday of the month (UTC)"),
        (
            CronSchedule(expression="0 30 8 LW * ?", timezone="Europe/Berlin"),
            "At 08:30, on the last weekday of the month (Europe/Berlin)",
        ),
        (CronSchedule(expression="not a cron"), "cron not a cron (UTC)"),
        (ManualSchedule(), "manual"),
        (IntervalSchedule.model_validate({"every": 24, "unit": "hours"}), "every 24 hours"),
        (IntervalSchedule.model_validate({"every": 1, "unit": "days"}), "every day"),
    ],
)
def test_a_schedule_says_itself_in_words(
    schedule: ManualSchedule | IntervalSchedule | CronSchedule, words: str
) -> None:
    assert schedule.in_words() == words


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../../etc/passwd", "", "x" * 300])
def test_an_unknown_zone_is_a_clear_error(zone: str) -> None:
    with pytest.raises(InvalidScheduleError, match="no time zone"):
        CronSchedule(expression="0 0 9 * * ?", timezone=zone).next_runs(
            datetime.fromisoformat("2026-01-01T00:00:00Z"), 1
        )


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(AirbyteError, match="no time zone"):
        CronSchedule(expression="0 0 9 * * ?").next_runs(datetime(2026, 1, 1), 1)  # noqa: DTZ001  the point
