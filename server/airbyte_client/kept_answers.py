"""Answers that list what exists, kept for a short while."""

import threading
from collections.abc import Callable, Hashable

from airbyte_client.calls import Answer

MAX_KEPT_BYTES = 8 * 1024 * 1024
"""Enough for the names of a usual fleet; a larger one is asked for anew, so memory does not grow with it."""


class KeptAnswers:
    """Serves both clients: it never waits.

    Args:
        now: Seconds from a fixed moment.
        seconds: How long an answer is kept; 0 keeps none.
    """

    def __init__(self, now: Callable[[], float], seconds: float) -> None:
        self._now = now
        self._seconds = seconds
        self._answers: dict[Hashable, tuple[float, Answer]] = {}
        self._lock = threading.Lock()
        self._changes = 0

    @property
    def changes(self) -> int:
        """How often everything was forgotten; tells an answer that a change has overtaken."""
        return self._changes

    def get(self, key: Hashable) -> Answer | None:
        """The answer, while it is kept."""
        with self._lock:
            until, answer = self._answers.get(key, (0.0, None))
            return answer if self._now() < until else None

    def put(self, key: Hashable, answer: Answer, *, asked_after: int) -> None:
        """Keep an answer, unless something was changed since it was asked for.

        Args:
            key: What was asked.
            answer: What came.
            asked_after: `changes` when it was asked.
        """
        with self._lock:
            if self._seconds <= 0 or asked_after != self._changes:
                return
            now = self._now()
            fresh = {known: kept for known, kept in self._answers.items() if now < kept[0] and known != key}
            size = sum(len(kept.body) for _, kept in fresh.values()) + len(answer.body)
            self._answers = fresh if size > MAX_KEPT_BYTES else {**fresh, key: (now + self._seconds, answer)}

    def forget(self) -> None:
        """Keep nothing: something has changed."""
        with self._lock:
            self._changes += 1
            self._answers = {}
