"""From what people paste to the base URL of Airbyte's public API."""

import ipaddress
from urllib.parse import SplitResult, urlsplit

import httpx

from airbyte_client.errors import ConfigurationError

DEFAULT_BASE_URL = "http://localhost:8000/api/public/v1"
CLOUD_BASE_URL = "https://api.airbyte.com/v1"

_PUBLIC_PATH = "/api/public/v1"
_CLOUD_HOSTS = frozenset({"api.airbyte.com", "cloud.airbyte.com", "app.airbyte.com"})
_CLOUD_CONFIG_URL = "https://cloud.airbyte.com/api/v1"
# The first of these in a path is where a page of the web application, or an API, begins.
_NOT_A_PREFIX = frozenset(
    {
        "api",
        "workspaces",
        "organization",
        "organizations",
        "connections",
        "login",
        "setup",
        "settings",
        "onboarding",
    }
)
_ADVICE = f"Set it to the address of your Airbyte, such as {DEFAULT_BASE_URL} or {CLOUD_BASE_URL}."


def normalise_base_url(pasted: str) -> str:
    """The public API's base URL, without a trailing slash.

    Accepts an address with or without scheme and `/api/public/v1`, the Config API's address, a page of the
    web application, and Airbyte Cloud in each of its forms. A path of its own before `/api` is kept; an
    address that ends in `/v1` and has no `/api` is taken as it is.

    Raises:
        ConfigurationError: It is empty, has another scheme than http or https, no host, or holds credentials.
    """
    parts = _split(pasted.strip())
    host = (parts.hostname or "").rstrip(".")
    if host in _CLOUD_HOSTS:
        return CLOUD_BASE_URL
    origin = f"{parts.scheme}://{_network_location(host, parts)}"
    segments = [segment for segment in parts.path.split("/") if segment]
    prefix: list[str] = []
    for segment in segments:
        if segment.lower() in _NOT_A_PREFIX:
            break
        prefix.append(segment)
    if prefix and prefix == segments and prefix[-1] == "v1":
        return f"{origin}/{'/'.join(prefix)}"
    return "/".join([origin, *prefix]) + _PUBLIC_PATH


def config_base_url(base_url: str) -> str | None:
    """The Config API beside a normalised public base URL; None where its place is not known.

    On Airbyte Cloud it lives on another host of Airbyte's own, the only one a token is ever sent to besides
    the base URL's.
    """
    if base_url == CLOUD_BASE_URL:
        return _CLOUD_CONFIG_URL
    if base_url.endswith(_PUBLIC_PATH):
        return f"{base_url.removesuffix(_PUBLIC_PATH)}/api/v1"
    return None


def _split(text: str) -> SplitResult:
    if not text:
        raise ConfigurationError("The base URL is empty.", next_step=_ADVICE)
    if any(character.isspace() or not character.isprintable() for character in text):
        raise ConfigurationError("The base URL holds spaces or control characters.", next_step=_ADVICE)
    try:
        parts = urlsplit(text if "://" in text else f"//{text}")
        host, _ = (parts.hostname or "").rstrip("."), parts.port
        _require_connectable(host)
    except (ValueError, httpx.InvalidURL):
        raise ConfigurationError("The base URL is not a valid address.", next_step=_ADVICE) from None
    if not host:
        raise ConfigurationError("The base URL names no host.", next_step=_ADVICE)
    if "@" in parts.netloc:
        raise ConfigurationError(
            "The base URL holds credentials.",
            next_step="Take them out and pass BasicAuth(username, password).",
        )
    scheme = parts.scheme or ("http" if _is_local(host) else "https")
    if scheme not in ("http", "https"):
        raise ConfigurationError("The base URL is neither http nor https.", next_step=_ADVICE)
    return parts._replace(scheme=scheme)


def _require_connectable(host: str) -> None:
    """Raise ValueError or httpx.InvalidURL for a name that httpx, or Python's own socket, chokes on."""
    url = httpx.URL(scheme="http", host=host)
    _ = url.host, url.raw_host.decode("ascii").encode("idna")


def _is_local(host: str) -> bool:
    """Whether plain http is the likely scheme: this machine, a private address, a bare name."""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return "." not in host


def _network_location(host: str, parts: SplitResult) -> str:
    name = f"[{host}]" if ":" in host else host
    usual = {"http": 80, "https": 443}[parts.scheme]
    return name if parts.port in (None, usual) else f"{name}:{parts.port}"
