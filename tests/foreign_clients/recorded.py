"""What was seen of each client, in a file that the table of docs/clients.md is made from."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from foreign_clients.clients import Trial

FILE = Path(__file__).with_name("results.json")
RECORDING = "RECORD_CLIENTS"
"""With this variable set, the tests write what they see instead of comparing."""


@dataclass(frozen=True)
class Result:
    """What was seen in one trial; a trial in which anything went wrong has none.

    Attributes:
        client: The client's name.
        version: Its version.
        transport: How it was connected.
        protocol: The protocol that it spoke, where it says.
        decided: How the person decided on its change.
    """

    client: str
    version: str
    transport: str
    protocol: str | None
    decided: str

    @classmethod
    def of(cls, trial: Trial, protocol: str | None) -> "Result":
        """What a trial that went well has shown."""
        return cls(trial.client.name, trial.client.version, trial.transport, protocol, trial.decided)

    def is_of(self, trial: Trial) -> bool:
        """Whether this was seen in the trial, with the version that is tried now."""
        return self == self.of(trial, self.protocol)


def recorded() -> list[Result]:
    """All results in the file."""
    return [Result(**entry) for entry in json.loads(FILE.read_text(encoding="utf-8"))]


def record_or_compare(result: Result, trial: Trial) -> None:
    """Hold what was seen against the file, or put it there."""
    if RECORDING not in os.environ:
        assert result in recorded(), f"not what {FILE.name} says: see docs/clients.md, and set {RECORDING}=1"
        return
    others = [one for one in recorded() if not one.is_of(trial)] if FILE.exists() else []
    kept = sorted([*others, result], key=lambda one: (one.client, one.decided, one.transport))
    FILE.write_text(json.dumps([asdict(one) for one in kept], indent=1) + "\n", encoding="utf-8")
