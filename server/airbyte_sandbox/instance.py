"""One sandbox, put together: storage, runner, handlers."""

import fcntl
import secrets
import tempfile
from contextlib import ExitStack
from pathlib import Path

from starlette.types import ASGIApp

from airbyte_sandbox.api.access import Access
from airbyte_sandbox.api.app import Handlers, build_app
from airbyte_sandbox.api.config_calls import ConfigCalls
from airbyte_sandbox.api.connection_patch import ConnectionPatchCalls
from airbyte_sandbox.api.control_calls import ControlCalls
from airbyte_sandbox.api.fleet_calls import FleetCalls
from airbyte_sandbox.api.front import FrontDesk
from airbyte_sandbox.api.hang_ups import HangUps
from airbyte_sandbox.api.job_calls import JobCalls
from airbyte_sandbox.api.request_log import RequestLog
from airbyte_sandbox.api.stream_calls import StreamCalls
from airbyte_sandbox.api.tag_calls import TagCalls
from airbyte_sandbox.api.world_calls import WorldCalls
from airbyte_sandbox.api.writing import CurrentWriting, ReferenceWriting, Writing
from airbyte_sandbox.clock import AdjustableClock, Clock
from airbyte_sandbox.faults import FaultBook
from airbyte_sandbox.runs.changes import JobChanges
from airbyte_sandbox.runs.connectors import Connectors
from airbyte_sandbox.runs.runner import JobRunner
from airbyte_sandbox.runs.scheduler import Scheduler
from airbyte_sandbox.runs.work import Workbench
from airbyte_sandbox.settings import Dialect, SandboxError, SandboxSettings
from airbyte_sandbox.sink.folder import SinkFolder
from airbyte_sandbox.storage.database import Database
from airbyte_sandbox.storage.details import DetailStore
from airbyte_sandbox.storage.fleet import FleetStore
from airbyte_sandbox.storage.jobs import JobStore
from airbyte_sandbox.world import World


class Instance:
    """Everything of a sandbox but its server. ``changes`` must be attached to the server's loop.

    Raises:
        SandboxError: the data folder or a file cannot be used.
    """

    def __init__(self, settings: SandboxSettings, base_clock: Clock) -> None:
        self.client_id = settings.client_id or f"sandbox-{secrets.token_hex(8)}"
        self.client_secret = settings.client_secret or secrets.token_urlsafe(24)
        self.changes = JobChanges()
        self.hang_ups = HangUps()
        with ExitStack() as resources:
            folder = _data_folder(settings.data_dir, resources)
            clock = AdjustableClock(base_clock)
            database = Database(_database_file(settings, folder))
            resources.callback(database.close)
            bench = self._workbench(settings, database, clock, folder)
            runner = JobRunner(bench, settings.time_factor)
            resources.callback(runner.close)
            runner.recover()
            self._world = World(settings, bench, runner, clock)
            self._world.begin()
            self._scheduler = Scheduler(bench.fleet, bench.jobs, runner, clock)
            resources.callback(self._scheduler.close)
            if settings.schedules:
                self.changes.subscribe(self._scheduler.wake)
                bench.fleet.subscribe(self._scheduler.note_change)
                clock.on_jump(self._scheduler.wake)
                self._scheduler.start()
            self.app = self._build_app(settings)
            self._resources = resources.pop_all()

    def stop_jobs(self) -> None:
        """Fire no schedule any more and kill what runs; callable more than once."""
        self._scheduler.close()
        self._world.runner.close()

    def close(self) -> None:
        """Stop the jobs, close the files, remove what was temporary."""
        self._resources.close()

    def _workbench(
        self, settings: SandboxSettings, database: Database, clock: Clock, folder: Path
    ) -> Workbench:
        return Workbench(
            fleet=FleetStore(database),
            jobs=JobStore(database, clock),
            details=DetailStore(database),
            sinks=SinkFolder(folder / "destinations", FleetStore(database)),
            connectors=Connectors({item.name: item.command for item in settings.connectors}),
            faults=FaultBook(),
            changes=self.changes,
            clock=clock,
            folder=folder / "running",
        )

    def _build_app(self, settings: SandboxSettings) -> ASGIApp:
        world = self._world
        log = RequestLog()
        reference = settings.dialect is Dialect.REFERENCE
        writing: Writing = ReferenceWriting() if reference else CurrentWriting()
        fleet = FleetCalls(world.fleet, writing)
        access = Access(
            self.client_id,
            self.client_secret,
            settings.token_seconds,
            world.clock,
            required=settings.require_auth,
        )
        handlers = Handlers(
            access=access,
            fleet=fleet,
            patch=ConnectionPatchCalls(fleet, world.fleet, writing),
            jobs=JobCalls(fleet, world.jobs, world.runner, writing),
            streams=StreamCalls(world.fleet, world.connectors),
            tags=TagCalls(fleet, world.fleet),
            config=ConfigCalls(world.fleet, world.jobs, world.bench.details),
            control=ControlCalls(
                fleet=fleet,
                jobs=world.jobs,
                runner=world.runner,
                sinks=world.sinks,
                changes=self.changes,
                log=log,
            ),
            world=WorldCalls(world),
        )
        front = FrontDesk(log, world.clock, world.faults, self.hang_ups)
        return build_app(handlers, front, writing)


def _database_file(settings: SandboxSettings, folder: Path) -> Path | None:
    """Where state is kept: in memory, unless it shall stay or is large."""
    if settings.data_dir is None and settings.fleet is None:
        return None
    return folder / "sandbox.sqlite"


def _data_folder(wanted: Path | None, resources: ExitStack) -> Path:
    """The folder for everything that is kept: a temporary one, or the user's, locked against a second user.

    Raises:
        SandboxError: it cannot be used.
    """
    if wanted is None:
        return Path(resources.enter_context(tempfile.TemporaryDirectory(prefix="airbyte-sandbox-")))
    try:
        wanted.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = resources.enter_context((wanted / "sandbox.lock").open("w"))
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise SandboxError(
            f"{wanted} is in use by another sandbox; stop it or name another folder."
        ) from None
    except OSError as error:
        raise SandboxError(f"The data folder {wanted} cannot be used: {error.strerror}.") from error
    return wanted
