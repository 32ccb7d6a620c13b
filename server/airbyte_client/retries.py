"""How long to wait before a read is tried again, and when to give up."""

import email.utils
import random
from dataclasses import dataclass
from datetime import UTC, datetime

RETRIED_STATUSES = frozenset({429, 502, 503, 504})
_TOO_MANY_REQUESTS = 429


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Capped back-off with jitter inside a deadline; for reads only.

    Attributes:
        attempts: The most times a read is sent.
        first_wait: Seconds before the second attempt, doubled for each one after it.
        max_wait: The longest wait between two attempts, in seconds, unless the server asks for more.
        deadline: Seconds after which no further attempt starts, counted from the first.
    """

    attempts: int = 4
    first_wait: float = 0.5
    max_wait: float = 8.0
    deadline: float = 60.0

    def wait_after(self, attempt: int, *, status: int | None, retry_after: float | None) -> float | None:
        """Seconds to wait after a failed attempt; None to give up.

        Args:
            attempt: How many times the request was sent, from 1.
            status: The answer's status; None where there was no answer.
            retry_after: What the server asked for, in seconds.
        """
        if attempt >= self.attempts:
            return None
        if retry_after is not None:
            return retry_after
        if status == _TOO_MANY_REQUESTS:
            # Airbyte sheds load without a Retry-After on purpose: one patient attempt, no loop.
            return self.max_wait if attempt == 1 else None
        longest = min(self.max_wait, self.first_wait * 2.0 ** (attempt - 1))
        return longest * random.uniform(0.5, 1.0)  # noqa: S311  spreads retries, guards nothing


def retry_after_seconds(header: str | None, now: datetime) -> float | None:
    """What a Retry-After header asks for: seconds, or an HTTP date; None where it says nothing readable."""
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds())
