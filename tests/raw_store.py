"""A store as somebody sees it who goes around this program: plain SQL on the file or the database."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg


def run_raw(address: Path | str, *statements: str) -> None:
    """Run statements and commit."""
    with closing(_connection(address)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def raw_rows(address: Path | str, query: str) -> list[tuple[Any, ...]]:
    """What a query gives."""
    with closing(_connection(address)) as connection:
        return [tuple(row) for row in connection.execute(query).fetchall()]


def _connection(address: Path | str) -> Any:
    return sqlite3.connect(address) if isinstance(address, Path) else psycopg.connect(address)
