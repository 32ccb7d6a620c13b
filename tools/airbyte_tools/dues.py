"""When a schedule was last due.

A fleet has thousands of connections and a few dozen schedules. So the times at
which a schedule fires are computed once for a day and looked up from then on.
"""

from bisect import bisect_left, bisect_right
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from airbyte_client import CronSchedule, IntervalSchedule, InvalidScheduleError, Schedule

FURTHEST_BACK = timedelta(days=7)
RUNS_AT_ONCE = 24

_UNITS = {
    "minutes": timedelta(minutes=1),
    "hours": timedelta(hours=1),
    "days": timedelta(days=1),
    "weeks": timedelta(weeks=1),
    # Airbyte counts a month as whatever the calendar says; late by the longest is late by any.
    "months": timedelta(days=31),
}


def last_due(schedule: Schedule, *, since: datetime, until: datetime) -> datetime | None:
    """The first time after `since` and not after `until` at which the schedule was due; None if it was not.

    Looks back a week at most: what is due less often, and was missed longer ago, shows as its last run's age.
    An interval is counted from `since`, the last run. Manual and unreadable schedules are never due.
    """
    if isinstance(schedule, IntervalSchedule):
        due = since + schedule.every * _UNITS[schedule.unit.value]
        return due if due <= until else None
    if not isinstance(schedule, CronSchedule):
        return None
    day = max(since, until - FURTHEST_BACK).astimezone(UTC)
    start, end = max(since, day), until.astimezone(UTC)
    while day.date() <= end.date():
        times = _times_on(schedule.expression, schedule.timezone, day.date().isoformat())
        first = bisect_right(times, start)
        if first < bisect_left(times, end):
            return times[first]
        day += timedelta(days=1)
    return None


@lru_cache(maxsize=4096)
def _times_on(expression: str, timezone: str, day: str) -> tuple[datetime, ...]:
    schedule = CronSchedule(expression=expression, timezone=timezone)
    midnight = datetime.fromisoformat(day).replace(tzinfo=UTC)
    following = midnight + timedelta(days=1)
    before, times = midnight - timedelta(seconds=1), list[datetime]()
    try:
        while before < following:
            runs = schedule.next_runs(before, RUNS_AT_ONCE)
            times += [run for run in runs if run < following]
            before = runs[-1] if len(runs) == RUNS_AT_ONCE else following
    except InvalidScheduleError:
        # Airbyte's web application takes expressions that cannot be computed here.
        return ()
    return tuple(times)
