"""The approvals page for tests: served in this process on a real port, and used as a browser would over HTTP."""

import asyncio
import hashlib
import html
import re
import secrets
import sqlite3
import ssl
import subprocess
import threading
from collections.abc import Generator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import httpx
import uvicorn
from anyio.from_thread import start_blocking_portal
from anyio.to_thread import run_sync
from sqlalchemy import insert

from airbyte_guardrails.approvers import Approvers
from airbyte_guardrails.passwords import hashed
from airbyte_guardrails.plans import Plan, PlanDraft
from airbyte_guardrails.schema import approver_sessions, approvers
from airbyte_guardrails.sign_ins import SignInLimits
from airbyte_guardrails.store import Store
from airbyte_guardrails.timestamps import to_text
from airbyte_mcp_server.dispatch import TOOLS, Dispatch
from airbyte_mcp_server.pages.serving import address_of, approvals_of, config_of
from airbyte_mcp_server.runtime import Runtime, store_of
from airbyte_mcp_server.serving.listening import authority, bound
from airbyte_mcp_server.settings.sources import load_settings
from airbyte_tools.tool import MutatingTool
from harness import COMMAND, HEALTHY, Desk

NAME = "ann"
PASSWORD = "planted password of ann"
NO_AUTHORITIES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Loading the usual ones takes longer than most requests, and there is no TLS here."""
HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')


class MovingClock:
    """The real clock, moved on when told."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def move(self, **span: float) -> None:
        """Let this much time pass at once."""
        self._ahead += timedelta(**span)


class Browser:
    """Keeps cookies, says where its forms come from, and follows no redirect by itself."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = httpx.Client(base_url=url, timeout=30, verify=NO_AUTHORITIES)

    def get(self, path: str, **headers: str) -> httpx.Response:
        """Open a page."""
        return self.http.get(path, headers=headers)

    def post(
        self, path: str, fields: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """Send a form."""
        return self.http.post(path, data=dict(fields), headers={"Origin": self.url} | dict(headers or {}))

    def sign_in(self, name: str = NAME, password: str = PASSWORD, to: str = "/") -> httpx.Response:
        """Send the sign-in form."""
        return self.post("/sign-in", {"name": name, "password": password, "to": to})

    def hidden(self, path: str) -> dict[str, str]:
        """What the hidden fields of the last form on a page hold."""
        page = self.get(path).text
        return {name: html.unescape(value) for name, value in HIDDEN.findall(page.rsplit("<form", 1)[-1])}

    def decide(self, plan: Plan, decision: str, **changed: str) -> httpx.Response:
        """Open a plan's page and send its form, with some fields changed."""
        path = f"/plans/{plan.id}"
        return self.post(path, self.hidden(path) | {"decision": decision} | changed)


@dataclass
class Page:
    """A page that is being served, and what stands behind it."""

    desk: Desk
    url: str
    clock: MovingClock
    store: Store
    approvers: Approvers
    browsers: list[Browser] = field(default_factory=list[Browser])

    @property
    def store_file(self) -> Path:
        """The store as a file."""
        return self.desk.folder / "data" / "plans.sqlite"

    def browser(self) -> Browser:
        """A browser in which nobody is signed in."""
        self.browsers.append(Browser(self.url))
        return self.browsers[-1]

    def signed_in(self, name: str = NAME) -> Browser:
        """A browser in which somebody is signed in."""
        browser = self.browser()
        assert browser.sign_in(name).status_code == 303
        return browser

    def inside(self) -> Browser:
        """A browser with a session that is simply there: hashing takes longer than all the rest of a test."""
        browser, secret, now = self.browser(), secrets.token_urlsafe(32), self.clock()
        with self.store.writing() as connection:
            connection.execute(
                insert(approver_sessions).values(
                    token_hash=hashlib.sha256(secret.encode()).hexdigest(),
                    approver=NAME,
                    csrf=secrets.token_urlsafe(32),
                    created_at=to_text(now),
                    expires_at=to_text(now + SignInLimits().idle),
                )
            )
        browser.http.cookies.set("approver", secret)
        return browser

    def plan(self, action: str = "trigger_sync", **arguments: object) -> Plan:
        """A plan that an assistant has just made."""
        return planned(self.desk, action, arguments or {"connections": [HEALTHY]})

    def state_of(self, plan: Plan) -> str:
        """Where a plan stands in the store."""
        with closing(sqlite3.connect(self.store_file)) as file:
            (state,) = file.execute("SELECT state FROM plans WHERE id = ?", (plan.id,)).fetchone()
        return str(state)


