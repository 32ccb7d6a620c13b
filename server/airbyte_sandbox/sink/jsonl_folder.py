"""One destination's folder of JSONL files, seen from one connection.

A manifest says how long each file is and holds the states; it is replaced as a whole after the rows before it
were flushed. What a file holds beyond its length was never committed, and is cut off before it is written on.
"""

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from airbyte_sandbox.json_value import JsonObject, as_int, as_object, dump_json, parse_json
from airbyte_sandbox.sink.columns import EXTRACTED_AT, JOB_ID, Columns, Row
from airbyte_sandbox.sink.sink import States, StreamTable, TableCount

_MANIFEST = "manifest.json"


@dataclass(frozen=True)
class _File:
    """The committed part of a stream's file; ``version`` tells an overwritten one from its successor."""

    length: int = 0
    rows: int = 0
    version: int = 0


@dataclass(frozen=True)
class _Manifest:
    """What is committed."""

    files: dict[str, _File] = field(default_factory=dict[str, _File])
    states: dict[str, JsonObject] = field(default_factory=dict[str, JsonObject])


class JsonlFolder:
    """The files of one connection: ``STREAM.jsonl``, with a number before the suffix once overwritten.

    A connection has one job at a time, so nobody else writes here. It cannot deduplicate.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._manifest = self._read()
        self._staged: dict[str, int] = {}

    def close(self) -> None:
        """Nothing is held open."""

    def states(self) -> dict[str, JsonObject]:
        """See :class:`~airbyte_sandbox.sink.sink.Sink`."""
        return dict(self._manifest.states)

    def tables(self) -> list[TableCount]:
        """See :class:`~airbyte_sandbox.sink.sink.Sink`; the table is the name of the file."""
        files = sorted(self._manifest.files.items())
        return [TableCount(stream, _name(stream, file.version), file.rows) for stream, file in files]

    def prepare(
        self,
        stream: str,
        name: str,
        columns: Columns,
        unique: Sequence[str],
        cursor: str | None,  # noqa: ARG002 - only a sink that deduplicates looks at it
    ) -> StreamTable:
        """See :class:`~airbyte_sandbox.sink.sink.Sink`; cuts off what was never committed.

        Raises:
            OSError: it should deduplicate.
        """
        if unique:
            raise OSError("JSONL files cannot deduplicate; choose another sync mode")
        file = self._manifest.files.get(stream, _File())
        self._write({**self._manifest.files, stream: file}, self._manifest.states)
        self._cut(self.path / _name(stream, file.version), file.length)
        (self.path / _staging(stream)).unlink(missing_ok=True)
        self._staged.pop(stream, None)
        return StreamTable(stream, name, columns)

    def stage(self, table: StreamTable, rows: Sequence[Row]) -> None:
        """See :class:`~airbyte_sandbox.sink.sink.Sink`."""
        self._append(self.path / _staging(table.stream), table, rows)
        self._staged[table.stream] = self._staged.get(table.stream, 0) + len(rows)

    def commit(self, batches: Iterable[tuple[StreamTable, Sequence[Row]]], states: States) -> None:
        """See :class:`~airbyte_sandbox.sink.sink.Sink`."""
        files = dict(self._manifest.files)
        for table, rows in batches:
            file = files[table.stream]
            path = self.path / _name(table.stream, file.version)
            staged = self._staged.pop(table.stream, 0)
            if staged:
                self._move(self.path / _staging(table.stream), path)
            self._append(path, table, rows)
            files[table.stream] = replace(
                file, length=path.stat().st_size, rows=file.rows + staged + len(rows)
            )
        self._write(files, {**self._manifest.states, **states})

    def replace(self, tables: Iterable[StreamTable]) -> None:
        """See :class:`~airbyte_sandbox.sink.sink.Sink`: the manifest points to other files."""
        files, old = dict(self._manifest.files), list[Path]()
        for table in tables:
            before = files[table.stream]
            old.append(self.path / _name(table.stream, before.version))
            path = self.path / _name(table.stream, before.version + 1)
            staging = self.path / _staging(table.stream)
            staging.touch()
            staging.replace(path)
            rows = self._staged.pop(table.stream, 0)
            files[table.stream] = _File(path.stat().st_size, rows, before.version + 1)
        self._write(files, self._manifest.states)
        for path in old:
            path.unlink(missing_ok=True)

    def discard_staged(self, tables: Iterable[StreamTable]) -> None:
        """See :class:`~airbyte_sandbox.sink.sink.Sink`."""
        for table in tables:
            (self.path / _staging(table.stream)).unlink(missing_ok=True)
            self._staged.pop(table.stream, None)

    def forget_states(self, streams: Iterable[str]) -> None:
        """See :class:`~airbyte_sandbox.sink.sink.Sink`."""
        forgotten = set(streams)
        kept = {name: state for name, state in self._manifest.states.items() if name not in forgotten}
        self._write(self._manifest.files, kept)

    def clear(self) -> None:
        """See :class:`~airbyte_sandbox.sink.sink.Sink`."""
        cleared = {stream: _File(version=file.version + 1) for stream, file in self._manifest.files.items()}
        old = [self.path / _name(stream, file.version) for stream, file in self._manifest.files.items()]
        self._write(cleared, {})
        for path in old:
            path.unlink(missing_ok=True)
        for stream, file in cleared.items():
            (self.path / _name(stream, file.version)).touch()

    def _read(self) -> _Manifest:
        path = self.path / _MANIFEST
        if not path.exists():
            return _Manifest()
        content = as_object(parse_json(path.read_bytes()))
        files = {
            stream: _File(as_int(file["length"]), as_int(file["rows"]), as_int(file["version"]))
            for stream, item in as_object(content.get("files")).items()
            if (file := as_object(item))
        }
        states = {name: as_object(state) for name, state in as_object(content.get("states")).items()}
        return _Manifest(files, states)

    def _write(self, files: dict[str, _File], states: dict[str, JsonObject]) -> None:
        """The moment of truth: the manifest of before, or this one, whenever the power goes."""
        content = {"files": {stream: vars(file) for stream, file in files.items()}, "states": states}
        path = self.path / f"{_MANIFEST}.new"
        with path.open("w", encoding="utf-8") as out:
            out.write(json.dumps(content))
            out.flush()
            os.fsync(out.fileno())
        path.replace(self.path / _MANIFEST)
        self._manifest = _Manifest(files, states)

    @staticmethod
    def _append(path: Path, table: StreamTable, rows: Sequence[Row]) -> None:
        names = (EXTRACTED_AT, JOB_ID, *table.columns.names)
        with path.open("a", encoding="utf-8") as out:
            out.writelines(dump_json(dict(zip(names, row, strict=True))) + "\n" for row in rows)
            out.flush()
            os.fsync(out.fileno())

    @staticmethod
    def _move(staging: Path, path: Path) -> None:
        with staging.open("rb") as rows, path.open("ab") as out:
            while chunk := rows.read(1024 * 1024):
                out.write(chunk)
        staging.unlink()

    @staticmethod
    def _cut(path: Path, length: int) -> None:
        if path.exists():
            os.truncate(path, length)


def _name(stream: str, version: int) -> str:
    safe = "".join(letter if letter.isalnum() or letter in "-_" else f"%{ord(letter):x}" for letter in stream)
    return f"{safe[:200]}{f'.{version}' if version else ''}.jsonl"


def _staging(stream: str) -> str:
    return _name(stream, 0) + ".staged"
