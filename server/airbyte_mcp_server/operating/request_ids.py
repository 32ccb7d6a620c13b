"""Which MCP request is being answered, wherever in the program something is said about it."""

import secrets
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

_current: ContextVar[str | None] = ContextVar("request_id", default=None)
_trace: ContextVar[str | None] = ContextVar("trace_id", default=None)
_LONGEST = 40


def current_request() -> str | None:
    """The id of the request that this task, or the thread that it started, works for."""
    return _current.get()


def current_trace() -> str | None:
    """The id of the trace that the request belongs to, where traces are sent."""
    return _trace.get()


@contextmanager
def answering(client_id: str | int | None, trace: str | None = None) -> Generator[str]:
    """Name what is done in the block after one request.

    Clients number their requests from one each, so a part of our own comes first: `3f9a1c2e/7`.

    Args:
        client_id: The request's id as the client gave it, if it did.
        trace: The id of the trace that it belongs to, if it is being recorded.
    """
    given = "".join(c for c in str(client_id) if c.isascii() and c.isprintable())[:_LONGEST]
    name = secrets.token_hex(4) if client_id is None else f"{secrets.token_hex(4)}/{given}"
    token, traced = _current.set(name), _trace.set(trace)
    try:
        yield name
    finally:
        _current.reset(token)
        _trace.reset(traced)
