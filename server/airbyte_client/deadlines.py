"""A whole operation ends in time, in the synchronous client too.

asyncio interrupts whatever takes too long. A thread cannot be interrupted: httpx's time-outs hold for each
read from the socket alone, so headers that drip in byte by byte would hold a call for hours. Here every use
of a socket gets no more than what is left of its operation's time.
"""

import math
import ssl
import time
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import httpcore
import httpx

from airbyte_client.lanes import AsyncHttp, no_cookies

__all__ = ["AsyncHttp", "SyncHttp", "deadline_in"]

_deadline: ContextVar[float] = ContextVar("deadline", default=math.inf)


@contextmanager
def deadline_in(seconds: float) -> Generator[None]:
    """In the block, no socket of a `SyncHttp` works on after these seconds; it raises a time-out of httpx."""
    before = _deadline.set(min(_deadline.get(), time.monotonic() + seconds))
    try:
        yield
    finally:
        _deadline.reset(before)


class SyncHttp(httpx.Client):
    """An httpx client whose sockets keep the deadline."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401  httpx's own options, passed on
        super().__init__(auth=None, follow_redirects=False, cookies=no_cookies(), **options)
        for transport in (self._transport, *self._mounts.values()):
            if isinstance(transport, httpx.HTTPTransport):
                # httpx has no option for httpcore's; a test fails should it move.
                transport._pool._network_backend = _Backend()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  as said


class _Backend(httpcore.NetworkBackend):
    def __init__(self) -> None:
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        left = _left(timeout, httpcore.ConnectTimeout)
        return _Stream(self._plain.connect_tcp(host, port, left, local_address, socket_options))


class _Stream(httpcore.NetworkStream):
    def __init__(self, plain: httpcore.NetworkStream) -> None:
        self._plain = plain

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._plain.read(max_bytes, _left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._plain.write(buffer, _left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._plain.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = _left(timeout, httpcore.ConnectTimeout)
        return _Stream(self._plain.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401  httpcore's own word
        return self._plain.get_extra_info(info)


def _left(timeout: float | None, error: type[httpcore.TimeoutException]) -> float | None:
    """The smaller of a time-out and what is left of the operation's time."""
    left = _deadline.get() - time.monotonic()
    if left <= 0:
        raise error("The operation's time is over.")
    if math.isinf(left):
        return timeout
    return left if timeout is None else min(timeout, left)
