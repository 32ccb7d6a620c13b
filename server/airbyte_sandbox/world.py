"""What a sandbox holds, and how it comes back to its beginning."""

from dataclasses import dataclass

from airbyte_sandbox.clock import AdjustableClock, milliseconds
from airbyte_sandbox.faults import FaultBook
from airbyte_sandbox.json_value import JsonObject
from airbyte_sandbox.runs.connectors import Connectors
from airbyte_sandbox.runs.runner import JobRunner
from airbyte_sandbox.runs.work import Workbench
from airbyte_sandbox.seed.connectors import connector_connections
from airbyte_sandbox.seed.described import plant_described
from airbyte_sandbox.seed.generated import plant_generated
from airbyte_sandbox.seed.planting import demo, plant_files, plant_warehouse, read_seed_file
from airbyte_sandbox.settings import SandboxSettings
from airbyte_sandbox.sink.folder import SinkFolder
from airbyte_sandbox.storage.fleet import FleetStore
from airbyte_sandbox.storage.jobs import JobStore


@dataclass(frozen=True)
class World:
    """Fleet, jobs and rows, the clock and the faults."""

    settings: SandboxSettings
    bench: Workbench
    runner: JobRunner
    clock: AdjustableClock

    @property
    def fleet(self) -> FleetStore:
        """Its workspaces, sources, destinations, connections and tags."""
        return self.bench.fleet

    @property
    def jobs(self) -> JobStore:
        """Its jobs."""
        return self.bench.jobs

    @property
    def sinks(self) -> SinkFolder:
        """Where its rows are."""
        return self.bench.sinks

    @property
    def connectors(self) -> Connectors:
        """The connectors it can run."""
        return self.bench.connectors

    @property
    def faults(self) -> FaultBook:
        """What goes wrong in it on request."""
        return self.bench.faults

    def begin(self) -> None:
        """Plant the seed if nothing is there, and what the user brought in any case.

        Raises:
            SandboxError: a file or a connector cannot be used.
        """
        if self.fleet.is_empty():
            self._plant_seed()
        self._plant_own()

    def reset(self) -> None:
        """Stop the jobs, forget everything, faults and the moved clock too, and begin again."""
        self._forget()
        self.clock.restore()
        self._plant_seed()
        self._plant_own()

    def replace(self, described: JsonObject) -> None:
        """Begin again with the fleet that ``described`` tells of instead of the seed; the clock stays.

        Raises:
            SeedError: it cannot be understood; then nothing has changed.
        """
        planted = plant_described(described, self.connectors, self.clock.now())
        self._forget()
        planted(self.fleet, self.jobs)

    def _forget(self) -> None:
        self.faults.clear()
        self.runner.stop_all()
        self.fleet.clear()
        self.sinks.clear()

    def _plant_seed(self) -> None:
        now = self.clock.now()
        if self.settings.fleet is not None:
            plant_generated(self.fleet, self.jobs, self.settings.fleet, now)
        elif self.settings.seed_file is not None:
            planted = read_seed_file(self.settings.seed_file, self.connectors, now)
            planted(self.fleet, self.jobs)
        else:
            demo(self.connectors, now)(self.fleet, self.jobs)

    def _plant_own(self) -> None:
        now = self.clock.now()
        if self.settings.files or self.settings.connectors:
            plant_warehouse(self.fleet, now)
        plant_files(self.fleet, self.settings.files, now)
        for source, connection in connector_connections(
            self.settings.connectors, self.fleet, milliseconds(now)
        ):
            self.fleet.add_source(source)
            self.fleet.put_connection(connection)
