"""The Authorization header: made, fetched and renewed in one place; nobody else knows how."""

import base64
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from pydantic import BaseModel, Field, JsonValue

from airbyte_client._async.wire import AsyncWire
from airbyte_client.auth import TOKEN, Auth, BasicAuth, BearerToken, ClientCredentials
from airbyte_client.base_url import config_base_url
from airbyte_client.calls import Answer, Call, decode
from airbyte_client.clocks import AsyncClock, AsyncLock
from airbyte_client.errors import ConfigurationError, ServerFaultError, TransportError, UnreachableError
from airbyte_client.operations import Operation
from airbyte_client.verdicts import successful

REFRESH_MARGIN: Final = 45.0
"""Seconds before its end at which a token is renewed, so that none dies on its way."""

_NO_SUCH_CALL = (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED)


class _TokenAnswer(BaseModel):
    access_token: str = Field(pattern=f"^{TOKEN.pattern}$")
    expires_in: float | None = None


class AsyncTokens:
    """Knows the header to send, and fetches a token when there is none that will live long enough."""

    def __init__(self, wire: AsyncWire, clock: AsyncClock, auth: Auth, base_url: str) -> None:
        self._wire = wire
        self._clock = clock
        self._auth = auth
        self._base_url = base_url
        self._lock = AsyncLock()
        self._token = auth.token if isinstance(auth, BearerToken) else None
        self._renew_at = float("inf")

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every value that no message may hold."""
        held = [self._token]
        if isinstance(self._auth, ClientCredentials):
            held.append(self._auth.client_secret)
        if isinstance(self._auth, BasicAuth):
            held += [self._auth.password, _basic(self._auth)]
        return tuple(secret for secret in held if secret)

    async def authorization(self) -> str | None:
        """The header's value; None where no authentication is used."""
        if isinstance(self._auth, BasicAuth):
            return f"Basic {_basic(self._auth)}"
        if isinstance(self._auth, ClientCredentials | BearerToken):
            token = await self.token()
            return f"Bearer {token}"
        return None

    async def token(self) -> str:
        """The access token in use, fetched on first need.

        Raises:
            ConfigurationError: The credentials in use have no token.
        """
        if self._token is None or self._clock.monotonic() >= self._renew_at:
            await self._renew(self._token)
        if self._token is None:
            raise ConfigurationError(
                "There is no access token: the client uses basic or no authentication.",
                next_step="Use ClientCredentials or BearerToken.",
            )
        return self._token

    async def renew_after_refusal(self, authorization: str | None) -> bool:
        """Fetch a new token if the refused one can be replaced; whether trying again makes sense."""
        if not isinstance(self._auth, ClientCredentials) or authorization is None:
            return False
        await self._renew(authorization.removeprefix("Bearer "))
        return True

    async def _renew(self, old: str | None) -> None:
        """Fetch a token unless another waiter has replaced the old one meanwhile."""
        async with self._lock:
            if not isinstance(self._auth, ClientCredentials) or self._token != old:
                return
            try:
                await self._fetch(self._auth)
            except TransportError as error:
                # The call that needs the token has not been sent, whatever became of this one.
                error.sent = False
                raise

    async def _fetch(self, auth: ClientCredentials) -> None:
        # The specification names the field `grant-type` and demands `grant_type`: both are sent.
        grant = "client_credentials"
        body: dict[str, JsonValue] = {
            "client_id": auth.client_id,
            "client_secret": auth.client_secret,
            "grant-type": grant,
            "grant_type": grant,
        }
        started = self._clock.monotonic()
        granted = self._read(await self._ask(body))
        self._token = granted.access_token
        lifetime = float("inf") if granted.expires_in is None else granted.expires_in
        # A token that lives shorter than twice the margin is renewed at half its life.
        self._renew_at = started + max(lifetime - REFRESH_MARGIN, lifetime / 2)

    def _read(self, answer: Answer) -> _TokenAnswer:
        try:
            return decode(successful(answer, self.secrets), _TokenAnswer)
        except ServerFaultError as error:
            raise UnreachableError(
                f"No token could be fetched: {error.message}", next_step=error.next_step, sent=False
            ) from error

    async def _ask(self, body: Mapping[str, JsonValue]) -> Answer:
        """Ask at the public API, and at the Config API where the public one does not know the call."""
        call = Call(Operation.FETCH_TOKEN, body=body)
        answer = await self._wire.send(f"{self._base_url}{call.path}", call, None)
        config_url = config_base_url(self._base_url)
        if answer.status in _NO_SUCH_CALL and config_url is not None:
            return await self._wire.send(f"{config_url}{call.path}", call, None)
        return answer


def _basic(auth: BasicAuth) -> str:
    return base64.b64encode(f"{auth.username}:{auth.password}".encode()).decode()
