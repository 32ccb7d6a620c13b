"""What a stop finds unfinished, ended with words instead of broken off.

uvicorn would wait for it and then cancel it: the client gets a bare 500 or half
an answer, and the log a traceback. So calls that still run some seconds after
the stop are answered that the server stops, and what is open after them is
completed.
"""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Final

import anyio
from mcp.server.context import CallNext, HandlerResult, ServerMiddleware, ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp.shared.subscriptions import SUBSCRIPTION_ID_META_KEY
from mcp_types import CONNECTION_CLOSED, SubscriptionsListenResult
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

STOPPING: Final = "The server is stopping; a change that has begun goes on to its end."
TO_CALLERS: Final = f"{STOPPING} list_changes will say what became of it; call again for everything else."
TO_OTHERS: Final = f"{STOPPING} Ask again when the server is back."
LISTEN = "subscriptions/listen"
LAST_WORDS_SECONDS = 1.0
"""How long a client that does not take in its answer can hold up the end of it."""


class _Open:
    """What is under way, and can be cancelled."""

    def __init__(self) -> None:
        self._scopes: set[anyio.CancelScope] = set()
        self._is_over = False
        self._none = asyncio.Event()
        self._none.set()

    @contextmanager
    def one(self) -> Generator[None]:
        """One more; left early if the end comes first."""
        with anyio.CancelScope() as scope:
            self._scopes.add(scope)
            self._none.clear()
            if self._is_over:
                scope.cancel()
            try:
                yield
            finally:
                self._scopes.discard(scope)
                if not self._scopes:
                    self._none.set()

    async def end(self, grace: float) -> None:
        """Wait until nothing is under way, and cancel what still is after so many seconds."""
        with anyio.move_on_after(grace):
            await self._none.wait()
        self._is_over = True
        for scope in self._scopes:
            scope.cancel()
        await self._none.wait()


class Calls(ServerMiddleware[Any]):
    """The requests that an MCP server is answering, whatever transport they came by."""

    def __init__(self) -> None:
        self._streams, self._others = _Open(), _Open()

    async def __call__(self, ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        """Let one message pass.

        Raises:
            MCPError: The server stops before it is answered.
        """
        if ctx.request_id is None:
            return await call_next(ctx)
        listens = ctx.method == LISTEN
        with (self._streams if listens else self._others).one():
            return await call_next(ctx)
        if listens:
            # The protocol's own word for a stream that its server ends on purpose.
            return SubscriptionsListenResult.model_validate(
                {"_meta": {SUBSCRIPTION_ID_META_KEY: ctx.request_id}}
            )
        raise MCPError(code=CONNECTION_CLOSED, message=TO_CALLERS)

    async def end(self, grace: float) -> None:
        """End the streams, which nobody waits for to finish, and after so many seconds every other call."""
        await self._streams.end(0)
        await self._others.end(grace)


class Answers:
    """An ASGI application whose answers can be ended: 503 for one that has not begun."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._open = _Open()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        said: list[Message] = []  # the last message, once there is one

        async def noting(message: Message) -> None:
            await send(message)
            said[:] = [message]

        with self._open.one():
            await self._app(scope, receive, noting)
            return
        with anyio.move_on_after(LAST_WORDS_SECONDS):
            if not said:
                await PlainTextResponse(TO_OTHERS, 503, {"Retry-After": "1"})(scope, receive, send)
            elif said[0]["type"] == "http.response.start" or said[0].get("more_body", False):
                await send({"type": "http.response.body", "body": b""})

    async def end(self, grace: float) -> None:
        """Complete what is open after so many seconds."""
        await self._open.end(grace)
