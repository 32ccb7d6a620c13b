"""What an attempt tells about itself while it runs: its log, and the state of each stream."""

from airbyte_sandbox.clock import Clock, milliseconds
from airbyte_sandbox.model import LogLine, StreamRunState, StreamStatus
from airbyte_sandbox.storage.details import MOST_LOG_LINES, DetailStore

_LONGEST_MESSAGE = 4000
PLATFORM = "platform"
SOURCE = "source"


class Journal:
    """Of one attempt. Lines are kept in memory until :meth:`flush`, at most a thousand of them."""

    def __init__(self, details: DetailStore, clock: Clock, job_id: int, attempt: int) -> None:
        self._details = details
        self._clock = clock
        self._job_id = job_id
        self._attempt = attempt
        self._lines: list[tuple[int, LogLine]] = []
        self._position = 0
        self._streams: dict[str, StreamRunState] = {}

    def log(self, message: str, *, level: str = "info", source: str = PLATFORM) -> None:
        """Note one line."""
        self._position += 1
        # Text that is no valid Unicode could not be stored.
        text = message[:_LONGEST_MESSAGE].encode("utf-8", "backslashreplace").decode()
        self._lines.append((self._position, LogLine(self._now(), level, source, text)))
        if len(self._lines) >= MOST_LOG_LINES:
            self.flush()

    def stream(self, name: str, state: StreamRunState) -> None:
        """Note how far a stream is; said twice, it is kept once."""
        if self._streams.get(name) is not state:
            self._streams[name] = state
            self._details.put_stream_status(
                StreamStatus(self._job_id, self._attempt, name, state, self._now())
            )

    def end(self, *, well: bool, cancelled: bool) -> None:
        """Give every stream its last state, and keep the last lines."""
        for name, state in self._streams.items():
            if state not in {StreamRunState.COMPLETE, StreamRunState.INCOMPLETE}:
                last = StreamRunState.COMPLETE if well else StreamRunState.INCOMPLETE
                status = StreamStatus(self._job_id, self._attempt, name, last, self._now(), cancelled)
                self._details.put_stream_status(status)
        self.flush()

    def flush(self) -> None:
        """Keep the lines that were noted."""
        self._details.add_log(self._job_id, self._attempt, self._lines)
        self._lines = []

    def _now(self) -> int:
        return milliseconds(self._clock.now())
