"""A client in a process of its own, which makes the calls that a test wants."""

import json
import shutil
import subprocess
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from foreign_clients.clients import PROGRAMS, Client
from kept_environments import Kept
from processes import clean_environment


@dataclass(frozen=True)
class Wiring:
    """How the client reaches the server, as `programs/conversing` reads it."""

    transport: str
    forms: bool
    command: str = ""
    environment: Mapping[str, str] | None = None
    url: str = ""
    headers: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Answer:
    """What the client showed its model of a call, and the questions that it showed a person meanwhile."""

    text: str
    asked: list[str]


@dataclass(frozen=True)
class Conversation:
    """A connected client."""

    process: "subprocess.Popen[str]"
    tools: list[str]
    protocol: str | None

    def call(self, tool: str, **arguments: object) -> Answer:
        """Have it call a tool."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"tool": tool, "arguments": arguments}) + "\n")
        self.process.stdin.flush()
        return Answer(**_line(self.process))


@contextmanager
def conversation(command: list[str], wiring: Wiring, log: Path) -> Generator[Conversation]:
    """A client's program, connected to the server."""
    told = json.dumps({name: value for name, value in asdict(wiring).items() if value is not None})
    with (
        log.open("w") as errors,
        subprocess.Popen(
            [*command, told],
            env=clean_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        try:
            greeting = _line(process)
            yield Conversation(process, greeting["tools"], greeting["protocol"])
            assert process.stdin is not None
            process.stdin.close()
            assert process.wait(30) == 0, log.read_text()[-4000:]
        except BaseException:
            process.kill()
            raise


def _line(process: "subprocess.Popen[str]") -> dict[str, Any]:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, "the client has ended; its log says why"
    said: dict[str, Any] = json.loads(line)
    return said


def command_of(client: Client, kept: Kept) -> list[str]:
    """What runs a client's program in an environment of its own, made if it is not there."""
    if not client.is_typescript:
        python = kept.python(client.package, *client.requirements)
        return [str(python), str(PROGRAMS / client.program)]
    modules = kept.node_modules(client.package)
    for program in ("conversing.mjs", client.program):
        # Node looks for packages beside the file that imports them.
        shutil.copy(PROGRAMS / program, modules.folder / program)
    return [str(modules.node), str(modules.folder / client.program)]
