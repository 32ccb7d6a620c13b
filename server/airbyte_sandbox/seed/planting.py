"""Puts the seed into a sandbox."""

from datetime import datetime, timedelta
from pathlib import Path

from airbyte_sandbox.clock import milliseconds
from airbyte_sandbox.json_value import as_object, parse_json
from airbyte_sandbox.runs.connectors import Connectors
from airbyte_sandbox.seed.described import Planted, SeedError, plant_described
from airbyte_sandbox.seed.files import file_connections
from airbyte_sandbox.seed.fleet import (
    CONNECTIONS,
    DEFAULT_WORKSPACE,
    DESTINATIONS,
    MARKETING_WORKSPACE,
    WAREHOUSE,
)
from airbyte_sandbox.seed.history import add_history
from airbyte_sandbox.settings import SandboxError
from airbyte_sandbox.storage.fleet import FleetStore
from airbyte_sandbox.storage.jobs import JobStore

_AGE = timedelta(days=60)


def plant_demo(fleet: FleetStore, jobs: JobStore, now: datetime) -> None:
    """The demo fleet and its past."""
    born = milliseconds(now - _AGE)
    for workspace in (DEFAULT_WORKSPACE, MARKETING_WORKSPACE):
        fleet.add_workspace(workspace)
    for destination in DESTINATIONS:
        fleet.add_destination(destination.build(born))
    for connection in CONNECTIONS:
        source = connection.source(born)
        fleet.add_source(source)
        built = connection.build(source, born)
        for tag in built.tags:
            fleet.put_tag(tag)
        fleet.put_connection(built)
    add_history(jobs, now)


def plant_warehouse(fleet: FleetStore, now: datetime) -> None:
    """The workspace and the destination for what the user brought, if the seed has none."""
    if fleet.workspace(DEFAULT_WORKSPACE.id) is None:
        fleet.add_workspace(DEFAULT_WORKSPACE)
    if fleet.destination(WAREHOUSE.id) is None:
        fleet.add_destination(WAREHOUSE.build(milliseconds(now)))


def read_seed_file(path: Path, connectors: Connectors, now: datetime) -> Planted:
    """The fleet that a file describes, in the form of :mod:`airbyte_sandbox.seed.described`.

    Raises:
        SandboxError: the file cannot be used.
    """
    try:
        return plant_described(as_object(parse_json(path.read_bytes())), connectors, now)
    except OSError as error:
        raise SandboxError(f"The seed {path} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise SandboxError(f"The seed {path} is not JSON: {error}.") from error
    except SeedError as error:
        raise SandboxError(f"The seed {path} cannot be used: {error}.") from error


def plant_files(fleet: FleetStore, files: tuple[Path, ...], now: datetime) -> None:
    """The user's files. A connection that is there already keeps what was changed about it.

    Raises:
        SandboxError: a file cannot be used.
    """
    for source, connection in file_connections(files, milliseconds(now)):
        fleet.add_source(source)
        if fleet.connection(connection.id) is None:
            fleet.put_connection(connection)
