"""The user's own files as sources."""

from collections.abc import Iterator
from pathlib import Path

from airbyte_sandbox.model import (
    Connection,
    ConnectionStatus,
    Schedule,
    Source,
    StreamConfig,
    StreamSchema,
    SyncMode,
)
from airbyte_sandbox.seed.home import DEFAULT_WORKSPACE, WAREHOUSE_ID, fixed_id
from airbyte_sandbox.settings import SandboxError
from airbyte_sandbox.sources import file
from airbyte_sandbox.sources.protocol import SourceFailed


def file_connections(paths: tuple[Path, ...], created_at: int) -> Iterator[tuple[Source, Connection]]:
    """For each file a source, and a connection "FILE to warehouse" that is started by hand.

    Raises:
        SandboxError: a file cannot be read as CSV or JSONL, or two have the same name.
    """
    names: set[str] = set()
    for path in (path.resolve() for path in paths):
        if path.name in names:
            raise SandboxError(f"Two files are named {path.name}; rename one of them.")
        names.add(path.name)
        source = _source(path, created_at)
        yield source, _connection(path, source, created_at)


def _source(path: Path, created_at: int) -> Source:
    return Source(
        id=fixed_id("source", "file", path.name),
        workspace_id=DEFAULT_WORKSPACE.id,
        name=path.name,
        source_type="file",
        connector="file",
        configuration={"path": str(path)},
        catalog=_catalog(path),
        created_at=created_at,
    )


def _catalog(path: Path) -> tuple[StreamSchema, ...]:
    try:
        return tuple(file.catalog(path))
    except SourceFailed as failure:
        raise SandboxError(failure.message) from failure


def _connection(path: Path, source: Source, created_at: int) -> Connection:
    return Connection(
        id=fixed_id("connection", "file", path.name),
        workspace_id=DEFAULT_WORKSPACE.id,
        name=f"{path.name} to warehouse",
        source_id=source.id,
        destination_id=WAREHOUSE_ID,
        status=ConnectionStatus.ACTIVE,
        schedule=Schedule(),
        streams=tuple(
            StreamConfig(stream.name, SyncMode.FULL_REFRESH_OVERWRITE) for stream in source.catalog
        ),
        created_at=created_at,
    )
