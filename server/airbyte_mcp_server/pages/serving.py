"""Where the approvals page listens, and whether passwords may travel there.

Without `approvals_url` it is for this machine: plain HTTP, loopback only. With
an `https://` one a proxy stands in front and speaks TLS; then only what that
proxy says came by HTTPS is answered, so that a browser that finds the way
around it gets nothing.
"""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import uvicorn
from starlette.types import ASGIApp

from airbyte_guardrails.sign_ins import SignInLimits, SignIns
from airbyte_mcp_server.access.slow_clients import bounded_to
from airbyte_mcp_server.dispatch import Dispatch
from airbyte_mcp_server.pages.app import approvals_app
from airbyte_mcp_server.pages.plans import Office
from airbyte_mcp_server.pages.walls import Address
from airbyte_mcp_server.runtime import Runtime
from airbyte_mcp_server.serving.listening import (
    SHUTDOWN_SECONDS,
    Service,
    authority,
    bound,
    serve_until,
)
from airbyte_mcp_server.serving.stopping import told_to_stop
from airbyte_mcp_server.settings.model import LOOPBACK, Settings, SettingsError, variable_of

BROWSERS_AT_ONCE = 200
IDLE_SECONDS = 5
HEADER_BYTES = 16_384


async def serve_approvals(runtime: Runtime, proxies: Sequence[str], announce: Callable[[str], None]) -> None:
    """Serve the page until SIGINT or SIGTERM, then close the runtime.

    Args:
        runtime: Whose plans are decided, and whose credentials carry them out.
        proxies: Addresses or networks of the proxies in front; those on this machine when empty.
        announce: Takes a sentence for the operator.

    Raises:
        SettingsError: Passwords would travel in the clear, or the address cannot be bound.
    """
    # Whoever reads the announcement may say stop from then on.
    told = told_to_stop()
    try:
        with approvals_service(runtime, proxies, announce) as service:
            await serve_until(told, service)
    finally:
        await runtime.aclose()


@contextmanager
def approvals_service(
    runtime: Runtime, proxies: Sequence[str], announce: Callable[[str], None]
) -> Generator[Service]:
    """The page, listening; to be served with whatever else this process serves.

    Args:
        runtime: As `serve_approvals`; so are the others, and what is raised.
        proxies: As there.
        announce: As there.
    """
    settings = runtime.settings
    require_safe(settings, proxies)
    with bound(settings.approvals_host, settings.approvals_port, "approvals_port") as listening:
        local = authority(settings.approvals_host, listening)
        address = address_of(settings.approvals_url, local.rsplit(":", 1)[1])
        app = approvals_of(runtime, address, SignInLimits())
        announce(f"Serving approvals at {settings.approvals_url or f'http://{local}'}")
        yield Service(config_of(app, address, proxies, settings.request_seconds), listening)


def approvals_of(runtime: Runtime, address: Address, limits: SignInLimits) -> ASGIApp:
    """The page for the plans and the Airbyte of one runtime."""
    return approvals_app(_office(runtime), SignIns(runtime.store, runtime.now, limits), address)


def config_of(app: ASGIApp, address: Address, proxies: Sequence[str], seconds: float) -> uvicorn.Config:
    """How the page is served: bounded, quiet, and believing only the proxies in front."""
    return uvicorn.Config(
        app,
        http=bounded_to(seconds),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=address.https,
        forwarded_allow_ips=list(proxies or LOOPBACK),
        limit_concurrency=BROWSERS_AT_ONCE,
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        h11_max_incomplete_event_size=HEADER_BYTES,
    )


def address_of(url: str | None, port: str) -> Address:
    """Where people reach the page: where the setting says, else on this machine."""
    if url is not None and url.startswith("https:"):
        return Address(frozenset({_origin(url)}), https=True)
    here = {f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}" for name in LOOPBACK}
    return Address(frozenset(map(_origin, here | ({url} if url else set()))), https=False)


def _origin(url: str) -> str:
    """The origin of a web address as browsers write it: the usual port is not named."""
    parts = urlsplit(url.lower())
    usual = {"http": ":80", "https": ":443"}[parts.scheme]
    return f"{parts.scheme}://{parts.netloc.removesuffix(usual)}"


def require_safe(settings: Settings, proxies: Sequence[str]) -> None:
    """See that passwords will not travel in the clear.

    Raises:
        SettingsError: They would.
    """
    if settings.approvals_host in LOOPBACK:
        return
    https = settings.approvals_url is not None and settings.approvals_url.startswith("https:")
    if not (https and proxies):
        raise SettingsError(
            f"On {settings.approvals_host} passwords would travel in the clear."
            f" Put a proxy that speaks TLS in front, and name the page's https:// address"
            f" ({variable_of('approvals_url')}) and the proxy's own (approvals serve --behind-proxy ADDRESS);"
            " or serve on 127.0.0.1."
        )


def _office(runtime: Runtime) -> Office:
    zone = ZoneInfo(runtime.settings.timezone)

    def now() -> datetime:
        return runtime.now().astimezone(zone)

    dispatch = Dispatch(runtime)
    return Office(
        book=runtime.book,
        apply=partial(dispatch.apply_plan, requester=None),
        settle=dispatch.settle_abandoned,
        is_here=lambda address: runtime.airbytes.at(address) is not None,
        now=now,
        read_only=runtime.settings.read_only,
    )
