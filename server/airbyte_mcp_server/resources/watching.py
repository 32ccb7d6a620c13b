"""Tells subscribers when what they watch has moved.

Airbyte tells nobody by itself, so whatever is watched is read again every few
seconds. A watch ends with its subscription, and after an hour: an older client
that left without a word would be watched for otherwise for ever.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from weakref import WeakKeyDictionary

import anyio
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler, ResourceUpdated
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    EmptyResult,
    SubscribeRequestParams,
    SubscriptionsListenRequestParams,
    SubscriptionsListenResult,
    UnsubscribeRequestParams,
)

from airbyte_mcp_server.operating.spans import outside_traces
from airbyte_mcp_server.reaching.asking import RequestContext
from airbyte_mcp_server.resources.reading import Resources

logger = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE, SLOWING = 1.0, 30.0, 1.3
LONGEST_WATCH = 3_600.0
MOST_WATCHES = 20
"""Of one session or stream; each is a request every few seconds at first, and every 30 later."""

Tell = Callable[[str], Awaitable[None]]


class Watching:
    """Subscriptions in both protocol eras: one stream since 2026-07-28, one request for each before."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._bus = InMemorySubscriptionBus()
        self._streams = ListenHandler(self._bus)
        self._sessions: WeakKeyDictionary[object, dict[str, asyncio.Task[None]]] = WeakKeyDictionary()

    async def listen(
        self, ctx: RequestContext, params: SubscriptionsListenRequestParams
    ) -> SubscriptionsListenResult:
        """Serve one stream, and watch what it asks for as long as it is open.

        Raises:
            MCPError: It asks for too much.
        """
        wanted = [uri for uri in params.notifications.resource_subscriptions or () if self._is_watched(uri)]
        _require_room(len(wanted))

        async def publish(uri: str) -> None:
            await self._bus.publish(ResourceUpdated(uri=uri))

        watches = [self._begun(self._watch(uri, publish)) for uri in wanted]
        try:
            return await self._streams(ctx, params)
        finally:
            for watch in watches:
                watch.cancel()

    async def subscribe(self, ctx: RequestContext, params: SubscribeRequestParams) -> EmptyResult:
        """Watch one address for a session of an older client.

        Raises:
            MCPError: There is no such resource, or the session watches too many.
        """
        address = self._resources.required(params.uri)
        watched = self._sessions.setdefault(ctx.session, {})
        _require_room(len(watched) + 1)
        if address.kind.watched and params.uri not in watched:
            watched[params.uri] = self._begun(self._watch(params.uri, ctx.session.send_resource_updated))
        return EmptyResult()

    async def unsubscribe(self, ctx: RequestContext, params: UnsubscribeRequestParams) -> EmptyResult:
        """End the watch of one address."""
        task = self._sessions.get(ctx.session, {}).pop(params.uri, None)
        if task is not None:
            task.cancel()
        return EmptyResult()

    @staticmethod
    def _begun(watch: Coroutine[None, None, None]) -> "asyncio.Task[None]":
        with outside_traces():
            return asyncio.create_task(watch)

    async def _watch(self, uri: str, tell: Tell) -> None:
        """Read again and again, less often while nothing moves, for an hour at most."""
        last, pause = await self._state_of(uri), FIRST_PAUSE
        with anyio.move_on_after(LONGEST_WATCH):
            while True:
                await anyio.sleep(pause)
                state = await self._state_of(uri)
                if state is None or state == last:
                    pause = min(pause * SLOWING, LONGEST_PAUSE)
                    continue
                last, pause = state, FIRST_PAUSE
                await tell(uri)

    async def _state_of(self, uri: str) -> str | None:
        """What stands for the present state; None where it cannot be read, which is no change."""
        address = self._resources.required(uri)
        try:
            answer = await self._resources.answer_at(address)
        except MCPError as error:
            logger.debug("A watched resource cannot be read: %s", error)
            return None
        return answer.model_dump_json(include=set(address.kind.watched))

    def _is_watched(self, uri: str) -> bool:
        address = self._resources.addresses.read(uri)
        return address is not None and bool(address.kind.watched)


def _require_room(watches: int) -> None:
    if watches > MOST_WATCHES:
        raise MCPError(
            code=INVALID_PARAMS, message=f"At most {MOST_WATCHES} resources are watched for one client."
        )
