"""Listening on an address, and serving on it until somebody says stop."""

import asyncio
import socket
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

import uvicorn
from starlette.types import ASGIApp

from airbyte_mcp_server.serving.ending import Answers, Calls
from airbyte_mcp_server.settings.model import SettingsError, flag_of

SHUTDOWN_SECONDS = 5
LAST_SECONDS = 3
"""How long what is under way may go on after a stop: less than the above, when uvicorn breaks it off."""
LAST_STEPS_SECONDS = 0.3
"""How long the answers of calls that have ended may take to reach their streams: some turns of the loop."""


class QuietServer(uvicorn.Server):
    """Leaves signals to us: uvicorn's own way raises them again at the end, which ends in exit code 143."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Capture nothing."""
        yield


@dataclass(frozen=True)
class Service:
    """Something that is served: how, on which socket, and the MCP calls in it."""

    config: uvicorn.Config
    listening: socket.socket
    calls: Calls | None = None


async def serve_until(told: asyncio.Event, *services: Service) -> None:
    """Serve until somebody says stop; all of it, or nothing any more."""
    async with asyncio.TaskGroup() as group:
        for service in services:
            group.create_task(_serve_until(told, service))


async def _serve_until(told: asyncio.Event, service: Service) -> None:
    answers = Answers(cast("ASGIApp", service.config.app))
    service.config.app = answers
    server = QuietServer(service.config)
    async with asyncio.TaskGroup() as group:
        serving = group.create_task(server.serve(sockets=[service.listening]))
        serving.add_done_callback(lambda _: told.set())
        await told.wait()
        # Not handle_exit, in whose place sse_starlette breaks off every event stream, answers to come or not.
        server.should_exit = True
        await _end(service.calls, answers)


async def _end(calls: Calls | None, answers: Answers) -> None:
    if calls is None:
        await answers.end(LAST_SECONDS)
    else:
        await calls.end(LAST_SECONDS)
        await answers.end(LAST_STEPS_SECONDS)


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
