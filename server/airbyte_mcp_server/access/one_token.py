"""The one bearer token of the settings, or one that is made up at the start."""

import hashlib
import secrets

from mcp.server.auth.provider import AccessToken

from airbyte_guardrails.verdicts import SHARED_TOKEN_PREFIX
from airbyte_mcp_server.access.scopes import Scope, with_implied


def digest_of(token: str) -> bytes:
    """SHA-256 of a token.

    A slow hash, as passwords need, would add nothing to 256 random bits, which
    nobody can guess offline, and would cost every request tens of milliseconds.
    """
    return hashlib.sha256(token.encode()).digest()


class OneToken:
    """Knows one bearer token, which lets its holder call every tool."""

    def __init__(self, token: str) -> None:
        self._digest = digest_of(token)
        self._name = SHARED_TOKEN_PREFIX + digest_of(f"name of {token}").hex()[:12]

    async def verify_token(self, token: str) -> AccessToken | None:
        """The access that a token gives, or None if it is not ours; compared in constant time."""
        if not secrets.compare_digest(digest_of(token), self._digest):
            return None
        return AccessToken(token=token, client_id=self._name, scopes=with_implied([Scope.OPERATE]))
