"""Whether somebody listens at the addresses that are told about plans; nothing is sent to them."""

import socket
import ssl
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from airbyte_mcp_server.operating.findings import Finding, Findings, ok, warn
from airbyte_mcp_server.settings.model import Settings, variable_of

CONNECT_SECONDS = 5.0
_PORTS = {"http": 80, "https": 443}


def webhook(settings: Settings) -> Findings:
    """Whether the webhook's host takes a connection. Its address is a secret, so only the host is named."""
    if settings.webhook_url is not None:
        url = settings.webhook_url.get_secret_value()
        yield _tried("webhook_url", url, settings.ca_bundle, "Nobody would be told of plans that wait")


def page(settings: Settings) -> Findings:
    """Whether the approvals page's host takes a connection."""
    if settings.approvals_url is not None:
        yield _tried("approvals_url", settings.approvals_url, None, "Nobody could approve on the page")


def _tried(setting: str, url: str, ca_bundle: Path | None, consequence: str) -> Finding:
    check, parts = setting.partition("_")[0], urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme in getproxies() and not proxy_bypass(host):
        return ok(check, f"{host} is reached through a proxy, so the way there is not tried.")
    try:
        _connect(host, parts.port or _PORTS[parts.scheme], ca_bundle, tls=parts.scheme == "https")
    except (OSError, ValueError) as fault:
        return warn(
            check,
            f"{host} takes no connection from here ({_reason(fault)}). {consequence}.",
            f"Check that it runs, and that {variable_of(setting)} is right.",
        )
    return ok(check, f"{host} takes connections.")


def _connect(host: str, port: int, ca_bundle: Path | None, *, tls: bool) -> None:
    """Connect and hang up, with a TLS handshake where the address asks for one.

    Raises:
        OSError: Nobody listens, or the certificate is not trusted.
        ValueError: The port or the host is none.
    """
    with socket.create_connection((host, port), timeout=CONNECT_SECONDS) as connection:
        if tls:
            trust = ssl.create_default_context(cafile=str(ca_bundle) if ca_bundle else None)
            trust.wrap_socket(connection, server_hostname=host).close()


def _reason(fault: Exception) -> str:
    match fault:
        case ssl.SSLCertVerificationError():
            return "its certificate is not trusted"
        case socket.gaierror():
            return "its name is not known"
        case TimeoutError():
            return f"no answer within {CONNECT_SECONDS:g} s"
        case OSError():
            return fault.strerror or type(fault).__name__
        case _:
            return "it is no address"
