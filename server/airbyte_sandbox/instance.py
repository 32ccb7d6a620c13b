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
from airbyte_sandbox.api.job_calls import JobCalls
from airbyte_sandbox.api.request_log import RequestLog
from airbyte_sandbox.clock import Clock
from airbyte_sandbox.runs.changes import JobChanges
from airbyte_sandbox.runs.runner import JobRunner
from airbyte_sandbox.seed.planting import plant_demo, plant_files
from airbyte_sandbox.settings import SandboxError, SandboxSettings
from airbyte_sandbox.sink.folder import SinkFolder
from airbyte_sandbox.storage.database import Database
from airbyte_sandbox.storage.fleet import FleetStore
from airbyte_sandbox.storage.jobs import JobStore


class Instance:
    """Everything of a sandbox but its server. ``changes`` must be attached to the server's loop.

    Raises:
        SandboxError: the data folder or a file cannot be used.
    """

    def __init__(self, settings: SandboxSettings, clock: Clock) -> None:
        self.client_id = settings.client_id or f"sandbox-{secrets.token_hex(8)}"
        self.client_secret = settings.client_secret or secrets.token_urlsafe(24)
        self.changes = JobChanges()
        with ExitStack() as resources:
            folder = _data_folder(settings.data_dir, resources)
            database = Database(folder / "sandbox.sqlite" if settings.data_dir is not None else None)
            resources.callback(database.close)
            self._fleet = FleetStore(database)
            self._jobs = JobStore(database, clock)
            self._sinks = SinkFolder(folder / "destinations")
            self._runner = JobRunner(self._fleet, self._jobs, self._sinks, self.changes, folder / "running")
            resources.callback(self._runner.close)
            self._runner.recover()
            if self._fleet.is_empty():
                plant_demo(self._fleet, self._jobs, clock.now())
            plant_files(self._fleet, settings.files, clock.now())
            self.app = self._build_app(settings, clock)
            self._resources = resources.pop_all()

    def stop_jobs(self) -> None:
        """Kill what runs; callable more than once."""
        self._runner.close()

    def close(self) -> None:
        """Stop the jobs, close the files, remove what was temporary."""
        self._resources.close()

    def _build_app(self, settings: SandboxSettings, clock: Clock) -> ASGIApp:
        log = RequestLog()
        fleet = FleetCalls(self._fleet)
        handlers = Handlers(
            access=Access(
                self.client_id,
                self.client_secret,
                settings.token_seconds,
                clock,
                required=settings.require_auth,
            ),
            fleet=fleet,
            patch=ConnectionPatchCalls(fleet, self._fleet),
            jobs=JobCalls(fleet, self._jobs, self._runner),
            config=ConfigCalls(self._jobs),
            control=ControlCalls(
                fleet=fleet,
                jobs=self._jobs,
                runner=self._runner,
                sinks=self._sinks,
                changes=self.changes,
                log=log,
            ),
        )
        return build_app(handlers, log, clock)


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
