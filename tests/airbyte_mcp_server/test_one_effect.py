"""The gate of an approved plan lets through one planned effect on one planned target, once."""

import pytest

from airbyte_client import Operation, WriteRefusedError
from airbyte_mcp_server.changing.executing import OneEffect


@pytest.fixture
def gate() -> OneEffect:
    return OneEffect(frozenset({Operation.TRIGGER_SYNC}), "c1")


def test_the_planned_effect_passes_once(gate: OneEffect) -> None:
    gate(Operation.TRIGGER_SYNC, "c1")
    assert gate.passed
    with pytest.raises(WriteRefusedError):
        gate(Operation.TRIGGER_SYNC, "c1")


@pytest.mark.parametrize(
    ("operation", "target"),
    [(Operation.TRIGGER_SYNC, "c2"), (Operation.CLEAR_CONNECTION, "c1"), (Operation.UPDATE_CONNECTION, "c1")],
    ids=str,
)
def test_no_other_effect_passes(gate: OneEffect, operation: Operation, target: str) -> None:
    with pytest.raises(WriteRefusedError):
        gate(operation, target)
    assert not gate.passed
