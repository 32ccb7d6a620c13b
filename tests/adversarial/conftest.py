"""The siege: running servers, an attacker with real clients, and a count of attempts and successes at the end."""

from collections.abc import Generator

import pytest

from harness import Desk, Sandbox
from siege import ATTEMPT, Siege, besieged


@pytest.fixture(scope="session")
def siege(shared_sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Generator[Siege]:
    """Servers that stand for all attempts of a worker."""
    with besieged(Desk(shared_sandbox.started_over(), tmp_path_factory.mktemp("siege"))) as standing:
        yield standing


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how often a change was tried without a person's yes, and how often it was made."""
    reports = [
        report
        for outcome in ("passed", "failed")
        for report in terminalreporter.stats.get(outcome, [])
        if ATTEMPT in dict(report.user_properties)
    ]
    if reports:
        successes = [report.nodeid for report in reports if report.outcome == "failed"]
        terminalreporter.write_line(
            f"adversarial: {len(reports)} attempts to make a change without a yes, {len(successes)} successes"
        )
