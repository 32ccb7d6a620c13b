"""One destination's folder of JSONL files, seen from one connection.

A manifest says how long each file is and holds the states; it is replaced as a whole after the rows before it
were flushed. What a file holds beyond its length was never committed, and is cut off before it is written on.

A file only grows, so a deduplicated stream holds older versions of its rows while a sync goes on; at its end
they are left out of a new file, which takes the old one's place in the manifest.
"""

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

from airbyte_sandbox.json_value import (
    JsonObject,
    as_int,
    as_object,
    as_text,
    as_texts,
    dump_json,
    parse_json,
)
from airbyte_sandbox.sink.columns import EXTRACTED_AT, JOB_ID, Columns, Row
from airbyte_sandbox.sink.jsonl_compaction import compact
from airbyte_sandbox.sink.sink import States, StreamTable, TableCount

_MANIFEST = "manifest.json"
_LONGEST_NAME = 150
_CHUNK = 1024 * 1024


@dataclass(frozen=True)
class _File:
    """The committed part of a stream's file; ``version`` tells an overwritten one from its successor.

    The first ``compacted`` bytes hold no ``key`` twice; without a key, rows are never left out.
    """

    length: int = 0
    rows: int = 0
    version: int = 0
    key: tuple[str, ...] = ()
    cursor: str | None = None
    compacted: int = 0

    @classmethod
    def of(cls, item: JsonObject) -> "_File":
        return cls(
            as_int(item.get("length")),
            as_int(item.get("rows")),
            as_int(item.get("version")),
            as_texts(item.get("key")),
            as_text(item.get("cursor")) or None,
            as_int(item.get("compacted")),
        )

    def keyed(self, key: tuple[str, ...], cursor: str | None) -> "_File":
        """The file as one that holds each ``key`` once from now on."""
        same = (key, cursor) == (self.key, self.cursor)
        return self if same else replace(self, key=key, cursor=cursor, compacted=0)


@dataclass(frozen=True)
class _Manifest:
    """What is committed."""

    files: dict[str, _File] = field(default_factory=dict[str, _File])
    states: dict[str, JsonObject] = field(default_factory=dict[str, JsonObject])


class JsonlFolder:
    """The files of one connection: ``STREAM.jsonl``, with a number before the suffix once rewritten.

    A connection has one job at a time, so nobody else writes here.
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
        self, stream: str, name: str, columns: Columns, unique: Sequence[str], cursor: str | None
    ) -> StreamTable:
        """See :class:`~airbyte_sandbox.sink.sink.Sink`; cuts off what was never committed."""
        file = self._manifest.files.get(stream, _File()).keyed(tuple(unique), cursor)
        self._write({**self._manifest.files, stream: file}, self._manifest.states)
        self._clean(stream)
        return StreamTable(stream, name, columns, tuple(unique), cursor)

    def stage(self, table: StreamTable, rows: Sequence[Row]) -> None:
        """See :class:`~airbyte_sandbox.sink.sink.Sink`."""
        self._append(self.path / _staging(table.stream), table, rows)
        self._staged[table.stream] = self._staged.get(table.stream, 0) + len(rows)

    def commit(self, batches: Iterable[tuple[StreamTable, Sequence[Row]]], states: States) -> None:
        """See :class:`~airbyte_sandbox.sink.sink.Sink`."""
        files = dict(self._manifest.files)
        for table, rows in batches:
            file = files[table.stream]
            path = self._path(table.stream)
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
            old.append(self._path(table.stream))
            path = self.path / _name(table.stream, before.version + 1)
            staging = self.path / _staging(table.stream)
            staging.touch()
            staging.replace(path)
            rows = self._staged.pop(table.stream, 0)
            files[table.stream] = _File(path.stat().st_size, rows, before.version + 1)
        self._write(files, self._manifest.states)
        for path in old:
            path.unlink(missing_ok=True)

    def tidy(self) -> None:
        """See :class:`~airbyte_sandbox.sink.sink.Sink`."""
        for stream, file in self._manifest.files.items():
            self._clean(stream)
            if file.key and file.compacted < file.length:
                self._compact(stream, file)

    def forget_states(self, streams: Iterable[str]) -> None:
        """See :class:`~airbyte_sandbox.sink.sink.Sink`."""
        forgotten = set(streams)
        kept = {name: state for name, state in self._manifest.states.items() if name not in forgotten}
        self._write(self._manifest.files, kept)

    def clear(self) -> None:
        """See :class:`~airbyte_sandbox.sink.sink.Sink`."""
        old = [self._path(stream) for stream in self._manifest.files]
        cleared = {stream: _File(version=file.version + 1) for stream, file in self._manifest.files.items()}
        for stream, file in cleared.items():
            (self.path / _name(stream, file.version)).touch()
        self._write(cleared, {})
        for path in old:
            path.unlink(missing_ok=True)

    def _path(self, stream: str) -> Path:
        """The file that holds the committed rows of ``stream``."""
        return self.path / _name(stream, self._manifest.files[stream].version)

    def _read(self) -> _Manifest:
        path = self.path / _MANIFEST
        if not path.exists():
            return _Manifest()
        content = as_object(parse_json(path.read_bytes()))
        files = {name: _File.of(as_object(item)) for name, item in as_object(content.get("files")).items()}
        states = {name: as_object(state) for name, state in as_object(content.get("states")).items()}
        return _Manifest(files, states)

    def _write(self, files: dict[str, _File], states: dict[str, JsonObject]) -> None:
        """The moment of truth: the manifest of before, or this one, whenever the power goes."""
        content = {"files": {stream: asdict(file) for stream, file in files.items()}, "states": states}
        path = self.path / f"{_MANIFEST}.new"
        with path.open("w", encoding="utf-8") as out:
            out.write(json.dumps(content))
            out.flush()
            os.fsync(out.fileno())
        path.replace(self.path / _MANIFEST)
        _sync_folder(self.path)
        self._manifest = _Manifest(files, states)

    def _clean(self, stream: str) -> None:
        """Cut off and delete whatever of ``stream`` the manifest does not speak of."""
        path = self._path(stream)
        for other in self.path.glob(f"{_safe(stream)}.*jsonl*"):
            if other != path:
                other.unlink()
        path.touch()
        os.truncate(path, self._manifest.files[stream].length)
        self._staged.pop(stream, None)

    def _compact(self, stream: str, file: _File) -> None:
        """Write the rows that stay aside, let the manifest point there, then delete the others."""
        old, version = self._path(stream), file.version + 1
        path = self.path / _name(stream, version)
        rows = compact(old, path, file.key, file.cursor)
        length = path.stat().st_size
        compacted = replace(file, length=length, rows=rows, version=version, compacted=length)
        self._write({**self._manifest.files, stream: compacted}, self._manifest.states)
        old.unlink()

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
            while chunk := rows.read(_CHUNK):
                out.write(chunk)
        staging.unlink()


def _sync_folder(path: Path) -> None:
    """Bring the names of the files to the disk, which syncing the files does not."""
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _safe(stream: str) -> str:
    """A stream's name as the begin of a file's, without a dot; different names stay different."""
    safe = quote(stream, safe="", errors="surrogatepass").replace(".", "%2E")
    if len(safe) <= _LONGEST_NAME:
        return safe
    return f"{safe[:_LONGEST_NAME]}~{sha256(stream.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"


def _name(stream: str, version: int) -> str:
    return f"{_safe(stream)}{f'.{version}' if version else ''}.jsonl"


def _staging(stream: str) -> str:
    return _name(stream, 0) + ".staged"
