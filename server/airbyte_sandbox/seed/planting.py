"""Puts the seed into a sandbox."""

from datetime import datetime
from importlib import resources
from pathlib import Path

from airbyte_sandbox.clock import milliseconds
from airbyte_sandbox.json_value import parse_json
from airbyte_sandbox.runs.connectors import Connectors
from airbyte_sandbox.seed.described import Planted, plant_described
from airbyte_sandbox.seed.files import file_connections
from airbyte_sandbox.seed.home import DEFAULT_WORKSPACE, WAREHOUSE_ID, warehouse
from airbyte_sandbox.seed.reading import SeedError
from airbyte_sandbox.settings import SandboxError
from airbyte_sandbox.storage.fleet import FleetStore


def demo(connectors: Connectors, now: datetime) -> Planted:
    """The demo fleet and its past, from the seed file that comes with the sandbox."""
    content = resources.files("airbyte_sandbox.seed").joinpath("demo.json").read_bytes()
    return plant_described(parse_json(content), connectors, now)


def read_seed_file(path: Path, connectors: Connectors, now: datetime) -> Planted:
    """The fleet that a file describes, in the form of :mod:`airbyte_sandbox.seed.described`.

    Raises:
        SandboxError: the file cannot be used.
    """
    try:
        return plant_described(parse_json(path.read_bytes()), connectors, now)
    except OSError as error:
        raise SandboxError(f"The seed {path} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise SandboxError(f"The seed {path} is not JSON: {error}.") from error
    except SeedError as error:
        raise SandboxError(f"The seed {path} cannot be used: {error}.") from error


def plant_warehouse(fleet: FleetStore, now: datetime) -> None:
    """The workspace and the destination for what the user brought, if the seed has none."""
    if fleet.workspace(DEFAULT_WORKSPACE.id) is None:
        fleet.add_workspace(DEFAULT_WORKSPACE)
    if fleet.destination(WAREHOUSE_ID) is None:
        fleet.add_destination(warehouse(milliseconds(now)))


def plant_files(fleet: FleetStore, files: tuple[Path, ...], now: datetime) -> None:
    """The user's files. A connection that is there already keeps what was changed about it.

    Raises:
        SandboxError: a file cannot be used.
    """
    for source, connection in file_connections(files, milliseconds(now)):
        fleet.add_source(source)
        if fleet.connection(connection.id) is None:
            fleet.put_connection(connection)
