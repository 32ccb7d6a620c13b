"""When a job whose attempt failed is tried again, and after how long.

Airbyte's defaults: an attempt that committed nothing is followed by a pause of 10 seconds, then 30, 90, up to
30 minutes, and the job fails after 5 of them in a row or 10 in all; one that committed something is tried
again at once, up to 20 times in all.
"""

from dataclasses import dataclass

_COMPLETE_IN_A_ROW = 5
_COMPLETE_IN_ALL = 10
_PARTIAL_IN_A_ROW = 1000
_PARTIAL_IN_ALL = 20
_FIRST_PAUSE_SECONDS = 10.0
_PAUSE_BASE = 3
_LONGEST_PAUSE_SECONDS = 30 * 60.0


@dataclass
class FailureTally:
    """Counts the failed attempts of one job; ``time_factor`` scales every pause."""

    time_factor: float
    complete: int = 0
    complete_in_a_row: int = 0
    partial: int = 0
    partial_in_a_row: int = 0

    def add(self, *, progress: bool) -> None:
        """Count a failed attempt, one with ``progress`` if it committed something."""
        if progress:
            self.partial += 1
            self.partial_in_a_row += 1
            self.complete_in_a_row = 0
        else:
            self.complete += 1
            self.complete_in_a_row += 1
            self.partial_in_a_row = 0

    @property
    def exhausted(self) -> bool:
        """Whether there is no further attempt."""
        return (
            self.complete >= _COMPLETE_IN_ALL
            or self.complete_in_a_row >= _COMPLETE_IN_A_ROW
            or self.partial >= _PARTIAL_IN_ALL
            or self.partial_in_a_row >= _PARTIAL_IN_A_ROW
        )

    @property
    def pause(self) -> float:
        """Seconds to wait before the next attempt."""
        if not self.complete_in_a_row:
            return 0.0
        pause = _FIRST_PAUSE_SECONDS * _PAUSE_BASE ** (self.complete_in_a_row - 1)
        return float(min(pause, _LONGEST_PAUSE_SECONDS)) * self.time_factor
