"""One HTTP request to Airbyte: bounded in size and time, never redirected, failures in our own words."""

import json
import ssl

import httpx

from airbyte_client.calls import Answer, Call, Observer
from airbyte_client.clocks import AsyncClock
from airbyte_client.deadlines import AsyncHttp
from airbyte_client.errors import (
    InvalidAnswerError,
    RequestTimeoutError,
    TransportError,
    UnreachableError,
    UntrustedCertificateError,
)
from airbyte_client.operations import Operation

MAX_BODY = 32 * 1024 * 1024
ENCODINGS = ("gzip", "deflate")
"""What we ask for: 64 KiB of it, read at once, become 64 MiB at most; no other encoding promises as much."""
SHARE_OF_WAITING = 0.9


class AsyncWire:
    """Sends requests: reads over connections that are kept, whatever else on a new one each.

    Args:
        http: Keeps its connections. What a server, or a proxy before it, sends after an answer is taken there
            for the answer to the next request.
        once: Keeps none, so that an answer is the answer to its request: for effects, and for tokens.
        clock: Time and waiting.
        connect_timeout: Seconds to make a connection.
        timeout: Seconds for a complete answer, instead of each operation's own.
        observer: Told of each request once it is over.
    """

    def __init__(
        self,
        http: AsyncHttp,
        once: AsyncHttp,
        clock: AsyncClock,
        *,
        connect_timeout: float,
        timeout: float | None,
        observer: Observer | None,
    ) -> None:
        self._http = http
        self._once = once
        self._clock = clock
        self._connect_timeout = connect_timeout
        self._timeout = timeout
        self._observer = observer

    async def send(self, url: str, call: Call, authorization: str | None) -> Answer:
        """Send once and read the whole answer, whatever its status; the observer is told how it ended.

        Raises:
            UnreachableError: No connection, or it broke.
            RequestTimeoutError: No complete answer within the operation's time.
            InvalidAnswerError: The body is larger than 32 MiB, or compressed in a way that nobody asked for.
        """
        if self._observer is None:
            return await self._send(url, call, authorization)
        started = self._clock.monotonic()
        answer: Answer | None = None
        try:
            answer = await self._send(url, call, authorization)
            return answer
        finally:
            self._observer(call, answer, self._clock.monotonic() - started)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()
        await self._once.aclose()

    async def _send(self, url: str, call: Call, authorization: str | None) -> Answer:
        seconds = self._timeout or call.operation.timeout
        try:
            async with self._clock.limit(seconds):
                return await self._exchange(url, call, authorization, seconds)
        except (httpx.TimeoutException, TimeoutError) as error:
            sent = not isinstance(error, httpx.ConnectTimeout | httpx.PoolTimeout)
            raise RequestTimeoutError(
                f"Airbyte gave no complete answer to {call.operation} within {seconds:g} s.",
                next_step=_advice(call, sent=sent),
                sent=sent,
            ) from error
        except (httpx.HTTPError, ssl.SSLError) as error:
            # TLS that breaks after the handshake has no name of httpx's in the asynchronous client.
            raise _broken(error, url, call) from error

    async def _exchange(self, url: str, call: Call, authorization: str | None, seconds: float) -> Answer:
        headers = {"Authorization": authorization} if authorization else {}
        content = None if call.body is None else json.dumps(call.body).encode()
        if content is not None:
            headers["Content-Type"] = "application/json"
        alone = call.operation.is_effect or call.operation is Operation.FETCH_TOKEN
        http = self._once if alone else self._http
        async with http.stream(
            call.operation.method,
            url,
            params=call.params or None,
            content=content,
            headers=headers,
            # Who waits in vain for a turn hears of it before the time is over: then nothing was sent.
            timeout=httpx.Timeout(
                seconds, connect=min(seconds, self._connect_timeout), pool=seconds * SHARE_OF_WAITING
            ),
        ) as response:
            return Answer(
                status=response.status_code,
                content_type=response.headers.get("Content-Type", ""),
                body=await _read(response, call),
                retry_after=response.headers.get("Retry-After"),
                location=response.headers.get("Location"),
                date=response.headers.get("Date"),
            )


async def _read(response: httpx.Response, call: Call) -> bytes:
    """The body, unless it is too large, or compressed in a way that could make it so at once."""
    _require_asked_encoding(response, call)
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > MAX_BODY:
            raise InvalidAnswerError(
                f"The answer to {call.operation} is larger than {MAX_BODY // 1024 // 1024} MiB.",
                next_step="Narrow the request down with a filter.",
            )
    return bytes(body)


def _require_asked_encoding(response: httpx.Response, call: Call) -> None:
    """Layers of compression are undone one on the other before anything can be counted."""
    named = response.headers.get_list("Content-Encoding", split_commas=True)
    layers = [name.strip().lower() for name in named]
    if len(layers) > 1 or not {"", "identity", *ENCODINGS}.issuperset(layers):
        raise InvalidAnswerError(
            f"The answer to {call.operation} is compressed in a way that was not asked for.",
            next_step="Look at what stands between here and Airbyte, such as a proxy.",
        )


def _broken(error: httpx.HTTPError | ssl.SSLError, url: str, call: Call) -> TransportError:
    if not isinstance(error, httpx.ConnectError):
        return UnreachableError(
            f"The connection broke before Airbyte's answer to {call.operation} was complete.",
            next_step=_advice(call, sent=True),
        )
    if _is_certificate_error(error):
        return UntrustedCertificateError(
            "Airbyte's TLS certificate is not trusted.",
            next_step="For a company's own authority, name its certificates: ca_bundle, AIRBYTE_CA_BUNDLE.",
            sent=False,
        )
    return UnreachableError(
        f"No connection to Airbyte at {httpx.URL(url).copy_with(raw_path=b'', userinfo=b'')}.",
        next_step="Check that it runs and that the base URL (AIRBYTE_API_URL) is right.",
        sent=False,
    )


def _is_certificate_error(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _advice(call: Call, *, sent: bool) -> str:
    if sent and call.operation.is_effect:
        return "It may have been done all the same: look before trying again."
    return "Try again later, or check that Airbyte is well."
