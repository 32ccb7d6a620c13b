"""The user's own connectors as sources."""

from collections.abc import Iterator, Sequence

from airbyte_sandbox.model import Connection, ConnectionStatus, Schedule, Source, StreamConfig, SyncMode
from airbyte_sandbox.runs.discovery import DiscoveryError, discovered
from airbyte_sandbox.seed.home import DEFAULT_WORKSPACE, WAREHOUSE_ID, fixed_id
from airbyte_sandbox.settings import Connector, SandboxError
from airbyte_sandbox.storage.fleet import FleetStore


def connector_connections(
    connectors: Sequence[Connector], fleet: FleetStore, created_at: int
) -> Iterator[tuple[Source, Connection]]:
    """For each connector a source with an empty configuration, and a connection "NAME to warehouse".

    One that is there already keeps what was changed about it. A connector that needs a configuration is
    used by a seed file, so it must not fail the start there: it does only if nothing uses it.

    Raises:
        SandboxError: a connector cannot be started, or gives no streams.
    """
    for connector in connectors:
        if fleet.uses_connector(connector.name):
            continue
        source = _source(connector, created_at)
        yield source, _connection(source, created_at)


def _source(connector: Connector, created_at: int) -> Source:
    try:
        catalog = discovered(connector.command, {})
    except DiscoveryError as error:
        raise SandboxError(
            f"The connector {connector.name} does not work without a configuration: {error}."
            " Give it one in a seed file."
        ) from error
    return Source(
        id=fixed_id("source", "connector", connector.name),
        workspace_id=DEFAULT_WORKSPACE.id,
        name=connector.name,
        source_type=connector.name,
        connector=connector.name,
        configuration={},
        catalog=catalog,
        created_at=created_at,
    )


def _connection(source: Source, created_at: int) -> Connection:
    return Connection(
        id=fixed_id("connection", "connector", source.name),
        workspace_id=source.workspace_id,
        name=f"{source.name} to warehouse",
        source_id=source.id,
        destination_id=WAREHOUSE_ID,
        status=ConnectionStatus.ACTIVE,
        schedule=Schedule(),
        streams=tuple(
            StreamConfig(
                schema.name,
                SyncMode.FULL_REFRESH_OVERWRITE,
                primary_key=schema.primary_key,
                namespace=schema.namespace,
            )
            for schema in source.catalog
        ),
        created_at=created_at,
    )
