"""The official conformance suite, over HTTP, against this server."""

import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from conformance.expectations import APPLY_TO_ANY_SERVER, REVISIONS, explained, unused
from conformance.suite import SUITE, VERSION, findings
from harness import TOKEN, Desk, network_server
from kept_environments import Kept, NodeModules
from processes import line_matching

pytestmark = [pytest.mark.ci, pytest.mark.timeout(600)]

TESTS = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def suite(request: pytest.FixtureRequest) -> NodeModules:
    return Kept.of(request.config).node_modules(f"{SUITE}@{VERSION}")


@contextmanager
def fixture_server(desk: Desk) -> Generator[str]:
    """Our command with the suite's fixtures beside its tools; gives its address once it listens."""
    with subprocess.Popen(
        [sys.executable, "-m", "conformance.fixture_server", "serve", "--transport", "http", "--port", "0"],
        env=desk.environment | {"AIRBYTE_MCP_TOKEN": TOKEN, "PYTHONPATH": str(TESTS)},
        text=True,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stderr is not None
        try:
            yield line_matching(
                process.stderr, r"Serving MCP over \w+ at (\S+)", desk.folder / "fixtures.log"
            )
        finally:
            process.terminate()


@pytest.mark.parametrize("revision", REVISIONS)
def test_every_requirement_is_met_or_the_table_says_why_not(
    suite: NodeModules, desk: Desk, revision: str
) -> None:
    with fixture_server(desk) as url:
        found = findings(suite, url, TOKEN, revision, desk.folder / "results")

    assert len({finding.scenario for finding in found}) >= 33
    unfine = [finding for finding in found if not finding.is_fine]
    assert not [finding for finding in unfine if not explained(revision, finding)]
    assert not unused(revision, unfine)


@pytest.mark.parametrize("revision", REVISIONS)
def test_the_installed_command_passes_all_that_applies_to_any_server(
    suite: NodeModules, desk: Desk, revision: str
) -> None:
    with network_server(desk, "http") as url:
        found = findings(suite, url, TOKEN, revision, desk.folder / "results")

    for scenario in APPLY_TO_ANY_SERVER[revision]:
        checks = [finding for finding in found if finding.scenario == scenario]
        assert any(finding.status in ("SUCCESS", "INFO") for finding in checks), scenario
        assert not [finding for finding in checks if not finding.is_fine]
