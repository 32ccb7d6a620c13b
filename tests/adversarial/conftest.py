"""The siege: running servers, an attacker with real clients, and a count of attempts and successes at the end."""

from collections import Counter
from collections.abc import Generator

import pytest

from harness import Desk, Sandbox
from siege import ATTEMPT, REACHED, Siege, besieged


@pytest.fixture(scope="session")
def siege(shared_sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Generator[Siege]:
    """Servers that stand for all attempts of a worker."""
    with besieged(Desk(shared_sandbox.started_over(), tmp_path_factory.mktemp("siege"))) as standing:
        yield standing


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how often a change was tried without a person's yes, and how often it was made."""
    attempts = [
        properties
        for outcome in ("passed", "failed")
        for report in terminalreporter.stats.get(outcome, [])
        if ATTEMPT in (properties := dict(report.user_properties))
    ]
    if attempts:
        successes = sum(properties.get(REACHED, False) for properties in attempts)
        levels = ", ".join(
            f"{level} {count}" for level, count in Counter(p[ATTEMPT] for p in attempts).items()
        )
        terminalreporter.write_line(
            f"adversarial: {len(attempts)} attempts to make a change without a yes ({levels});"
            f" {successes} successes"
        )
