"""Times in the store: ISO 8601 UTC, always 27 characters, so that text order is time order."""

from datetime import UTC, datetime

_FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"


def to_text(moment: datetime) -> str:
    """An aware time as stored text."""
    return moment.astimezone(UTC).strftime(_FORMAT)


def from_text(text: str) -> datetime:
    """Stored text as an aware UTC time."""
    return datetime.strptime(text, _FORMAT).replace(tzinfo=UTC)
