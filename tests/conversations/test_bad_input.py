"""Every way to be wrong gets a sentence that says what to do, and changes nothing."""

import json
import socket
import subprocess
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from mcp import MCPError

from harness import (
    AMBIGUOUS,
    COMMAND,
    HEALTHY,
    PAUSED,
    SLOW,
    Desk,
    Era,
    Person,
    connected,
    data_of,
    text_of,
)

NOWHERE = "00000000-0000-4000-8000-000000000000"

WRONG: dict[str, tuple[str, dict[str, Any], tuple[str, ...]]] = {
    "unknown name": (
        "trigger_sync",
        {"connections": ["Ordrs to warehouse"]},
        ("No connection is called", HEALTHY),
    ),
    "part of a name": ("trigger_sync", {"connections": ["Orders"]}, ("No connection is called", HEALTHY)),
    "unknown id": ("trigger_sync", {"connections": [NOWHERE]}, (NOWHERE, "list_connections")),
    "ambiguous name": (
        "trigger_sync",
        {"connections": [AMBIGUOUS]},
        ("2 connections fit", "workspace", "its id"),
    ),
    "paused": ("trigger_sync", {"connections": [PAUSED]}, ("is inactive", "Nothing was started")),
    "unknown argument": (
        "trigger_sync",
        {"connections": [HEALTHY], "dry_run": True},
        ("no argument 'dry_run'", "It takes: connections"),
    ),
    "self-confirmation": (
        "trigger_sync",
        {"connections": [HEALTHY], "confirm": True, "approved": "yes"},
        ("no argument 'confirm'",),
    ),
    "near argument": (
        "update_schedule",
        {"connections": [HEALTHY], "every_hour": 6},
        ("did you mean every_hours?",),
    ),
    "wrong type": ("trigger_sync", {"connections": 7}, ("connections", "list")),
    "missing argument": ("trigger_sync", {}, ("connections", "required")),
    "no targets": ("trigger_sync", {"connections": []}, ("connections", "at least 1")),
    "too many targets": ("trigger_sync", {"connections": ["x"] * 21}, ("connections", "at most 20")),
    "unix cron": (
        "update_schedule",
        {"connections": [HEALTHY], "cron": "0 6 * * *"},
        ("5 fields", "0 0 6 * * ?"),
    ),
    "nonsense cron": ("update_schedule", {"connections": [HEALTHY], "cron": "whenever"}, ("cron",)),
    "cron too often": (
        "update_schedule",
        {"connections": [HEALTHY], "cron": "0 */5 * * * ?"},
        ("more often than hourly",),
    ),
    "hours that cron cannot say": (
        "update_schedule",
        {"connections": [HEALTHY], "every_hours": 5},
        ("4 or 6",),
    ),
    "two schedules": (
        "update_schedule",
        {"connections": [HEALTHY], "every_hours": 6, "manual": True},
        ("exactly one of",),
    ),
    "no schedule": ("update_schedule", {"connections": [HEALTHY]}, ("exactly one of",)),
    "zone with daylight saving": (
        "update_schedule",
        {"connections": [HEALTHY], "cron": "0 30 7 ? * MON-FRI", "timezone": "Europe/Berlin"},
        ("UTC",),
    ),
    "unknown zone": (
        "update_schedule",
        {"connections": [HEALTHY], "cron": "0 0 6 * * ?", "timezone": "Mars/Olympus"},
        ("Mars/Olympus",),
    ),
    "unknown plan": ("apply_plan", {"plan_id": "plan_of_nobody"}, ("There is no plan",)),
    "unknown job": ("get_job", {"job_id": 987_654}, ("987654",)),
    "forged cursor": ("list_connections", {"cursor": "abc"}, ("cursor",)),
    "unknown status": ("list_jobs", {"status": "exploded"}, ("status", "succeeded")),
    "time without a zone": ("list_jobs", {"since": "2026-11-22T10:00:00"}, ("since", "timezone")),
    "truth for a number": (
        "update_schedule",
        {"connections": [HEALTHY], "every_hours": True},
        ("every_hours",),
    ),
    "text for a number": (
        "update_schedule",
        {"connections": [HEALTHY], "every_hours": "6"},
        ("every_hours",),
    ),
    "text for a truth": ("update_schedule", {"connections": [HEALTHY], "manual": "yes"}, ("manual",)),
    "a zone without cron": (
        "update_schedule",
        {"connections": [HEALTHY], "every_hours": 6, "timezone": "nonsense"},
        ("timezone belongs to cron",),
    ),
    "a cron that never runs": (
        "update_schedule",
        {"connections": [HEALTHY], "cron": "0 0 6 * * ? 2020"},
        ("never run",),
    ),
    "a time before time": ("list_jobs", {"since": "0001-01-01T00:00:00+14:00"}, ("since",)),
    "an address that goes on": (
        "trigger_sync",
        {"connections": [f"https://other.example/connections/{NOWHERE}ffff/zz"]},
        ("No connection is called",),
    ),
    "a path in an id": ("trigger_sync", {"connections": ["../jobs?x=1"]}, ("No connection is called",)),
    "unknown workspace": (
        "list_connections",
        {"workspace": "Nowhere"},
        ("No workspace is called", "list_workspaces"),
    ),
}


async def test_each_wrong_call_says_what_to_do_and_changes_nothing(desk: Desk) -> None:
    person = Person()
    async with connected(desk, person=person) as client:
        for what, (tool, arguments, expected) in WRONG.items():
            result = await client.call_tool(tool, arguments)
            text = text_of(result)
            assert result.is_error, what
            for words in expected:
                assert words in text, f"{what}: {text}"
            assert_fit_for_a_person(text)

    assert person.questions == []
    assert desk.sandbox.effects() == []
    assert "Traceback" not in desk.log()


