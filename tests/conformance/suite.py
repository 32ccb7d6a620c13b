"""The official conformance suite, run against a server on this machine."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kept_environments import NodeModules

SUITE = "@modelcontextprotocol/conformance"
VERSION = "0.2.0-alpha.12"
BEARER = Path(__file__).with_name("bearer.mjs")
FOLDER_OF_SCENARIO = re.compile(r"server-(?P<scenario>.+)-\d{4}-\d\d-\d\dT[\d-]+Z")


@dataclass(frozen=True)
class Finding:
    """What the suite found in one check of one scenario."""

    scenario: str
    check: str
    status: str
    said: str

    @property
    def is_fine(self) -> bool:
        """Whether nothing is left to explain."""
        return self.status in ("SUCCESS", "INFO")


def findings(suite: NodeModules, url: str, token: str, revision: str, results: Path) -> list[Finding]:
    """Everything that the suite finds in the server at `url` for one revision of the protocol."""
    main = str(suite.file(SUITE, "dist/index.js"))
    told = ["--url", url, "--requirements", revision, "--output-dir", str(results)]
    with results.with_suffix(".log").open("w") as log:
        subprocess.run(
            [str(suite.node), "--import", str(BEARER), main, "server", *told],
            env=os.environ | {"SUITE_TOKEN": token, "SUITE_MAIN": main},
            stdout=log,
            stderr=subprocess.STDOUT,
            timeout=240,
            check=False,  # what it found counts; its exit code knows nothing of warnings
        )
    return sorted(_read(results), key=lambda finding: (finding.scenario, finding.check))


def _read(results: Path) -> Iterator[Finding]:
    for file in results.glob("*/checks.json"):
        named = FOLDER_OF_SCENARIO.fullmatch(file.parent.name)
        assert named, file
        for check in json.loads(file.read_text()):
            said = str(check.get("errorMessage", ""))
            yield Finding(named.group("scenario"), check["id"], check["status"], said)
