"""A server that is stopped while somebody uses it: exit code 0, nothing on stderr, and every client is answered."""

import asyncio
import json
import signal
import socket
import sqlite3
import subprocess
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import httpx
import pytest
from anyio.to_thread import run_sync

from doors import HEADERS, INITIALIZE
from faulty_proxy import Fault, faulty_proxy
from harness import COMMAND, HEALTHY, TOKEN, Desk
from killing import Gate, becomes
from processes import line_matching
from raw_clients import LEGACY, MODERN, RawClient
from raw_store import raw_rows

WAITING = {"AIRBYTE_MCP_WAIT_SECONDS": "50"}
STOPPING = "The server is stopping"
IN_THE_PROTOCOL = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}
LISTEN = {
    "jsonrpc": "2.0",
    "id": 7,
    "method": "subscriptions/listen",
    "params": {"notifications": {"toolsListChanged": True}, "_meta": IN_THE_PROTOCOL},
}


WAYS = ["http", "http of the legacy era", "sse"]


@contextmanager
def server(desk: Desk, *arguments: str, **settings: str) -> Generator["subprocess.Popen[str]"]:
    """The installed command with all its pipes; killed at the end if it still lives."""
    environment = desk.environment | settings | {"AIRBYTE_MCP_TOKEN": TOKEN}
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [COMMAND, *arguments], env=environment, stdin=pipe, stdout=pipe, stderr=pipe, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def network_server(desk: Desk, way: str, **settings: str) -> Generator[tuple["subprocess.Popen[str]", str]]:
    """A server over SSE or HTTP, and its address."""
    with server(desk, "serve", "--transport", way.split(maxsplit=1)[0], "--port", "0", **settings) as process:
        assert process.stderr is not None
        yield process, process.stderr.readline().rsplit(" ", 1)[-1].strip()


@contextmanager
def held_reads(desk: Desk) -> Generator[tuple[Gate, str]]:
    """An Airbyte that takes in a question about workspaces, and answers when it is let; its address."""
    gate = Gate()
    with faulty_proxy(desk.sandbox.url, Fault("GET", "/workspaces", before=gate.hold)) as address:
        yield gate, address
        gate.let_go()


async def a_plan_waits(desk: Desk) -> None:
    """Until a plan of this desk waits for a person."""
    file = desk.folder / "data" / "plans.sqlite"

    def waits() -> bool:
        with suppress(sqlite3.OperationalError):  # the store is being made
            return file.exists() and raw_rows(file, "SELECT state FROM plans") == [("proposed",)]
        return False

    await becomes(waits)


def is_shut(url: str) -> bool:
    """Whether the server takes no more connections."""
    address = httpx.URL(url)
    try:
        socket.create_connection((address.host, address.port or 80), timeout=20).close()
    except ConnectionRefusedError:
        return True
    return False


def assert_ends_well(process: "subprocess.Popen[str]") -> None:
    """It ends by itself, as a success, and has nothing to complain of."""
    assert process.wait(timeout=20) == 0
    assert process.stderr is not None
    assert process.stderr.read() == ""


async def answer_to(url: str, way: str, tool: str, **arguments: Any) -> dict[str, Any]:
    """The JSON-RPC message that ends a call of a client without forms."""
    if way == "sse":
        return await answer_over_sse(url, tool, arguments)
    client = await RawClient.connected(url, TOKEN, MODERN if way == "http" else LEGACY)
    heard = await client.call(tool, **arguments)
    await client.close()
    return heard.message


async def answer_over_sse(url: str, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """The same, by a stream on which answers come and a second address for what is asked."""
    body = {
        "jsonrpc": "2.0",
        "id": 2,
        "method": "tools/call",
        "params": {"name": tool, "arguments": arguments},
    }
    async with httpx.AsyncClient(headers=HEADERS, timeout=20) as http, http.stream("GET", url) as stream:
        said = (
            line.removeprefix("data: ") async for line in stream.aiter_lines() if line.startswith("data: ")
        )
        messages = httpx.URL(url).join(await anext(said))
        await http.post(messages, json=INITIALIZE)
        await anext(said)
        await http.post(messages, json={"jsonrpc": "2.0", "method": "notifications/initialized"})
        await http.post(messages, json=body)
        answer: dict[str, Any] = json.loads(await anext(said))
        assert [rest async for rest in said] == []
        return answer


@contextmanager
def idle_stream(url: str, way: str) -> Generator[Iterator[str]]:
    """A stream on which nothing happens any more, and what is still to come of it."""
    headers, verb, body = HEADERS, "GET", None
    if way == "http":
        verb, body = "POST", LISTEN
        headers = headers | {"MCP-Protocol-Version": MODERN, "Mcp-Method": "subscriptions/listen"}
    elif way != "sse":
        opened = httpx.post(url, headers=headers, json=INITIALIZE)
        headers = headers | {"Mcp-Session-Id": opened.headers["mcp-session-id"]}
    with httpx.stream(verb, url, headers=headers, json=body, timeout=20) as stream:
        lines = stream.iter_lines()
        if way in ("http", "sse"):
            assert next(line for line in lines if line.startswith("data: "))
        yield lines


def say(process: "subprocess.Popen[str]", tool: str, **arguments: Any) -> None:
    """Call a tool over stdio, without waiting for an answer."""
    params = {"name": tool, "arguments": arguments, "_meta": IN_THE_PROTOCOL}
    assert process.stdin is not None
    process.stdin.write(
        json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}) + "\n"
    )
    process.stdin.flush()


