"""Generates docs/client-faults.md by running every fault against every operation of the client."""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "tests"))

from airbyte_client import Operation  # noqa: E402  the line above lets the next one find the tests' parts
from fault_matrix import USES, Cell, Outcome, run_matrix  # noqa: E402  as above

PAGE = ROOT / "docs" / "client-faults.md"
INTRODUCTION = """# The client under faults

Each fault was put on each operation over a real socket, once for ever and once for the first request only.
A cell says what the caller gets and, from two on, how often the operation's own request was sent; after
"then", what the caller gets where the fault passes. "said so" means that the call succeeds and its result
says that the reason, the streams or the log are not to be had; "1 job" that Airbyte started one.

Reads are tried twice here (four times by default), whatever changes something is sent once; only a refused
token (401) is renewed and the request sent again, for Airbyte has not acted on it. **No operation that starts
a job ever starts two**, and no request ever reaches the host that a redirect names.

This page is generated: `python scripts/fault_table.py`. `tests/airbyte_client/test_fault_matrix.py` runs
everything in it again and compares.
"""


def generate() -> dict[Path, str]:
    """The page as it should be. Takes about 20 seconds, most of them waiting for time-outs."""
    outcomes, _ = run_matrix()
    return {PAGE: page(outcomes)}


def page(outcomes: Mapping[Cell, Outcome]) -> str:
    """The page that shows these outcomes."""
    rows = {fault.name: fault for fault in dict.fromkeys(cell.fault for cell in outcomes)}
    by_place = {(cell.fault.name, cell.operation, cell.lasting): got for cell, got in outcomes.items()}
    columns = {
        operation: tuple(
            _cell(by_place[name, operation, True], by_place[name, operation, False]) for name in rows
        )
        for operation in USES
    }
    table = "\n".join(_table(list(rows), columns))
    return f"{INTRODUCTION}\n{len(rows)} faults, {len(USES)} operations.\n\n{table}\n"


def _table(rows: list[str], columns: Mapping[Operation, tuple[str, ...]]) -> Iterator[str]:
    """One column for all operations that fare alike."""
    groups: dict[tuple[str, ...], list[Operation]] = {}
    for operation, column in columns.items():
        groups.setdefault(column, []).append(operation)
    heads = [", ".join(f"`{operation}`" for operation in alike) for alike in groups.values()]
    yield f"| fault | {' | '.join(heads)} |"
    yield f"|---|{'---|' * len(heads)}"
    for name, *cells in zip(rows, *groups, strict=True):
        yield f"| {name} | {' | '.join(cells)} |"


def _cell(lasting: Outcome, passing: Outcome) -> str:
    sent = f" x{lasting.sent}" if lasting.sent > 1 else ""
    first, then = _words(lasting), _words(passing)
    return f"{first}{sent}" if first == then else f"{first}{sent}, then {then}"


def _words(outcome: Outcome) -> str:
    names = {"answered": "answered", "said to be unknown": "said so"}
    words = names.get(outcome.said, f"`{outcome.said}`")
    return f"{words} (1 job)" if outcome.jobs_started else words


def main() -> None:
    """Write the file."""
    for path, text in generate().items():
        path.write_text(text, encoding="utf-8")
        print(path)


if __name__ == "__main__":
    main()
