"""Puts the seed into a sandbox."""

from datetime import datetime, timedelta
from pathlib import Path

from airbyte_sandbox.clock import milliseconds
from airbyte_sandbox.seed.files import file_connections
from airbyte_sandbox.seed.fleet import CONNECTIONS, DEFAULT_WORKSPACE, DESTINATIONS, MARKETING_WORKSPACE
from airbyte_sandbox.seed.history import add_history
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
        fleet.put_connection(connection.build(source, born))
    add_history(jobs, now)


def plant_files(fleet: FleetStore, files: tuple[Path, ...], now: datetime) -> None:
    """The user's files. A connection that is there already keeps what was changed about it.

    Raises:
        SandboxError: a file cannot be used.
    """
    for source, connection in file_connections(files, milliseconds(now)):
        fleet.add_source(source)
        if fleet.connection(connection.id) is None:
            fleet.put_connection(connection)
