"""The client and the store behind the calls: opened when first used, closed at the end."""

import asyncio
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from airbyte_guardrails.errors import StoreUnavailableError
from airbyte_guardrails.evidence import Evidence
from airbyte_guardrails.plans import Instance, Plan
from airbyte_guardrails.policy import Policy
from airbyte_mcp_server.settings import Settings, variable_of

if TYPE_CHECKING:
    from airbyte_client import AsyncAirbyteClient
    from airbyte_client.auth import Auth
    from airbyte_guardrails.life import PlanBook
    from airbyte_guardrails.store import Store

STORE_FILE = "plans.sqlite"
NAMES_KEPT_SECONDS = 10.0


def utc_now() -> datetime:
    """The clock of the server."""
    return datetime.now(UTC)


class Runtime:
    """One Airbyte instance and one store, shared by all calls of a process.

    Attributes:
        settings: What the operator decided.
        name: How this Airbyte is called in plans, questions and records.
        session: A random name for this process; who asks on stdio, where nobody signs in.
        now: The clock, aware UTC.
        policy: The operator's upper bound on changes.
    """

    def __init__(self, settings: Settings, name: str, now: Callable[[], datetime] = utc_now) -> None:
        self.settings = settings
        self.name = name
        self.now = now
        self.session = f"session:{secrets.token_hex(8)}"
        self.policy = policy_of(settings)
        self._client: AsyncAirbyteClient | None = None
        self._store: Store | None = None
        self._book: PlanBook | None = None
        self._executions: set[asyncio.Task[Plan]] = set()

    @property
    def client(self) -> "AsyncAirbyteClient":
        """Airbyte, with the gate for changes closed.

        Raises:
            AirbyteError: The address or the credentials cannot be used.
        """
        if self._client is None:
            from airbyte_client import AsyncAirbyteClient, closed_gate  # noqa: PLC0415 - httpx is heavy at start-up

            self._client = AsyncAirbyteClient(
                self.settings.api_url,
                auth=auth_of(self.settings),
                write_gate=closed_gate,
                ca_bundle=self.settings.ca_bundle,
                names_kept_for=NAMES_KEPT_SECONDS,
            )
        return self._client

    @property
    def instance(self) -> Instance:
        """This Airbyte as it stands in plans."""
        return Instance(name=self.name, address=self.client.base_url)

    @property
    def book(self) -> "PlanBook":
        """The plans. Its methods block: call them from a worker thread."""
        if self._book is None:
            from airbyte_guardrails.life import Limits, PlanBook  # noqa: PLC0415 - SQLAlchemy is heavy at start-up
            from airbyte_guardrails.store import Store  # noqa: PLC0415 - loads with the book

            self._store = Store(data_folder(self.settings) / STORE_FILE)
            self._book = PlanBook(
                self._store,
                self.policy,
                now=self.now,
                limits=Limits(
                    approve_within=timedelta(seconds=self.settings.approve_seconds),
                    apply_within=timedelta(seconds=self.settings.apply_seconds),
                    cool_down=timedelta(seconds=self.settings.cool_down_seconds),
                ),
            )
        return self._book

    def keep_running(self, execution: "asyncio.Task[Plan]") -> None:
        """See to it that a change which has begun reaches its end before this closes."""
        self._executions.add(execution)
        execution.add_done_callback(self._executions.discard)

    async def aclose(self) -> None:
        """Wait for changes that have begun, then close connections to Airbyte and to the store."""
        if self._executions:
            await asyncio.wait(self._executions)
        if self._client is not None:
            await self._client.aclose()
        if self._store is not None:
            self._store.close()


def policy_of(settings: Settings) -> Policy:
    """The upper bound that the settings put on changes."""
    least = Evidence.LOCAL_TERMINAL if settings.terminal_approvals else Evidence.ELICITED
    return Policy(read_only=settings.read_only, least_evidence=least)


def auth_of(settings: Settings) -> "Auth":
    """The credentials that the settings hold, in the client's form."""
    from airbyte_client import BasicAuth, BearerToken, ClientCredentials, NoAuth  # noqa: PLC0415 - as above

    if settings.client_id and settings.client_secret:
        return ClientCredentials(settings.client_id, settings.client_secret.get_secret_value())
    if settings.secret_access_token:
        return BearerToken(settings.secret_access_token.get_secret_value())
    if settings.username and settings.password:
        return BasicAuth(settings.username, settings.password.get_secret_value())
    return NoAuth()


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
