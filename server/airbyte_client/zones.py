"""Time zones by name; apart from the cron libraries, which only the computing of runs needs."""

from zoneinfo import ZoneInfo

from airbyte_client.errors import InvalidScheduleError
from airbyte_client.text import clean


def read_zone(name: str) -> ZoneInfo:
    """A time zone by its IANA name.

    Raises:
        InvalidScheduleError: There is none of this name.
    """
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise InvalidScheduleError(
            f"There is no time zone {clean(name, limit=60)!r}.",
            next_step="Use an IANA name such as Europe/Berlin.",
        ) from None
