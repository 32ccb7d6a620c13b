"""Client credentials and access tokens."""

import secrets
import threading
from datetime import datetime, timedelta

from airbyte_sandbox.api.answers import Answer, BareError, Call, FrameworkError
from airbyte_sandbox.clock import Clock
from airbyte_sandbox.json_value import JsonObject, as_text

_TOKEN_BYTES = 32


class Access:
    """Gives tokens to the demo application and checks them. Tokens live in memory only."""

    def __init__(
        self, client_id: str, client_secret: str, token_seconds: int, clock: Clock, *, required: bool
    ) -> None:
        self._client_id = client_id
        self._client_secret = client_secret
        self._lifetime = timedelta(seconds=token_seconds)
        self._clock = clock
        self._required = required
        self._lock = threading.Lock()
        self._expiries: dict[str, datetime] = {}

    def token_call(self, call: Call) -> Answer:
        """POST /applications/token of the public API."""
        token = self._new_token(call)
        seconds = int(self._lifetime.total_seconds())
        return Answer({"access_token": token, "token_type": "Bearer", "expires_in": seconds})

    def config_token_call(self, call: Call) -> Answer:
        """POST /applications/token of the Config API, which tells the token and nothing else."""
        return Answer({"access_token": self._new_token(call)})

    def check(self, path: str, authorization: str) -> None:
        """Let a call pass that carries a token which is still good.

        Raises:
            FrameworkError: 401.
        """
        if not self._required:
            return
        scheme, _, token = authorization.partition(" ")
        with self._lock:
            expiry = self._expiries.get(token.strip())
        if scheme.lower() != "bearer" or expiry is None or expiry <= self._clock.now():
            raise FrameworkError(401, path)

    def _new_token(self, call: Call) -> str:
        """A new token, if the credentials are right.

        Raises:
            BareError: 401, they are not; 422, the body is no JSON object.
        """
        body: JsonObject = call.json_object()
        right_id = _same(as_text(body.get("client_id")), self._client_id)
        right_secret = _same(as_text(body.get("client_secret")), self._client_secret)
        if not (right_id and right_secret):
            raise BareError(401)
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        now = self._clock.now()
        with self._lock:
            self._expiries = {known: expiry for known, expiry in self._expiries.items() if expiry > now}
            self._expiries[token] = now + self._lifetime
        return token


def _same(given: str, expected: str) -> bool:
    return secrets.compare_digest(given.encode("utf-8", "surrogatepass"), expected.encode())
