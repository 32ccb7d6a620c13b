"""A source as a subprocess in a process group of its own."""

import fcntl
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from airbyte_sandbox.json_value import JsonValue, dump_json
from airbyte_sandbox.model import Connection, Source
from airbyte_sandbox.sources.protocol import stream_json

LONGEST_LINE = 32 * 1024 * 1024
_STDERR_LINES = 50
_STDERR_LINE = 2000
# What a source may know of the sandbox's environment: nothing that could be a credential.
_ENVIRONMENT = ("PATH", "PYTHONPATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "VIRTUAL_ENV")
# So little that what is made of it stays in the processor's cache; four times as much takes a tenth longer.
_CHUNK = 64 * 1024
_PIPE = 1024 * 1024


class LineTooLongError(Exception):
    """A source wrote a line that no memory should hold."""


class SourceProcess:
    """A running ``read`` of a source; ``folder`` holds its input files and is its working folder.

    Raises:
        OSError: ``connector`` cannot be started.
    """

    def __init__(
        self,
        connector: Sequence[str],
        source: Source,
        connection: Connection,
        states: Sequence[JsonValue],
        folder: Path,
    ) -> None:
        command = [*connector, "read"]
        inputs: dict[str, object] = {
            "config": source.configuration,
            "catalog": _configured_catalog(source, connection),
            "state": states,
        }
        for name, content in inputs.items():
            path = folder / f"{name}.json"
            path.touch(mode=0o600)
            path.write_text(dump_json(content), encoding="utf-8")
            command += [f"--{name}", str(path)]
        self._stderr: deque[str] = deque(maxlen=_STDERR_LINES)
        self._process = subprocess.Popen(  # noqa: S603 - the command of a connector that the user registered
            command,
            cwd=folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        _widen(self._process.stdout)
        self._drain = threading.Thread(target=self._keep_stderr, args=(self._process.stderr,))
        self._drain.start()

    @property
    def pid(self) -> int:
        """The process id, which is also the id of its group."""
        return self._process.pid

    def batches(self) -> Iterator[list[bytes]]:
        """What it writes: the lines that are there, without their ends, as soon as there are any.

        Raises:
            LineTooLongError: a line is longer than 32 MiB.
        """
        if self._process.stdout is None:
            return
        begun: list[bytes] = []
        while chunk := os.read(self._process.stdout.fileno(), _CHUNK):
            head, end, tail = chunk.rpartition(b"\n")
            if end:
                yield b"".join([*begun, head]).split(b"\n")
                begun = []
            begun.append(tail)
            if sum(map(len, begun)) > LONGEST_LINE:
                raise LineTooLongError
        if last := b"".join(begun):
            yield [last]

    def kill(self) -> None:
        """Kill the whole group; harmless after its end."""
        if self._process.returncode is None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def finish(self) -> int:
        """Wait for its own end, kill what it left behind, and give its exit code."""
        # The group is killed before the process is reaped: only until then its id cannot be reused.
        os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT)
        self.kill()
        code = self._process.wait()
        self._drain.join()
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()
        return code

    def last_words(self) -> str:
        """The end of what it wrote to stderr."""
        return "".join(self._stderr)

    def _keep_stderr(self, stderr: IO[bytes] | None) -> None:
        while stderr is not None and (line := stderr.readline(_STDERR_LINE)):
            self._stderr.append(line.decode("utf-8", "replace"))


def _widen(pipe: IO[bytes] | None) -> None:
    """Let a source write ahead by a megabyte, where the system knows how."""
    if pipe is not None and sys.platform == "linux":
        with suppress(OSError):
            fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, _PIPE)


def environment() -> dict[str, str]:
    """What a connector gets to see of the sandbox's environment."""
    inherited = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    # Half a surrogate pair cannot be written as UTF-8, but as a backslash escape, which JSON has too.
    return {**inherited, "PYTHONUTF8": "1", "PYTHONIOENCODING": "utf-8:backslashreplace"}


def _configured_catalog(source: Source, connection: Connection) -> dict[str, object]:
    by_name = {stream.name: stream for stream in source.catalog}
    return {
        "streams": [
            {
                "stream": stream_json(by_name[config.name]),
                "sync_mode": "incremental" if config.sync_mode.incremental else "full_refresh",
                "cursor_field": list(config.cursor_field),
                "primary_key": [[field] for field in config.primary_key],
                "destination_sync_mode": config.sync_mode.destination_mode,
            }
            for config in connection.streams
        ]
    }