async def test_an_unknown_tool_is_a_protocol_error(desk: Desk) -> None:
    async with connected(desk) as client:
        with pytest.raises(MCPError, match="Unknown tool: 'drop_everything'"):
            await client.call_tool("drop_everything", {})


async def test_a_sync_that_already_runs_is_reported_as_that_job(desk: Desk) -> None:
    job = desk.sandbox.start_job(desk.sandbox.connection(SLOW)["connectionId"])
    person = Person()
    async with connected(desk, person=person) as client:
        result = await client.call_tool("trigger_sync", {"connections": [SLOW]})

    assert data_of(result)["status"] == "nothing_to_do"
    assert f"wait_for_job with job_id {job}" in text_of(result)
    assert person.questions == []
    assert len(desk.sandbox.effects()) == 1, "only the test's own sync"


async def test_a_schedule_that_already_is_so_asks_nobody(desk: Desk) -> None:
    person = Person()
    async with connected(desk, person=person) as client:
        told = await client.call_tool("update_schedule", {"connections": [HEALTHY], "cron": "0 0 2 * * ?"})

    assert data_of(told)["status"] == "nothing_to_do"
    assert person.questions == []


async def test_a_server_that_is_down_is_named_and_listing_still_works(desk: Desk) -> None:
    address = f"http://127.0.0.1:{free_port()}/api/public/v1"
    async with connected(desk, settings={"AIRBYTE_API_URL": address}) as client:
        tools = await client.list_tools()
        result = await client.call_tool("list_connections", {})

    assert len(tools.tools) >= 10
    assert result.is_error
    assert address.removesuffix("/api/public/v1") in text_of(result)
    assert_fit_for_a_person(text_of(result))


async def test_a_base_url_that_answers_with_a_web_page_is_said_to_be_one(desk: Desk) -> None:
    with web_page() as address:
        async with connected(desk, settings=NO_CREDENTIALS | {"AIRBYTE_API_URL": address}) as client:
            result = await client.call_tool("list_connections", {})

    assert result.is_error
    assert "web page" in text_of(result)
    assert "AIRBYTE_API_URL" in text_of(result)
    assert_fit_for_a_person(text_of(result))


async def test_a_refused_token_is_said_to_be_refused_without_showing_it(desk: Desk) -> None:
    token = "planted-token-that-nobody-issued"
    settings = NO_CREDENTIALS | {"AIRBYTE_SECRET_ACCESS_TOKEN": token}
    async with connected(desk, settings=settings) as client:
        result = await client.call_tool("list_connections", {})

    assert result.is_error
    assert token not in text_of(result)
    assert token not in desk.log()
    assert "AIRBYTE_" in text_of(result)
    assert_fit_for_a_person(text_of(result))


async def test_refused_client_credentials_are_said_to_be_refused_without_showing_them(desk: Desk) -> None:
    secret = "planted-secret-that-is-wrong"
    async with connected(desk, settings={"AIRBYTE_CLIENT_SECRET": secret}) as client:
        result = await client.call_tool("list_workspaces", {})

    assert result.is_error
    assert secret not in text_of(result)
    assert secret not in desk.log()
    assert_fit_for_a_person(text_of(result))


async def test_a_read_only_server_lists_no_change_and_refuses_each(desk: Desk) -> None:
    changes: dict[str, dict[str, Any]] = {
        "trigger_sync": {"connections": [HEALTHY]},
        "update_schedule": {"connections": [HEALTHY], "every_hours": 6},
        "apply_plan": {"plan_id": "plan_x"},
    }
    async with connected(desk, era=Era.MODERN, settings={"AIRBYTE_MCP_READ_ONLY": "true"}) as client:
        listed = {tool.name for tool in (await client.list_tools()).tools}
        refusals = [await client.call_tool(tool, arguments) for tool, arguments in changes.items()]

    assert not listed & changes.keys()
    assert "list_connections" in listed
    assert all("read-only" in text_of(refusal) for refusal in refusals)
    assert desk.sandbox.effects() == []
    assert not (desk.folder / "data").exists(), "a read-only session needs no store"


def test_only_the_protocol_reaches_stdout(desk: Desk) -> None:
    lines = [
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": INITIALIZE},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "list_workspaces"}},
    ]
    with subprocess.Popen(
        [COMMAND, "serve", "--log-level", "debug"],
        env=desk.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("this is not JSON\n" + "".join(json.dumps(line) + "\n" for line in lines))
        process.stdin.flush()
        answers: list[dict[str, Any]] = []
        while not any(answer.get("id") == 2 for answer in answers):
            answers.append(json.loads(process.stdout.readline()))
        rest, errors = process.communicate(timeout=20)

    assert rest == ""
    assert all(answer["jsonrpc"] == "2.0" for answer in answers)
    assert process.returncode == 0
    assert "Traceback" not in errors


INITIALIZE = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "clientInfo": {"name": "test", "version": "1"},
}
NO_CREDENTIALS = {"AIRBYTE_CLIENT_ID": "", "AIRBYTE_CLIENT_SECRET": ""}


def assert_fit_for_a_person(text: str) -> None:
    """No stack trace, no library's own words, no secret."""
    for unwanted in ("Traceback", "httpx", "pydantic", 'File "', "NoneType", "Errno", "planted-"):
        assert unwanted not in text, text


def free_port() -> int:
    """A port of this machine where nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def web_page() -> Generator[str]:
    """A server that answers everything with a web page, as Airbyte's own does on a wrong path."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>Airbyte</title>")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/api/public/v1"
        server.shutdown()
        thread.join()
