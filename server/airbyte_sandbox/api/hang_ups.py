"""Ends a TCP connection without an answer."""

import socket
import struct
from asyncio import Transport
from collections.abc import Callable

from starlette.types import Scope

_LINGER_NOT = struct.pack("ii", 1, 0)


class HangUps:
    """Knows, once the server is attached, which transport carries a request."""

    def __init__(self) -> None:
        self._transport_of: Callable[[tuple[str, int]], Transport | None] | None = None

    def attach(self, transport_of: Callable[[tuple[str, int]], Transport | None]) -> None:
        """``transport_of`` finds the transport of a client by its address and port."""
        self._transport_of = transport_of

    def hang_up(self, scope: Scope) -> None:
        """Reset the connection of this request: the client sees no answer, but "connection reset"."""
        host, port = scope["client"]
        transport = self._transport_of((str(host), int(port))) if self._transport_of is not None else None
        if transport is not None:
            listener: socket.socket = transport.get_extra_info("socket")
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
            transport.abort()