# What a stop finds, over the network.


@pytest.mark.ci
@pytest.mark.parametrize("way", WAYS)
async def test_reads_that_take_too_long_and_calls_that_wait_for_a_person_are_told_of_the_stop(
    desk: Desk, way: str
) -> None:
    with (
        held_reads(desk) as (gate, airbyte),
        network_server(desk, way, AIRBYTE_API_URL=airbyte, **WAITING) as (process, url),
    ):
        read = asyncio.ensure_future(answer_to(url, way, "list_workspaces"))
        change = asyncio.ensure_future(answer_to(url, way, "trigger_sync", connections=[HEALTHY]))
        await gate.reached()
        await a_plan_waits(desk)
        process.send_signal(signal.SIGTERM)

        assert STOPPING in (await read)["error"]["message"]
        assert "list_changes" in (await change)["error"]["message"]
        await run_sync(assert_ends_well, process)


@pytest.mark.ci
@pytest.mark.parametrize("way", WAYS)
async def test_a_read_that_ends_soon_after_the_stop_is_answered(desk: Desk, way: str) -> None:
    with (
        held_reads(desk) as (gate, airbyte),
        network_server(desk, way, AIRBYTE_API_URL=airbyte) as (process, url),
    ):
        answer = asyncio.ensure_future(answer_to(url, way, "list_workspaces"))
        await gate.reached()
        process.send_signal(signal.SIGTERM)
        await becomes(lambda: is_shut(url))
        gate.let_go()

        assert "workspaces" in (await answer)["result"]["structuredContent"]
        await run_sync(assert_ends_well, process)


@pytest.mark.ci
async def test_a_change_that_takes_too_long_is_brought_to_its_end_and_its_caller_told_where_to_look(
    desk: Desk,
) -> None:
    gate, change = Gate(), {"name": "trigger_sync", "arguments": {"connections": [HEALTHY]}}
    with faulty_proxy(desk.sandbox.url, Fault("POST", "/public/v1/jobs", after=gate.hold)) as airbyte:
        with network_server(desk, "http", AIRBYTE_API_URL=airbyte) as (process, url):
            client = await RawClient.connected(url, TOKEN, capabilities={"elicitation": {"form": {}}})
            question = (await client.ask("tools/call", change)).result
            yes = {"approval": {"action": "accept", "content": {"decision": "approve"}}}
            decided = change | {"requestState": question["requestState"], "inputResponses": yes}
            answer = asyncio.ensure_future(client.ask("tools/call", decided))
            await gate.reached()
            process.send_signal(signal.SIGTERM)

            assert "list_changes" in (await answer).message["error"]["message"]
            assert process.poll() is None
            await client.close()
            gate.let_go()
            await run_sync(assert_ends_well, process)

    assert len(desk.sandbox.effects()) == 1
    file = desk.folder / "data" / "plans.sqlite"
    assert raw_rows(file, "SELECT state FROM plans") == [("executed",)]


@pytest.mark.parametrize(
    ("way", "stop"),
    [
        ("http", signal.SIGTERM),
        *(pytest.param(way, signal.SIGINT, marks=pytest.mark.ci) for way in WAYS),
        *(pytest.param(way, signal.SIGTERM, marks=pytest.mark.ci) for way in WAYS[1:]),
    ],
)
def test_a_stream_on_which_nothing_happens_ends_at_once_and_whole(
    desk: Desk, way: str, stop: signal.Signals
) -> None:
    with network_server(desk, way) as (process, url), idle_stream(url, way) as rest:
        process.send_signal(stop)
        said = [json.loads(line.removeprefix("data: ")) for line in rest if line.startswith("data: ")]
        assert_ends_well(process)

    # Only the newest protocol has a word for it.
    assert [message["result"]["resultType"] for message in said] == (["complete"] if way == "http" else [])


