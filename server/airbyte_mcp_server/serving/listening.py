"""Listening on an address, and serving on it until somebody says stop."""

import asyncio
import signal
import socket
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn

from airbyte_mcp_server.serving.stopping import when_told_to_stop
from airbyte_mcp_server.settings.model import SettingsError, flag_of

SHUTDOWN_SECONDS = 5


class QuietServer(uvicorn.Server):
    """Leaves signals to us: uvicorn's own way raises them again at the end, which ends in exit code 143."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Capture nothing."""
        yield


@dataclass(frozen=True)
class Service:
    """Something that is served: how, and on which socket."""

    config: uvicorn.Config
    listening: socket.socket


async def serve_until_told(*services: Service) -> None:
    """Serve until SIGINT or SIGTERM, from within the running event loop; all of it, or nothing any more."""
    servers = [QuietServer(service.config) for service in services]

    def stop() -> None:
        for server in servers:
            server.handle_exit(signal.SIGTERM, None)

    async def serve(server: QuietServer, listening: socket.socket) -> None:
        await server.serve(sockets=[listening])
        stop()

    when_told_to_stop(stop)
    async with asyncio.TaskGroup() as group:
        for server, service in zip(servers, services, strict=True):
            group.create_task(serve(server, service.listening))


def bound(host: str, port: int, setting: str) -> socket.socket:
    """A socket that listens: a client that reads the address from here on is queued, not refused.

    Args:
        host: The address to listen on.
        port: 0 takes any free one.
        setting: The name of the setting that the port came from.

    Raises:
        SettingsError: The address cannot be bound.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio sends answers at once instead of waiting to fill a packet.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen()
    except OSError as error:
        listening.close()
        raise SettingsError(
            f"Port {port} on {host} cannot be used: {error.strerror}."
            f" Choose another with {flag_of(setting)}, or 0 for any free one."
        ) from error
    return listening


def authority(host: str, listening: socket.socket) -> str:
    """Host and port as they stand in a web address."""
    port: int = listening.getsockname()[1]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
