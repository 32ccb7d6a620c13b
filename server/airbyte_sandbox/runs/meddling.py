"""Does to an attempt of a sync what a fault says."""

import threading

from airbyte_sandbox.faults import Fault, FaultKind
from airbyte_sandbox.model import Failure, FailureOrigin, FailureType


class SourceBrokeError(Exception):
    """A fault ended the source."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class Meddler:
    """One fault at work; ``stopped`` is set when the job shall end, and cuts every pause short."""

    def __init__(self, fault: Fault, stopped: threading.Event) -> None:
        self._fault = fault
        self._stopped = stopped

    def instead(self) -> list[Failure] | None:
        """What happens instead of reading the source: failures, none for a lie; None if it is read."""
        match self._fault.kind:
            case FaultKind.ZERO_ROWS:
                return []
            case FaultKind.CONFIG_ERROR:
                message = (
                    self._fault.message or "The source's configuration was refused (a fault asked for it)."
                )
                return [Failure(FailureOrigin.SOURCE, FailureType.CONFIG, message)]
            case FaultKind.STUCK_JOB:
                self._stopped.wait()
                return [
                    Failure(FailureOrigin.SOURCE, FailureType.SYSTEM, "The source hung until it was stopped.")
                ]
            case _:
                return None

    def before_row(self, emitted: int) -> None:
        """Fail or wait before the row that follows ``emitted`` others.

        Raises:
            SourceBrokeError: the source ends here.
        """
        match self._fault.kind:
            case FaultKind.FAIL_AT_ROW if emitted >= self._fault.rows:
                message = (
                    self._fault.message or f"The source broke after {emitted} rows (a fault asked for it)."
                )
                raise SourceBrokeError(Failure(FailureOrigin.SOURCE, FailureType.TRANSIENT, message))
            case FaultKind.SLOW_SOURCE:
                self._stopped.wait(1 / self._fault.rows_per_second)
            case _:
                pass
