"""The Airbytes and the store behind the calls: opened when first used, closed at the end."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from airbyte_guardrails.errors import StoreUnavailableError
from airbyte_guardrails.plans import Plan
from airbyte_mcp_server.instances.airbytes import Airbytes
from airbyte_mcp_server.settings.model import Settings, variable_of

if TYPE_CHECKING:
    from airbyte_client.calls import Observer
    from airbyte_guardrails.audit import InForce
    from airbyte_guardrails.policy import Policy
    from airbyte_guardrails.store import Store
    from airbyte_mcp_server.operating.metrics import Metrics
    from airbyte_mcp_server.reaching.announcing import Announcing
    from airbyte_mcp_server.reaching.waiting_for_person import Waiting
    from airbyte_mcp_server.reaching.watched_book import Move, WatchedBook

STORE_FILE = "plans.sqlite"


def utc_now() -> datetime:
    """The clock of the server."""
    return datetime.now(UTC)


class Runtime:
    """The Airbytes and the one store of a process, shared by all its calls.

    Attributes:
        settings: What the operator decided.
        airbytes: Every Airbyte that calls can go to, by name.
        session: A random name for this process; who asks on stdio, where nobody signs in.
        now: The clock, aware UTC.
        meter: Counts what is done, where somebody has asked for metrics.

    Raises:
        SettingsError: The policy file cannot be used.
    """

    def __init__(self, settings: Settings, now: Callable[[], datetime] = utc_now) -> None:
        self.settings = settings
        self.airbytes = Airbytes(settings, self._observer_of)
        self.now = now
        self.session = f"session:{secrets.token_hex(8)}"
        # A mistake in the policy file stops the start; without a file nothing is read before a change.
        self._policy = policy_of(settings) if settings.policy_file else None
        self.meter: Metrics | None = None
        self._store: Store | None = None
        self._book: WatchedBook | None = None
        self._waiting: Waiting | None = None
        self._announcing: Announcing | None = None
        self._at_close: list[Callable[[], Awaitable[None]]] = []
        self._executions: set[asyncio.Task[Plan]] = set()

    @property
    def policy(self) -> "Policy":
        """The operator's upper bound on changes, as it was at the start."""
        if self._policy is None:
            self._policy = policy_of(self.settings)
        return self._policy

    @property
    def store(self) -> "Store":
        """Where plans, approvals and audit live. Its methods block: call them from a worker thread."""
        if self._store is None:
            from airbyte_guardrails.audit import InForce  # noqa: PLC0415 - SQLAlchemy is heavy at start-up
            from airbyte_mcp_server.operators_policy import settings_digest  # noqa: PLC0415 - as above

            ruled = InForce(policy=self.policy.digest, settings=settings_digest(self.settings))
            self._store = store_of(self.settings, ruled)
        return self._store

    @property
    def book(self) -> "WatchedBook":
        """The plans. Its methods block: call them from a worker thread."""
        if self._book is None:
            from airbyte_guardrails.life import Limits  # noqa: PLC0415 - SQLAlchemy is heavy at start-up
            from airbyte_mcp_server.reaching.watched_book import WatchedBook  # noqa: PLC0415 - as above

            self._book = WatchedBook(
                self.store,
                self.policy,
                now=self.now,
                limits=Limits(
                    approve_within=timedelta(seconds=self.settings.approve_seconds),
                    apply_within=timedelta(seconds=self.settings.apply_seconds),
                    cool_down=timedelta(seconds=self.settings.cool_down_seconds),
                ),
                moved=self._moved,
            )
        return self._book

    @property
    def waiting(self) -> "Waiting":
        """Who in this process waits for which plan."""
        if self._waiting is None:
            from airbyte_mcp_server.reaching.waiting_for_person import Waiting  # noqa: PLC0415 - reads do without it

            self._waiting = Waiting(self.book.get)
        return self._waiting

    @property
    def announcing(self) -> "Announcing | None":
        """The webhook, if there is one."""
        if self._announcing is None and self.settings.webhook_url is not None:
            from airbyte_mcp_server.reaching.announcing import Announcing  # noqa: PLC0415 - most do without a webhook

            self._announcing = Announcing(self.settings, self.settings.webhook_url)
        return self._announcing

    def announce_waiting(self, plan: Plan) -> None:
        """Tell whoever approves elsewhere that a plan waits for them."""
        if self.announcing is not None:
            self.announcing.waits(plan, self.book)

    def _observer_of(self, airbyte: str) -> "Observer":
        from airbyte_mcp_server.operating.request_spans import both, request_spans  # noqa: PLC0415 - the client's types

        counted = self.meter.requests_to(airbyte) if self.meter is not None else None
        return both(counted, request_spans(airbyte, self.airbytes[airbyte].address))

    def _moved(self, move: "Move") -> None:
        """A plan was moved by this process; called in the thread that did it."""
        if self.meter is not None:
            self.meter.moved(move.plan)
        if self._waiting is not None:
            self._waiting.moved(move.plan.id)
        if self.announcing is not None:
            self.announcing.moved(move, self.book)

    def at_close(self, stop: Callable[[], Awaitable[None]]) -> None:
        """Stop something before the store closes."""
        self._at_close.append(stop)

    def keep_running(self, execution: "asyncio.Task[Plan]") -> None:
        """See to it that a change which has begun reaches its end before this closes."""
        self._executions.add(execution)
        execution.add_done_callback(self._executions.discard)

    async def aclose(self) -> None:
        """Wait for changes that have begun, then close connections to Airbyte and to the store."""
        for stop in self._at_close:
            await stop()
        if self._executions:
            await asyncio.wait(self._executions)
        if self._announcing is not None:
            await asyncio.to_thread(self._announcing.close)
        for airbyte in self.airbytes.values():
            await airbyte.aclose()
        if self._store is not None:
            self._store.close()


def policy_of(settings: Settings) -> "Policy":
    """The policy that the settings make.

    Raises:
        SettingsError: The policy file cannot be used.
    """
    from airbyte_mcp_server import operators_policy  # noqa: PLC0415 - loads at the first change, or with a policy file

    return operators_policy.policy_of(settings)


def store_of(settings: Settings, in_force: "InForce | None" = None) -> "Store":
    """The store that the settings name, not yet opened: a PostgreSQL database, or a file in the data folder.

    Args:
        settings: The operator's.
        in_force: Digests that every audit record written through the store carries.

    Raises:
        StoreUnavailableError: The setting is no PostgreSQL address, or there is no data folder.
    """
    from airbyte_guardrails.store import Store  # noqa: PLC0415 - SQLAlchemy is heavy at start-up

    if settings.store is not None:
        return Store(settings.store.get_secret_value(), in_force=in_force)
    return Store(data_folder(settings) / STORE_FILE, in_force=in_force)


def data_folder(settings: Settings) -> Path:
    """Where plans live: the setting, or the user's data folder of this operating system."""
    if settings.data_dir is not None:
        return settings.data_dir
    from platformdirs import user_data_path  # noqa: PLC0415 - needed only when the store is opened

    try:
        return user_data_path("airbyte-mcp-server", appauthor=False)
    except RuntimeError as fault:  # platformdirs' word for a user without a home
        raise StoreUnavailableError(
            "This user has no home folder in which the store of plans could live.",
            f"Name a folder for it ({variable_of('data_dir')}).",
        ) from fault
