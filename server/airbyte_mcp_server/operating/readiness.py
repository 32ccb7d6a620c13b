"""Whether this process can do its work: its store and its Airbyte answer."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

from airbyte_guardrails.errors import GuardrailError
from airbyte_mcp_server.instances.airbytes import Airbyte
from airbyte_mcp_server.runtime import Runtime

if TYPE_CHECKING:
    from airbyte_guardrails.store import Store

logger = logging.getLogger(__name__)

KEPT_SECONDS = 5.0
"""Whoever asks more often gets the last answer: the route needs no token, and must not load Airbyte."""
LIMIT_SECONDS = 5.0


class Readiness:
    """Looks at store and Airbytes, at most once in a few seconds however many ask."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._looking = asyncio.Lock()
        self._states: dict[str, bool] = {}
        self._until = float("-inf")

    async def states(self) -> dict[str, bool]:
        """Whether the store answers, and the Airbyte; of several each, as `airbyte.NAME`."""
        async with self._looking:
            if time.monotonic() >= self._until:
                looks = {"store": self._store} | {
                    _told(name, self._runtime): partial(_read_first, airbyte)
                    for name, airbyte in self._runtime.airbytes.items()
                }
                answers = await asyncio.gather(*(_answers(name, look) for name, look in looks.items()))
                self._states = dict(zip(looks, answers, strict=True))
                self._until = time.monotonic() + KEPT_SECONDS
            return self._states

    async def _store(self) -> None:
        """Open it, read, and raise what goes wrong."""
        await asyncio.to_thread(_read, self._runtime.store)


async def _read_first(airbyte: Airbyte) -> None:
    """Ask for a first workspace, and raise what goes wrong."""
    async for _workspace in airbyte.client.iter_workspaces():
        break


def _told(name: str, runtime: Runtime) -> str:
    return f"airbyte.{name}" if name in runtime.airbytes.choices else "airbyte"


def _read(store: "Store") -> None:
    with store.reading():
        pass


async def _answers(name: str, look: Callable[[], Awaitable[None]]) -> bool:
    from airbyte_client import AirbyteError  # noqa: PLC0415 - httpx loads with the first look

    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            await look()
    except (AirbyteError, GuardrailError, TimeoutError) as error:
        logger.warning("Not ready: %s does not answer (%s)", name, str(error) or f"{LIMIT_SECONDS:g} s")
        return False
    return True
