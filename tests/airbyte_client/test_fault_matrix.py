"""Every fault against every operation, over real sockets, as docs/client-faults.md shows it."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from airbyte_client import Operation, errors
from fault_matrix import SECRET, TOKEN, USES, Cell, Outcome, run_matrix

ROOT = Path(__file__).resolve().parents[2]
STARTS = (Operation.TRIGGER_SYNC, Operation.CLEAR_CONNECTION)


def _script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("fault_table", ROOT / "scripts" / "fault_table.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script


def _first_words(outcomes: dict[Cell, Outcome], name: str) -> set[str]:
    return {got.said for cell, got in outcomes.items() if cell.fault.name == name and cell.lasting}


@pytest.mark.timeout(180)
def test_no_fault_at_any_operation_does_harm() -> None:
    outcomes, strayed = run_matrix()

    assert set(USES) == set(Operation)
    assert len({cell.fault.name for cell in outcomes}) >= 25
    _no_job_is_started_twice(outcomes)
    _an_effect_is_sent_once(outcomes)
    _every_error_is_of_the_tree_and_holds_no_secret(outcomes)
    assert strayed == []
    assert _first_words(outcomes, "certificate that nobody vouches for") == {
        "UntrustedCertificateError",
        "said to be unknown",
    }
    shown = (ROOT / "docs" / "client-faults.md").read_text(encoding="utf-8")
    assert shown == _script().page(outcomes), "python scripts/fault_table.py writes it anew"


def _no_job_is_started_twice(outcomes: dict[Cell, Outcome]) -> None:
    assert max(outcome.jobs_started for outcome in outcomes.values()) == 1
    for cell, outcome in outcomes.items():
        # A caller who hears of anything but an unknown outcome may rely on it.
        if outcome.said not in ("answered", "OutcomeUnknownError"):
            assert outcome.jobs_started == 0, (cell.fault.name, cell.operation)
        if cell.operation in STARTS and outcome.said == "answered":
            assert outcome.jobs_started == 1, (cell.fault.name, cell.operation)


def _an_effect_is_sent_once(outcomes: dict[Cell, Outcome]) -> None:
    for cell, outcome in outcomes.items():
        if cell.operation.is_effect and not cell.fault.name.startswith("401"):
            assert outcome.sent <= 1, (cell.fault.name, cell.operation)


def _every_error_is_of_the_tree_and_holds_no_secret(outcomes: dict[Cell, Outcome]) -> None:
    for outcome in outcomes.values():
        assert outcome.said in ("answered", "said to be unknown") or hasattr(errors, outcome.said)
        assert SECRET not in outcome.message
        assert TOKEN not in outcome.message
        assert "Traceback" not in outcome.message
        assert len(outcome.message) < 2_000
