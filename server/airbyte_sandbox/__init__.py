"""An embedded Airbyte: its public API on loopback, with syncs that really move rows.

Importing this package is cheap; the web framework is loaded when a sandbox starts.
"""

from collections.abc import Callable

from airbyte_sandbox.clock import Clock, ManualClock, SystemClock
from airbyte_sandbox.settings import (
    Connector,
    Dialect,
    FleetSize,
    RunningSandbox,
    SandboxAddress,
    SandboxError,
    SandboxSettings,
)

__all__ = [
    "Clock",
    "Connector",
    "Dialect",
    "FleetSize",
    "ManualClock",
    "RunningSandbox",
    "SandboxAddress",
    "SandboxError",
    "SandboxSettings",
    "SystemClock",
    "serve",
    "start_in_thread",
]


def start_in_thread(settings: SandboxSettings, *, clock: Clock | None = None) -> RunningSandbox:
    """Start a sandbox beside the caller; it answers when this returns.

    Raises:
        SandboxError: a file cannot be used, the port is taken, the folder is in use.
    """
    from airbyte_sandbox import running  # noqa: PLC0415 - only a start pays for the web framework

    return running.start_in_thread(settings, clock or SystemClock())


def serve(settings: SandboxSettings, on_ready: Callable[[SandboxAddress], None]) -> None:
    """Run a sandbox in the foreground until SIGINT or SIGTERM, then end cleanly.

    ``on_ready`` is called once, when the sandbox answers. Call this from the main thread.

    Raises:
        SandboxError: a file cannot be used, the port is taken, the folder is in use.
    """
    from airbyte_sandbox import running  # noqa: PLC0415 - only a start pays for the web framework

    running.serve(settings, on_ready)