@contextmanager
def page_of(
    desk: Desk,
    settings: Mapping[str, str] | None = None,
    proxies: tuple[str, ...] = (),
    limits: SignInLimits | None = None,
) -> Generator[Page]:
    """The page on a port of its own, with one approver."""
    loaded = load_settings({}, desk.environment | dict(settings or {}))
    clock, store = MovingClock(), store_of(loaded)
    listening = bound("127.0.0.1", 0, "approvals_port")
    local = authority("127.0.0.1", listening)
    runtime = Runtime(loaded, clock)
    address = address_of(loaded.approvals_url, local.rsplit(":", 1)[1])
    server = uvicorn.Server(
        config_of(
            approvals_of(runtime, address, limits or SignInLimits()), address, proxies, loaded.request_seconds
        )
    )

    async def serve() -> None:
        try:
            await server.serve(sockets=[listening])
        finally:
            await runtime.aclose()

    thread = threading.Thread(target=asyncio.run, args=[serve()])
    thread.start()
    page = Page(desk, f"http://{local}", clock, store, Approvers(store, clock))
    try:
        _add_approver(store, clock())
        yield page
    finally:
        for browser in page.browsers:
            browser.http.close()
        server.should_exit = True
        thread.join(20)
        listening.close()
        store.close()


@cache
def _hashed_once() -> str:
    """One hash for all tests: making one takes longer than many a test."""
    return hashed(PASSWORD)


def _add_approver(store: Store, now: datetime) -> None:
    with store.writing() as connection:
        connection.execute(
            insert(approvers).values(name=NAME, password_hash=_hashed_once(), created_at=to_text(now))
        )


def users(desk: Desk, *arguments: str, password: str = "") -> "subprocess.CompletedProcess[str]":
    """Run `approvals users`, with a password on stdin if one is given."""
    return subprocess.run(
        [COMMAND, "approvals", "users", *arguments, *(["--password-stdin"] if password else [])],
        env=desk.environment,
        input=f"{password}\n",
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


@contextmanager
def serving_command(desk: Desk, *arguments: str, settings: Mapping[str, str] | None = None) -> Generator[str]:
    """The installed command `approvals serve` on a free port; its address, once it listens."""
    with (
        (desk.folder / "approvals.log").open("w+") as log,
        subprocess.Popen(
            [COMMAND, "approvals", "serve", "--approvals-port", "0", *arguments],
            env=desk.environment | dict(settings or {}),
            text=True,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        ) as process,
    ):
        assert process.stderr is not None
        said = iter(process.stderr)
        try:
            yield next(line.split()[-1] for line in said if line.startswith("Serving approvals at "))
        finally:
            process.terminate()
            log.writelines(said)


def planned(
    desk: Desk,
    action: str,
    arguments: Mapping[str, object],
    requester: str = "session:of-an-assistant",
    settings: Mapping[str, str] | None = None,
) -> Plan:
    """A plan that an assistant has made through another process on the same store, for its first Airbyte."""
    environment = desk.environment | dict(settings or {})
    # A thread of its own: a test that steers a browser already has a loop.
    with start_blocking_portal() as portal:
        return portal.call(_planned, environment, action, arguments, requester)


async def _planned(
    environment: Mapping[str, str], action: str, arguments: Mapping[str, object], requester: str
) -> Plan:
    runtime = Runtime(load_settings({}, environment))
    tool = TOOLS[action]
    assert isinstance(tool, MutatingTool)
    try:
        airbyte = runtime.airbytes.first
        context = Dispatch(runtime).context_for(airbyte, requester)
        draft = await tool.plan(context, tool.arguments.model_validate(arguments))
        assert isinstance(draft, PlanDraft)
        return await run_sync(runtime.book.propose, action, airbyte.instance, requester, draft)
    finally:
        await runtime.aclose()
