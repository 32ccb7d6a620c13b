"""What keeps a client from altering or making up the state that comes back with an answer."""

import hashlib
import secrets

from mcp.server.request_state import RequestStateSecurity

from airbyte_mcp_server.settings.model import Settings, keys_in

KEY_BYTES = 32
MARGIN_SECONDS = 3_600.0
"""The plan has its own clock and a readable answer when it runs out; the seal only has to outlive it."""


def sealing(settings: Settings) -> RequestStateSecurity:
    """How questions are sealed: by the keys of the settings, or by one that only this process knows."""
    ttl = settings.approve_seconds + MARGIN_SECONDS
    return RequestStateSecurity(keys=_keys(settings), ttl=ttl)


def _keys(settings: Settings) -> list[bytes]:
    if settings.state_key is None:
        return [secrets.token_bytes(KEY_BYTES)]
    # Of one length, whatever was typed; the SDK derives the cipher's own key from it.
    return [hashlib.sha256(key.encode()).digest() for key in keys_in(settings.state_key)]
