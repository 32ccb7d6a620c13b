# Generated from _async/setup.py by scripts/sync_client.py; change that file instead.
"""How the parts of a client are put together."""

import os
import ssl
from functools import cache
from importlib import metadata
from pathlib import Path

import httpx

from airbyte_client._sync.exchange import SyncExchange
from airbyte_client._sync.tokens import SyncTokens
from airbyte_client._sync.wire import SyncWire
from airbyte_client.auth import Auth, NoAuth, auth_from_environment
from airbyte_client.base_url import DEFAULT_BASE_URL, normalise_base_url
from airbyte_client.calls import Call, Joined, Observer
from airbyte_client.clocks import SyncClock
from airbyte_client.deadlines import SyncHttp
from airbyte_client.errors import ConfigurationError
from airbyte_client.kept_answers import KeptAnswers
from airbyte_client.retries import RetryPolicy


def build_exchange(
    base_url: str | None,
    auth: Auth | None,
    *,
    connect_timeout: float,
    timeout: float | None,
    retries: RetryPolicy,
    names_kept_for: float,
    ca_bundle: Path | str | None,
    clock: SyncClock,
    transport: httpx.BaseTransport | None,
    observer: Observer | None,
    joined: Joined | None,
) -> SyncExchange:
    """The exchange that a client and its siblings share.

    Raises:
        ConfigurationError: The base URL or the credentials cannot work.
    """
    if auth is None:
        # The environment's credentials belong to the environment's address and go nowhere else.
        auth = auth_from_environment() if base_url is None else NoAuth()
    if base_url is None:
        base_url = os.environ.get("AIRBYTE_API_URL") or DEFAULT_BASE_URL
    url = normalise_base_url(base_url)
    http = SyncHttp(
        # Twenty requests at a time are enough to page through anything and few enough for a small Airbyte.
        # An idle connection is dropped before any usual server drops it (uvicorn does after 5 s), so that no
        # effect is lost on a dead one.
        limits=httpx.Limits(max_connections=20, keepalive_expiry=3.0),
        verify=_trust(ca_bundle),
        headers={"Accept": "application/json", "User-Agent": _user_agent()},
        transport=transport,
    )
    wire = SyncWire(http, clock, connect_timeout, timeout, observer)
    tokens = SyncTokens(wire, clock, auth, url)
    kept = KeptAnswers(clock.monotonic, names_kept_for)
    return SyncExchange(wire, tokens, clock, url, retries=retries, kept=kept, joined=joined or _ignore)


def _ignore(call: Call) -> None:
    """What is told of joined reads where nobody wants to know."""


def _trust(ca_bundle: Path | str | None) -> ssl.SSLContext | bool:
    if ca_bundle is None:
        return True
    try:
        return ssl.create_default_context(cafile=str(ca_bundle))
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(
            "The CA bundle cannot be read.", next_step="Give a file of certificates in PEM form."
        ) from error


@cache
def _user_agent() -> str:
    try:
        version = metadata.version("airbyte-mcp-server")
    except metadata.PackageNotFoundError:
        version = "unpacked"
    return f"airbyte-mcp-server/{version}"
