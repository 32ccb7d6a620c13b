"""Which MCP request is being answered, wherever in the program something is said about it."""

import secrets
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

_current: ContextVar[str | None] = ContextVar("request_id", default=None)
_LONGEST = 40


def current_request() -> str | None:
    """The id of the request that this task, or the thread that it started, works for."""
    return _current.get()


@contextmanager
def answering(client_id: str | int | None) -> Generator[str]:
    """Name what is done in the block after one request.

    Clients number their requests from one each, so a part of our own comes first: `3f9a1c2e/7`.

    Args:
        client_id: The request's id as the client gave it, if it did.
    """
    given = "".join(c for c in str(client_id) if c.isascii() and c.isprintable())[:_LONGEST]
    name = secrets.token_hex(4) if client_id is None else f"{secrets.token_hex(4)}/{given}"
    token = _current.set(name)
    try:
        yield name
    finally:
        _current.reset(token)
