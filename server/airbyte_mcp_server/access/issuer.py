"""Asks an OAuth authorization server for the keys that it signs with."""

import asyncio
import ssl
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, ValidationError

from airbyte_mcp_server.settings.model import LOOPBACK

if TYPE_CHECKING:
    import httpx

ModelT = TypeVar("ModelT", bound=BaseModel)

SECONDS = 5.0
LARGEST = 256 * 1024


class SigningKey(BaseModel):
    """A JSON Web Key (RFC 7517), with the members of its kind."""

    model_config = ConfigDict(frozen=True, extra="allow")

    kty: str
    kid: str | None = None
    alg: str | None = None
    use: str | None = None


class KeySet(BaseModel):
    """A JSON Web Key Set."""

    keys: tuple[SigningKey, ...]


class _Metadata(BaseModel):
    """What an issuer says of itself (RFC 8414, OpenID Connect Discovery)."""

    issuer: str
    jwks_uri: str


class KeysUnavailableError(Exception):
    """The issuer gave no keys; the message says why."""


class Issuer:
    """One authorization server.

    Args:
        name: Its address, exactly as it writes it in tokens.
        keys_at: Where its keys are; None asks it.
        ca_bundle: Certificates to trust instead of the usual ones.
    """

    def __init__(self, name: str, keys_at: str | None = None, ca_bundle: Path | None = None) -> None:
        self.name = name
        self._keys_at = keys_at
        self._ca_bundle = ca_bundle

    async def keys(self) -> KeySet:
        """Its keys of now.

        Raises:
            KeysUnavailableError: It cannot be reached in five seconds, or what it says cannot be used.
        """
        import httpx  # noqa: PLC0415 - heavy, and only OAuth needs it

        try:
            trust = ssl.create_default_context(cafile=str(self._ca_bundle)) if self._ca_bundle else True
            # No redirects: they would lead whoever controls an answer to what only this server reaches.
            async with (
                asyncio.timeout(SECONDS),
                httpx.AsyncClient(verify=trust, timeout=SECONDS, follow_redirects=False) as http,
            ):
                return await _fetched(http, self._keys_at or await self._advertised(http), KeySet)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError) as error:
            raise KeysUnavailableError(f"it cannot be reached ({type(error).__name__})") from error

    async def _advertised(self, http: "httpx.AsyncClient") -> str:
        """Where it says its keys are, by either of two conventions."""
        parts = urlsplit(self.name)
        origin, path = f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/")
        try:
            told = await _fetched(http, f"{origin}/.well-known/oauth-authorization-server{path}", _Metadata)
        except KeysUnavailableError:
            told = await _fetched(http, f"{origin}{path}/.well-known/openid-configuration", _Metadata)
        if told.issuer != self.name:
            raise KeysUnavailableError(f"it calls itself {told.issuer[:200]!r}")
        keys_at = urlsplit(told.jwks_uri)
        if keys_at.scheme != "https" and keys_at.hostname not in LOOPBACK:
            raise KeysUnavailableError("its keys would travel in the clear")
        return told.jwks_uri


async def _fetched(http: "httpx.AsyncClient", address: str, model: type[ModelT]) -> ModelT:
    async with http.stream("GET", address, headers={"Accept": "application/json"}) as answer:
        body = bytearray()
        async for part in answer.aiter_bytes():
            body += part
            if len(body) > LARGEST:
                raise KeysUnavailableError(f"{address} answered more than {LARGEST} bytes")
    if not answer.is_success:
        raise KeysUnavailableError(f"{address} answered {answer.status_code}")
    try:
        return model.model_validate_json(bytes(body))
    except ValidationError as error:
        raise KeysUnavailableError(f"{address} did not answer as it should") from error
