"""Many requests at a time: twenty connections at most, used again, and closed when nobody needs them."""

import asyncio
import gc
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field

import httpx
import pytest

from airbyte_client import (
    AsyncAirbyteClient,
    InvalidAnswerError,
    NoAuth,
    RequestTimeoutError,
    RetryPolicy,
)
from airbyte_client.lanes import AsyncHttp

BODY = b'{"data":[]}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (
    len(BODY),
    BODY,
)
AT_A_TIME = 20


@dataclass
class Door:
    """A server that answers once it may, and counts who is there."""

    open: asyncio.Event = field(default_factory=asyncio.Event)
    connected: int = 0
    most_connected: int = 0
    connections: int = 0
    asked: int = 0
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection's requests until it is closed."""
        await self.count(connected=1)
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                await self.count(asked=1)
                await self.open.wait()
                writer.write(ANSWER)
        except (asyncio.IncompleteReadError, ConnectionResetError):
            await self.count(connected=-1)
        finally:
            writer.close()

    async def count(self, connected: int = 0, asked: int = 0) -> None:
        """Something has happened, which somebody may wait for."""
        async with self.changed:
            self.connected += connected
            self.connections += max(0, connected)
            self.most_connected = max(self.most_connected, self.connected)
            self.asked += asked
            self.changed.notify_all()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait, for a while, until something is so."""
        async with asyncio.timeout(10), self.changed:
            await self.changed.wait_for(condition)


class Listener(Door):
    """Takes what it is told and never says anything."""

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, counted from its first byte to its end."""
        await reader.readexactly(1)
        await self.count(connected=1)
        with suppress(ConnectionResetError):
            await reader.read()
        await self.count(connected=-1)
        writer.close()


class GivenTransport(httpx.AsyncBaseTransport):
    """Counts its ends."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.closed = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer with an empty page."""
        self.asked.append(request.method)
        return httpx.Response(200, json={"data": []}, request=request)

    async def aclose(self) -> None:
        """Count."""
        self.closed += 1


