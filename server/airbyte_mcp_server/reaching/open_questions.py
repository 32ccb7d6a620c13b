"""The questions that are before the person now, so that nobody is asked the same twice at once."""

import time
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager

RESULT_SECONDS = 10.0
"""How long a question that was a result is taken to be shown; nobody tells us whether it is."""


class OpenQuestions:
    """The plans that clients of this process were asked about and have not answered."""

    def __init__(self) -> None:
        self._during_calls: Counter[str] = Counter()
        self._as_results: dict[str, float] = {}

    def are_there_for(self, plan_id: str) -> bool:
        """Whether the plan is before the person now."""
        handed_on = self._as_results.get(plan_id)
        recently = handed_on is not None and time.monotonic() - handed_on < RESULT_SECONDS
        return recently or self._during_calls[plan_id] > 0

    @contextmanager
    def during_a_call(self, plan_id: str) -> Generator[None]:
        """For a question that is asked in the middle of a call: it is open until this is left."""
        self._during_calls[plan_id] += 1
        try:
            yield
        finally:
            self._during_calls[plan_id] -= 1
            self._during_calls += Counter()  # drops what is at zero

    def handed_on(self, plan_id: str) -> None:
        """For a question that is a result: it is open until the client comes back, or for a while."""
        now = time.monotonic()
        self._as_results = {one: at for one, at in self._as_results.items() if now - at < RESULT_SECONDS}
        self._as_results[plan_id] = now

    def came_back(self, plan_id: str) -> None:
        """The client has called again."""
        self._as_results.pop(plan_id, None)
