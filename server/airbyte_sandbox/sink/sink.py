"""What a sink can do: one destination, seen from one connection."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from airbyte_sandbox.json_value import JsonObject
from airbyte_sandbox.sink.columns import Columns, Row

States = Mapping[str, JsonObject]


@dataclass(frozen=True)
class StreamTable:
    """Where the rows of a stream go. A ``unique`` key means that a newer row replaces an older one."""

    stream: str
    name: str
    columns: Columns
    unique: tuple[str, ...] = ()
    cursor: str | None = None


@dataclass(frozen=True)
class TableCount:
    """A table and how many rows it holds."""

    stream: str
    table: str
    rows: int


class SinkUnavailableError(Exception):
    """A destination cannot be opened; the text says why. ``final``: it is no use to try again."""

    def __init__(self, message: str, *, final: bool = False) -> None:
        super().__init__(message)
        self.final = final


class Sink(Protocol):
    """Every method happens as a whole or not at all, even if the process is killed in the middle."""

    path: Path

    def close(self) -> None:
        """Let go of its files."""
        ...

    def states(self) -> dict[str, JsonObject]:
        """The saved state message of each stream; a state of the whole source has the name ""."""
        ...

    def tables(self) -> list[TableCount]:
        """Each table of this connection with its number of rows."""
        ...

    def prepare(
        self, stream: str, name: str, columns: Columns, unique: Sequence[str], cursor: str | None
    ) -> StreamTable:
        """Make the table of a stream, or bring an older one up to date, with nothing staged.

        ``name`` gets a number behind it if another connection's table has that name.
        """
        ...

    def stage(self, table: StreamTable, rows: Sequence[Row]) -> None:
        """Put rows where they are not seen yet."""
        ...

    def commit(self, batches: Iterable[tuple[StreamTable, Sequence[Row]]], states: States) -> None:
        """Show staged rows, then these, and save the states: all at once or not at all."""
        ...

    def replace(self, tables: Iterable[StreamTable]) -> None:
        """Let what is staged take the place of what was in the tables, all at once."""
        ...

    def tidy(self) -> None:
        """Leave exactly what is committed, and of a unique key the newest row.

        The last call of every attempt; and the first after the process was killed in the middle of one.
        """
        ...

    def forget_states(self, streams: Iterable[str]) -> None:
        """Let the next sync of these streams start from the beginning."""
        ...

    def clear(self) -> None:
        """Empty every table of this connection and forget its states."""
        ...
