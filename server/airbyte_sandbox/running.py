"""Starts and stops the server. Import this only to start one: it loads the web framework."""

import asyncio
import signal
import socket
import threading
from collections.abc import Callable
from contextlib import ExitStack
from queue import SimpleQueue
from types import FrameType

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from airbyte_sandbox.clock import Clock, SystemClock
from airbyte_sandbox.instance import Instance
from airbyte_sandbox.settings import (
    LOOPBACK,
    RunningSandbox,
    SandboxAddress,
    SandboxError,
    SandboxSettings,
)

_GRACE_SECONDS = 2


def start_in_thread(settings: SandboxSettings, clock: Clock) -> RunningSandbox:
    """Start a server in a thread with its own event loop; it answers when this returns.

    Raises:
        SandboxError: a file cannot be used, the port is taken, the folder is in use.
    """
    with ExitStack() as resources:
        listener = resources.enter_context(_listen(settings.port))
        instance = Instance(settings, clock)
        resources.callback(instance.close)
        server = _Server(instance, listener)
        server.start()
        resources.callback(server.stop)
        resources.callback(instance.stop_jobs)
        port: int = listener.getsockname()[1]
        address = SandboxAddress(f"http://{LOOPBACK}:{port}", instance.client_id, instance.client_secret)
        return RunningSandbox(address, resources.pop_all().close)


def serve(settings: SandboxSettings, on_ready: Callable[[SandboxAddress], None]) -> None:
    """Run a server until SIGINT or SIGTERM.

    Raises:
        SandboxError: a file cannot be used, the port is taken, the folder is in use.
    """
    # A SimpleQueue may be put into from a signal handler while the same thread waits for it.
    stop: SimpleQueue[None] = SimpleQueue()
    signals = (signal.SIGINT, signal.SIGTERM)

    def ask_to_stop(_number: int, _frame: FrameType | None) -> None:
        stop.put(None)

    before = {number: signal.signal(number, ask_to_stop) for number in signals}
    try:
        with start_in_thread(settings, SystemClock()) as sandbox:
            on_ready(sandbox.address)
            stop.get()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _listen(port: int) -> socket.socket:
    # asyncio turns Nagle's algorithm off only where the protocol is named; with it each answer takes 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((LOOPBACK, port))
        listener.listen()
    except (OSError, OverflowError) as error:
        listener.close()
        raise SandboxError(
            f"Port {port} of {LOOPBACK} cannot be used ({error}); name another one, or 0."
        ) from error
    return listener


class _Server:
    """A uvicorn server in a thread, for one listening socket."""

    def __init__(self, instance: Instance, listener: socket.socket) -> None:
        self._instance = instance
        self._listener = listener
        self._uvicorn = uvicorn.Server(
            uvicorn.Config(
                instance.app,
                loop="asyncio",
                http="h11",
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=_GRACE_SECONDS,
            )
        )
        self._thread = threading.Thread(target=self._run, name="airbyte-sandbox")

    def start(self) -> None:
        """Start the thread. The socket listens already, so that whoever connects now is served."""
        self._thread.start()

    def stop(self) -> None:
        """End the server and its thread."""
        self._uvicorn.should_exit = True
        self._thread.join()

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._instance.changes.attach(asyncio.get_running_loop())
        self._instance.hang_ups.attach(self._transport_of)
        await self._uvicorn.serve(sockets=[self._listener])
        self._instance.changes.detach()

    def _transport_of(self, client: tuple[str, int]) -> asyncio.Transport | None:
        connections = self._uvicorn.server_state.connections
        protocols = (item for item in connections if isinstance(item, H11Protocol))
        return next((item.transport for item in protocols if item.client == client), None)
