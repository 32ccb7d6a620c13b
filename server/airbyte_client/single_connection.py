"""One connection to one server at a time, as an httpx transport.

httpx's own transport looks after a pool: which of its connections is free, which request waits, what to
close. Who has one connection and sends one request at a time needs none of that, and a request takes less
than half of the processor time without it.
"""

import logging
import ssl
from collections.abc import AsyncIterator, Iterable

import httpcore
import httpx

logger = logging.getLogger(__name__)

_HTTPX_ERRORS: dict[type[Exception], type[httpx.TransportError]] = {
    httpcore.ConnectTimeout: httpx.ConnectTimeout,
    httpcore.ReadTimeout: httpx.ReadTimeout,
    httpcore.WriteTimeout: httpx.WriteTimeout,
    httpcore.ConnectError: httpx.ConnectError,
    httpcore.ReadError: httpx.ReadError,
    httpcore.WriteError: httpx.WriteError,
    httpcore.LocalProtocolError: httpx.LocalProtocolError,
    httpcore.RemoteProtocolError: httpx.RemoteProtocolError,
    httpcore.UnsupportedProtocol: httpx.UnsupportedProtocol,
}
_ERRORS = tuple(_HTTPX_ERRORS)


class SingleConnection(httpx.AsyncBaseTransport):
    """Sends one request after the other; the answer to each is read or closed before the next.

    Args:
        context: Whom to trust, for TLS.
        kept_for: Seconds after which a connection that nobody used is not used again.
    """

    def __init__(self, context: ssl.SSLContext, kept_for: float) -> None:
        self._context = context
        self._kept_for = kept_for
        self._network = _Network()
        self._connection: httpcore.AsyncHTTPConnection | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send it on the connection that there is, or on a new one if that one will not do any more.

        Raises:
            httpx.TransportError: No answer came.
        """
        url = request.url
        target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        connection = await self._connected_to(target.origin)
        asked = httpcore.Request(
            request.method,
            target,
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        try:
            answer = await connection.handle_async_request(asked)
        except _ERRORS as error:
            raise _as_httpx(error) from error
        # As httpx's own client says it.
        logger.info("%s %s: %d", request.method, url, answer.status)
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer), request=request)

    async def aclose(self) -> None:
        """Close the connection, however far it has come."""
        self._connection = None
        await self._network.aclose()

    async def _connected_to(self, origin: httpcore.Origin) -> httpcore.AsyncHTTPConnection:
        known = self._connection
        if (
            known is not None
            and known.can_handle_request(origin)
            and known.is_available()
            and not known.has_expired()
        ):
            return known
        await self.aclose()
        self._connection = httpcore.AsyncHTTPConnection(
            origin,
            ssl_context=self._context,
            keepalive_expiry=self._kept_for,
            network_backend=self._network,
        )
        return self._connection


class _Network(httpcore.AsyncNetworkBackend):
    """Remembers the stream it has made: httpcore forgets it when a TLS handshake is cancelled."""

    def __init__(self) -> None:
        self._plain: httpcore.AsyncNetworkBackend = httpcore.AnyIOBackend()  # pyright: ignore[reportAttributeAccessIssue]  httpcore names a stand-in where anyio is missing
        self._stream: httpcore.AsyncNetworkStream | None = None

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  httpcore's own name
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        self._stream = await self._plain.connect_tcp(host, port, timeout, local_address, socket_options)
        return self._stream

    async def aclose(self) -> None:
        if self._stream is not None:
            await self._stream.aclose()


class _Body(httpx.AsyncByteStream):
    """What the server sends after the headers."""

    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._answer.aiter_stream():
                yield chunk
        except _ERRORS as error:
            raise _as_httpx(error) from error

    async def aclose(self) -> None:
        await self._answer.aclose()


def _as_httpx(error: Exception) -> httpx.TransportError:
    ours = next(ours for theirs, ours in _HTTPX_ERRORS.items() if isinstance(error, theirs))
    return ours(str(error))