@asynccontextmanager
async def served(door: Door) -> AsyncGenerator[str]:
    """The server's address."""
    async with await asyncio.start_server(door, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/api/public/v1"


async def test_twenty_requests_run_at_a_time_and_the_others_wait_for_their_turn() -> None:
    door = Door()
    async with served(door) as url, AsyncAirbyteClient(url, auth=NoAuth()) as client:
        reads = [asyncio.ensure_future(client.list_jobs(str(number))) for number in range(3 * AT_A_TIME)]
        await door.until(lambda: door.asked == AT_A_TIME)
        door.open.set()
        await asyncio.gather(*reads)

    assert door.asked == 3 * AT_A_TIME
    assert door.most_connected == AT_A_TIME
    assert door.connections == AT_A_TIME


async def test_a_read_that_is_given_up_leaves_its_turn_to_others() -> None:
    door = Door()
    async with served(door) as url, AsyncAirbyteClient(url, auth=NoAuth()) as client:
        reads = [asyncio.ensure_future(client.list_jobs(str(number))) for number in range(AT_A_TIME + 1)]
        await door.until(lambda: door.asked == AT_A_TIME)
        reads[0].cancel()
        await door.until(lambda: door.asked == AT_A_TIME + 1)
        door.open.set()

        assert await asyncio.gather(*reads[1:]) == [[]] * AT_A_TIME


@pytest.mark.parametrize("steps", range(20))
@pytest.mark.parametrize("used_before", [True, False], ids=["a used connection", "a new connection"])
async def test_a_request_that_is_cancelled_at_any_step_leaves_nothing_in_the_way_of_the_next(
    steps: int, *, used_before: bool
) -> None:
    door = Door()
    door.open.set()
    async with served(door) as url:
        http = AsyncHttp(limits=httpx.Limits(max_connections=1, keepalive_expiry=3), verify=False)
        if used_before:
            await read(http, url)
        given_up = asyncio.ensure_future(read(http, url))
        for _ in range(steps):
            await asyncio.sleep(0)
        given_up.cancel()
        await asyncio.wait([given_up])
        async with asyncio.timeout(10):
            await read(http, url)
        await http.aclose()
        await door.until(lambda: door.connected == 0)


async def test_a_request_that_is_cancelled_in_the_tls_handshake_leaves_no_connection() -> None:
    listener = Listener()
    async with (
        served(listener) as url,
        AsyncAirbyteClient(url.replace("http:", "https:"), auth=NoAuth()) as client,
    ):
        with no_collection():
            for _ in range(3):
                given_up = asyncio.ensure_future(client.list_jobs())
                await listener.until(lambda: listener.connected == 1)
                given_up.cancel()
                await listener.until(lambda: listener.connected == 0)
    assert listener.connections == 3


async def test_who_waits_in_vain_for_a_turn_knows_that_nothing_was_sent() -> None:
    door = Door()
    once = RetryPolicy(attempts=1)
    async with (
        served(door) as url,
        AsyncAirbyteClient(url, auth=NoAuth(), timeout=0.5, retries=once) as client,
    ):
        reads = [asyncio.ensure_future(client.list_jobs(str(number))) for number in range(AT_A_TIME + 1)]
        ended = await asyncio.gather(*reads, return_exceptions=True)

    faults = [error.sent for error in ended if isinstance(error, RequestTimeoutError)]
    assert len(faults) == AT_A_TIME + 1
    assert faults.count(False) == 1


async def test_after_the_end_nothing_is_sent_and_no_connection_stays() -> None:
    door = Door()
    async with served(door) as url:
        http = AsyncHttp(limits=httpx.Limits(max_connections=2, keepalive_expiry=3), verify=False)
        last = asyncio.ensure_future(read(http, url))
        await door.until(lambda: door.asked == 1)
        await http.aclose()
        door.open.set()
        await last
        await door.until(lambda: door.connected == 0)
        with pytest.raises(RuntimeError, match="closed"):
            await read(http, url)


async def test_connections_that_nobody_uses_are_closed_while_others_are_used() -> None:
    door = Door()
    limits = httpx.Limits(max_connections=AT_A_TIME, keepalive_expiry=0.01)
    async with served(door) as url:
        http = AsyncHttp(limits=limits, verify=False)
        reads = [asyncio.ensure_future(read(http, url)) for _ in range(5)]
        await door.until(lambda: door.asked == 5)
        door.open.set()
        await asyncio.gather(*reads)
        assert door.connected == 5
        async with asyncio.timeout(10):
            while door.connected > 1:
                await read(http, url)
        await http.aclose()
        await door.until(lambda: door.connected == 0)


async def test_a_transport_that_was_given_is_closed_once_all_is_over_and_not_before() -> None:
    given = GivenTransport()
    http = AsyncHttp(
        limits=httpx.Limits(max_connections=2, keepalive_expiry=0), verify=False, transport=given
    )
    async with asyncio.TaskGroup() as group:
        for _ in range(4):
            group.create_task(read(http, "http://airbyte.example"))
    await read(http, "http://airbyte.example")
    assert given.closed == 0

    await http.aclose()
    assert given.closed == 1


async def test_a_transport_that_was_given_takes_reads_and_effects_and_is_closed_once() -> None:
    given = GivenTransport()
    async with AsyncAirbyteClient("airbyte.example", auth=NoAuth(), transport=given) as client:
        await client.list_jobs()
        with pytest.raises(InvalidAnswerError):
            await client.update_connection("c", name="New")
    await client.aclose()

    assert given.asked == ["GET", "PATCH"]
    assert given.closed == 1


@contextmanager
def no_collection() -> Generator[None]:
    """What is closed in here is not closed for being garbage."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


async def read(http: AsyncHttp, url: str) -> None:
    """One request, read to its end."""
    async with http.stream("GET", url) as response:
        await response.aread()
