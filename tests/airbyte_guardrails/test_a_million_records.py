"""A million records are listed, searched, exported and verified in the memory that a hundred thousand need."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from pathlib import Path
from time import monotonic

import pytest
from pydantic import JsonValue
from sqlalchemy import insert, update

from airbyte_guardrails.audit import Head, RecordKind, chained, head_of
from airbyte_guardrails.life import PlanBook
from airbyte_guardrails.schema import audit_head, audit_records
from airbyte_guardrails.store import Store
from plan_books import Clock, proposed

BATCH = 10_000
COMMANDS = {
    "verify": ("verify",),
    "list one tool": ("list", "--tool", "clear_connection", "--outcome", "failed"),
    "list one person": ("list", "--person", "person 77 ", "--since", "2026-11-24"),
    "list everything": ("list",),
    "export": ("export",),
}
# What a few batches may differ by, in bytes.
ROOM = 8 * 1024 * 1024

# The command itself, which says at its end how much memory it held at most: Linux's own figure for this process.
MEASURED = """
import atexit, pathlib, sys
from airbyte_mcp_server.__main__ import main
atexit.register(lambda: sys.stderr.write(
    next(l for l in pathlib.Path("/proc/self/status").read_text().splitlines() if l.startswith("VmHWM"))
))
main()
"""


def following(head: Head, clock: Clock) -> Iterator[dict[str, JsonValue]]:
    """Rows that follow the head without end, each chained to the one before as `append` does it."""
    kinds = list(RecordKind)
    while True:
        number = head.number + 1
        clock.now += timedelta(seconds=1)
        document: dict[str, JsonValue] = {
            "action": "clear_connection" if number % 1_000 == 0 else "trigger_sync",
            "requester": f"person {number % 500} at a client",
            "state": "failed" if number % 7 == 0 else "executed",
            "targets": [{"id": f"c{number % 5_000}", "name": f"Connection {number % 5_000} to warehouse"}],
            "arguments": "x" * 200,
        }
        row = chained(head, kinds[number % len(kinds)], f"plan_{number}", document, clock.now)
        head = Head(number, str(row["hash"]))
        yield row


def fill(address: Path | str, clock: Clock, total: int) -> None:
    """Add records up to `total`, many at a time."""
    store = Store(address)
    while True:
        with store.writing() as connection:
            head = head_of(connection)
            rows = list(islice(following(head, clock), min(BATCH, total - head.number)))
            if not rows:
                break
            connection.execute(insert(audit_records), rows)
            connection.execute(update(audit_head).values(number=rows[-1]["number"], hash=rows[-1]["hash"]))
    store.close()


def peaks(address: Path | str) -> dict[str, int]:
    """The most memory in bytes that each command ever held; each must succeed, and what it took is printed."""
    name, value = (
        ("AIRBYTE_MCP_DATA_DIR", str(address.parent))
        if isinstance(address, Path)
        else ("AIRBYTE_MCP_STORE", address)
    )
    found: dict[str, int] = {}
    for what, arguments in COMMANDS.items():
        began = monotonic()
        command = [sys.executable, "-c", MEASURED, "audit", *arguments]
        environment = {"PATH": os.environ["PATH"], name: value}
        ended = subprocess.run(
            command,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        found[what] = int(ended.stderr.split()[-2]) * 1024
        print(f"{what}: {monotonic() - began:.1f} s, {found[what] / 1024**2:.1f} MiB")  # noqa: T201 - the figures are the point
    return found


@pytest.mark.soak
@pytest.mark.timeout(3_600)
def test_memory_does_not_grow_with_the_records(book: PlanBook, address: Path | str, clock: Clock) -> None:
    proposed(book)
    fill(address, clock, 100_000)
    few = peaks(address)
    fill(address, clock, 1_000_000)
    many = peaks(address)

    assert {name: many[name] - few[name] for name in COMMANDS if many[name] > few[name] + ROOM} == {}
