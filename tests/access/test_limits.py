"""What one person, one connection, one body may take: bounded, and said in words where a model reads it."""

import contextlib
import json
import re
import select
import socket
import time
from collections.abc import Generator
from urllib.parse import urlsplit

import httpx
import pytest

from doors import HEADERS, INITIALIZE, bearer, client_with, knock, new_token, with_tokens
from harness import HEALTHY, TOKEN, Desk, Person, Sandbox, network_server, text_of

pytestmark = pytest.mark.ci

MIB = 1024 * 1024
MODERN: dict[str, object] = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}


async def test_too_many_calls_within_a_minute_are_told_when_to_come_back(desk: Desk) -> None:
    ann, bob = new_token(desk, "ann", "read"), new_token(desk, "bob", "read")
    settings = with_tokens(desk, AIRBYTE_MCP_CALLS_PER_MINUTE="2")
    with network_server(desk, "http", settings) as url:
        async with client_with(ann, url) as client:
            results = [await client.call_tool("list_workspaces", {}) for _ in range(3)]
        async with client_with(bob, url) as client:
            another = await client.call_tool("list_workspaces", {})

    assert [bool(result.is_error) for result in results] == [False, False, True]
    assert re.search(r"too many calls within a minute\. Wait \d+ s, then call again", text_of(results[2]))
    assert not another.is_error


async def test_too_many_changes_within_a_minute_are_refused_and_reads_go_on(desk: Desk) -> None:
    settings = {"AIRBYTE_MCP_CHANGES_PER_MINUTE": "1"}
    with network_server(desk, "http", settings) as url:
        async with client_with(TOKEN, url, person=Person()) as client:
            first = await client.call_tool("trigger_sync", {"connections": [HEALTHY]})
            second = await client.call_tool("trigger_sync", {"connections": [HEALTHY]})
            read = await client.call_tool("list_workspaces", {})

    assert not first.is_error, "the question and its answer are one change"
    assert "too many calls of tools that change something" in text_of(second)
    assert not read.is_error
    assert len(desk.sandbox.effects()) == 1


@pytest.mark.parametrize("transport", [pytest.param("sse", marks=pytest.mark.ci), "http"])
def test_a_body_above_a_mebibyte_is_refused_with_413(desk: Desk, transport: str) -> None:
    with network_server(desk, transport) as url:
        where = url if transport == "http" else url.removesuffix("/sse") + "/messages/?session_id=" + "0" * 32
        large = httpx.post(where, content=b"[" * (MIB + 1), headers=HEADERS)
        streamed = httpx.post(where, content=iter([b"[" * MIB, b"["]), headers=HEADERS)
        allowed = httpx.post(where, content=b"[" * MIB, headers=HEADERS)

    assert (large.status_code, streamed.status_code) == (413, 413)
    assert allowed.status_code in (400, 404)


@contextlib.contextmanager
def line_to(url: str, sent: str) -> Generator[socket.socket]:
    """A connection on which so much was sent."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port or 80), timeout=20) as line:
        line.sendall(sent.encode())
        yield line


REQUEST = "POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:1\r\nContent-Type: application/json\r\n"


SLOW = {
    "silent": ("", ""),
    "slow headers": ("POST /mcp HTTP/1.1\r\n", "X-Slow: 1\r\n"),
    "slow body": (REQUEST + f"Authorization: {bearer(TOKEN)}\r\nContent-Length: 1000\r\n\r\n", " "),
    "slow body of nobody": (REQUEST + "Content-Length: 1000\r\n\r\n", " "),
    "slow second request": (REQUEST + "Content-Length: 0\r\n\r\nPOST /mcp HTTP/1.1\r\n", "X-Slow: 1\r\n"),
}


def test_requests_that_do_not_arrive_in_time_lose_their_connections(loris: str) -> None:
    began = time.monotonic()
    with contextlib.ExitStack() as stack:
        open_lines = {name: stack.enter_context(line_to(loris, sent)) for name, (sent, _) in SLOW.items()}
        while open_lines and time.monotonic() - began < 10:
            closed = [name for name, line in open_lines.items() if is_closed(line, SLOW[name][1])]
            for name in closed:
                del open_lines[name]
            assert not closed or time.monotonic() - began >= 0.9, "each had its time"

    assert not open_lines


def is_closed(line: socket.socket, drop: str) -> bool:
    """Send a little more; whether the other side has hung up."""
    line.settimeout(0.02)
    try:
        line.sendall(drop.encode())
        while line.recv(4096):
            pass
    except TimeoutError:
        return False
    except OSError:
        return True
    return True


@pytest.fixture(scope="module")
def loris(shared_sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """A server that gives a request one second."""
    desk = Desk(shared_sandbox, tmp_path_factory.mktemp("loris"))
    with network_server(desk, "http", {"AIRBYTE_MCP_REQUEST_SECONDS": "1"}) as url:
        yield url


def test_an_open_stream_outlives_the_time_that_a_request_has(loris: str) -> None:
    with httpx.Client(headers=HEADERS, timeout=2) as http:
        session = {"Mcp-Session-Id": http.post(loris, json=INITIALIZE).headers["mcp-session-id"]}
        with http.stream("GET", loris, headers=session) as stream, pytest.raises(httpx.ReadTimeout):
            # It says nothing, and is still there when the client, after two seconds, has enough.
            list(stream.iter_raw())


def test_a_connection_may_rest_between_two_requests_longer_than_a_request_may_take(loris: str) -> None:
    asking = "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:1\r\n\r\n"
    with line_to(loris, asking) as line:
        first = answer_on(line)
        news = select.poll()
        news.register(line, select.POLLIN)
        hung_up = news.poll(6_000)
        line.sendall(asking.encode())
        second = answer_on(line)

    assert not hung_up
    assert [answer.split(b"\r\n")[0] for answer in (first, second)] == [b"HTTP/1.1 200 OK"] * 2


def answer_on(line: socket.socket) -> bytes:
    """The whole answer of /healthz."""
    answer = b""
    while not answer.endswith(b"ok\n") and (more := line.recv(4096)):
        answer += more
    return answer


def test_whoever_takes_in_no_answer_loses_the_connection(loris: str) -> None:
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": MODERN}})
    head = (
        REQUEST
        + f"Authorization: {bearer(TOKEN)}\r\nAccept: application/json, text/event-stream\r\n"
        + f"MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/list\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    parts = urlsplit(loris)
    with socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.connect((parts.hostname, parts.port))
        line.settimeout(10)
        with contextlib.suppress(ConnectionError):
            line.sendall((head + body).encode() * 1_000)
        news = select.poll()
        news.register(line, 0)
        # Errors and hang-ups are told whatever one asks for.
        assert news.poll(20_000), "it still waits for a client that does not read"


def test_more_connections_than_allowed_get_503_and_the_others_go_on(desk: Desk) -> None:
    with network_server(desk, "http", {"AIRBYTE_MCP_MAX_CONNECTIONS": "3"}) as url:
        with line_to(url, ""), line_to(url, ""), line_to(url, ""):
            crowded = knock("http", url)
        # The three are gone as soon as the server has seen that they are.
        after = next((status for _ in range(50) if (status := knock("http", url)) == 200), None)

    assert crowded == 503
    assert after == 200
