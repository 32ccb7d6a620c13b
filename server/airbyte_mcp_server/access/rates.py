"""So many in a minute, for each person, counted in this process."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

_MINUTE = 60.0
_MANY = 1_000


class Limit(Protocol):
    """How much each person may do in a minute."""

    async def take(self, person: str) -> float:
        """Take one, if there is one; returns 0, or else after how many seconds there will be one."""
        ...


@dataclass
class _Bucket:
    """What is left of one person's allowance, as of a moment."""

    left: float
    at: float


class Rate:
    """A token bucket for each person: it holds a minute's worth, and fills again evenly.

    Args:
        per_minute: How much a bucket holds; 0 for no limit.
        clock: Seconds that only grow.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._full = float(per_minute)
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}
        self._many = _MANY

    async def take(self, person: str) -> float:
        """As every limit."""
        if not self._full:
            return 0.0
        bucket = self._filled(person)
        if bucket.left < 1:
            return (1 - bucket.left) * _MINUTE / self._full
        bucket.left -= 1
        return 0.0

    def _filled(self, person: str) -> _Bucket:
        now = self._clock()
        bucket = self._buckets.get(person)
        if bucket is None:
            if len(self._buckets) >= self._many:
                self._forget_full(now)
            bucket = self._buckets[person] = _Bucket(self._full, now)
        bucket.left, bucket.at = self._left(bucket, now), now
        return bucket

    def _left(self, bucket: _Bucket, now: float) -> float:
        return min(self._full, bucket.left + (now - bucket.at) * self._full / _MINUTE)

    def _forget_full(self, now: float) -> None:
        """Forget whoever has not called for a while: a full bucket says nothing."""
        self._buckets = {p: b for p, b in self._buckets.items() if self._left(b, now) < self._full}
        self._many = max(_MANY, 2 * len(self._buckets))