def test_a_request_that_has_not_arrived_whole_is_turned_away(desk: Desk) -> None:
    with network_server(desk, "http") as (process, url):
        said = answer_to_half_a_request(process, url)
        assert_ends_well(process)

    assert said.startswith("HTTP/1.1 503")
    assert STOPPING in said


@pytest.mark.ci
def test_so_it_is_by_the_approvals_page(desk: Desk) -> None:
    with server(desk, "approvals", "serve", "--approvals-port", "0") as process:
        assert process.stderr is not None
        url = line_matching(process.stderr, "Serving approvals at (.*)", desk.folder / "page.log")
        said = answer_to_half_a_request(process, f"{url}/sign-in")
        assert process.wait(timeout=20) == 0

    assert said.startswith("HTTP/1.1 503")
    assert STOPPING in said
    assert "Traceback" not in desk.log()


def answer_to_half_a_request(process: "subprocess.Popen[str]", url: str) -> str:
    """What a client hears that is stopped in the middle of its question, whose first half has been read."""
    address = httpx.URL(url)
    host = address.netloc.decode()
    head = (
        f"POST {address.path} HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 9\r\n"
        f"Authorization: Bearer {TOKEN}\r\nExpect: 100-continue\r\n\r\n"
    )
    with socket.create_connection((address.host, address.port or 80), timeout=20) as connection:
        connection.sendall(head.encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 100")
        process.send_signal(signal.SIGTERM)
        with connection.makefile("r") as answer:
            return answer.read()


@pytest.mark.parametrize("way", ["http", pytest.param("sse", marks=pytest.mark.ci)])
def test_a_signal_that_comes_with_the_announcement_ends_it_well(desk: Desk, way: str) -> None:
    page = {"AIRBYTE_MCP_APPROVALS_PAGE": "true", "AIRBYTE_MCP_APPROVALS_PORT": "0"}
    with server(desk, "serve", "--transport", way, "--port", "0", **page) as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith("Serving MCP")
        process.send_signal(signal.SIGTERM)

        assert process.wait(timeout=20) == 0
        assert "Traceback" not in process.stderr.read()


# The same over stdio, and clients that die.


@pytest.mark.parametrize("stop", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.ci)])
async def test_a_stop_ends_a_stdio_server_in_the_middle_of_a_read(desk: Desk, stop: signal.Signals) -> None:
    with held_reads(desk) as (gate, airbyte), server(desk, AIRBYTE_API_URL=airbyte) as process:
        say(process, "list_workspaces")
        await gate.reached()
        process.send_signal(stop)
        await run_sync(assert_ends_well, process)


@pytest.mark.ci
async def test_a_stop_ends_a_stdio_server_that_waits_for_a_person(desk: Desk) -> None:
    with server(desk, **WAITING) as process:
        say(process, "trigger_sync", connections=[HEALTHY])
        await a_plan_waits(desk)
        process.send_signal(signal.SIGTERM)
        await run_sync(assert_ends_well, process)


async def test_a_client_that_dies_in_the_middle_of_a_call_leaves_nothing_to_complain_of(desk: Desk) -> None:
    with held_reads(desk) as (gate, airbyte), server(desk, AIRBYTE_API_URL=airbyte) as process:
        say(process, "list_workspaces")
        await gate.reached()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        process.stdout.close()
        await run_sync(assert_ends_well, process)


def test_a_client_that_closes_only_the_answers_ends_the_server(desk: Desk) -> None:
    with server(desk) as process:
        assert process.stdout is not None
        say(process, "no_such_tool")
        process.stdout.readline()
        process.stdout.close()
        say(process, "no_such_tool")
        assert_ends_well(process)


def test_a_client_on_sockets_that_dies_with_answers_unread_ends_the_server(desk: Desk) -> None:
    ours, theirs = socket.socketpair()
    with (
        theirs,
        subprocess.Popen(
            [COMMAND],
            env=desk.environment,
            stdin=theirs.fileno(),
            stdout=theirs.fileno(),
            stderr=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        params = {"name": "no_such_tool", "arguments": {}, "_meta": IN_THE_PROTOCOL}
        call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
        ours.sendall(json.dumps(call).encode() + b"\n")
        ours.recv(1)
        ours.close()
        assert_ends_well(process)
