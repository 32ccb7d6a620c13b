"""How the parts of a client are put together."""

import os
import ssl
from functools import cache
from importlib import metadata
from pathlib import Path

import httpx

from airbyte_client._async.exchange import AsyncExchange
from airbyte_client._async.tokens import AsyncTokens
from airbyte_client._async.wire import ENCODINGS, AsyncWire
from airbyte_client.auth import Auth, NoAuth, auth_from_environment
from airbyte_client.base_url import DEFAULT_BASE_URL, normalise_base_url
from airbyte_client.calls import Call, Joined, Observer
from airbyte_client.clocks import AsyncClock
from airbyte_client.deadlines import AsyncHttp
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
    clock: AsyncClock,
    transport: httpx.AsyncBaseTransport | None,
    observer: Observer | None,
    joined: Joined | None,
) -> AsyncExchange:
    """The exchange that a client and its siblings share.

    Raises:
        ConfigurationError: The base URL, the credentials, the CA bundle or the proxy cannot work.
    """
    if auth is None:
        # The environment's credentials belong to the environment's address and go nowhere else.
        auth = auth_from_environment() if base_url is None else NoAuth()
    if base_url is None:
        base_url = os.environ.get("AIRBYTE_API_URL") or DEFAULT_BASE_URL
    url = normalise_base_url(base_url)
    http, once = _connections(ca_bundle, transport)
    wire = AsyncWire(http, once, clock, connect_timeout=connect_timeout, timeout=timeout, observer=observer)
    tokens = AsyncTokens(wire, clock, auth, url)
    kept = KeptAnswers(clock.monotonic, names_kept_for)
    return AsyncExchange(wire, tokens, clock, url, retries=retries, kept=kept, joined=joined or _ignore)


def _connections(
    ca_bundle: Path | str | None, transport: httpx.AsyncBaseTransport | None
) -> tuple[AsyncHttp, AsyncHttp]:
    """What keeps its connections, and what makes a new one for each request.

    Twenty reads at a time are enough to page through anything and few enough for a small Airbyte. Effects and
    tokens have as many turns of their own, so that slow reads do not keep them waiting. A transport that was
    given takes everything.
    """
    # An idle connection is dropped before any usual server drops it (uvicorn does after 5 s), so that no
    # request is lost on a dead one.
    kept = httpx.Limits(max_connections=20, keepalive_expiry=3.0)
    headers = {
        "Accept": "application/json",
        "Accept-Encoding": ", ".join(ENCODINGS),
        "User-Agent": _user_agent(),
    }
    if transport is not None:
        http = AsyncHttp(limits=kept, headers=headers, transport=transport)
        return http, http
    # Certificates take longer to load than a request takes, so they are loaded once.
    trust = _trust(ca_bundle)
    alone = httpx.Limits(max_connections=20, max_keepalive_connections=0)
    try:
        return (
            AsyncHttp(limits=kept, verify=trust, headers=headers),
            AsyncHttp(limits=alone, verify=trust, headers=headers),
        )
    except (ImportError, ValueError, httpx.InvalidURL) as error:
        raise ConfigurationError(
            "The proxy that the environment names cannot be used.",
            next_step="Give HTTP_PROXY, HTTPS_PROXY or ALL_PROXY an http:// or https:// address.",
        ) from error


def _ignore(call: Call) -> None:
    """What is told of joined reads where nobody wants to know."""


def _trust(ca_bundle: Path | str | None) -> ssl.SSLContext:
    if ca_bundle is None:
        return httpx.create_ssl_context()
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
