"""The keys that an OAuth authorization server signs its tokens with, kept for a while.

Anybody can send a token that names a key nobody has. So the issuer is asked
again only after a pause, whatever tokens come, and one request at a time.
"""

import asyncio
import logging
import math
import time
from collections.abc import Callable, Iterable

from airbyte_mcp_server.access.issuer import Issuer, KeysUnavailableError, SigningKey

logger = logging.getLogger(__name__)

ASKED_AGAIN_AFTER = 10.0
FRESH_FOR = 600.0
"""After that time a key that the issuer withdrew opens nothing."""
USABLE_FOR = 3_600.0
"""Or after this one, where the issuer cannot be reached."""
KINDS = ("RSA", "EC", "OKP")
"""Public keys. A shared secret (oct) would let whoever reads it make tokens."""


class SigningKeys:
    """The keys of one issuer.

    Args:
        issuer: Who is asked.
        clock: Seconds that only grow.
    """

    def __init__(self, issuer: Issuer, clock: Callable[[], float] = time.monotonic) -> None:
        self._issuer = issuer
        self._clock = clock
        self._keys: tuple[SigningKey, ...] = ()
        self._read_at = self._asked_at = -math.inf
        self._asking = asyncio.Lock()

    async def named(self, kid: str | None) -> SigningKey | None:
        """The key of this id; a token that names none means the only one there is."""
        if self._find(kid) is None or self._age() > FRESH_FOR:
            await self._ask()
        return self._find(kid) if self._age() <= USABLE_FOR else None

    def _find(self, kid: str | None) -> SigningKey | None:
        found = [key for key in self._keys if kid is None or key.kid == kid]
        return found[0] if len(found) == 1 else None

    def _age(self) -> float:
        return self._clock() - self._read_at

    async def _ask(self) -> None:
        async with self._asking:
            if self._clock() - self._asked_at < ASKED_AGAIN_AFTER:
                return
            self._asked_at = self._clock()
            try:
                read = await self._issuer.keys()
            except KeysUnavailableError as error:
                logger.warning("The signing keys of %s cannot be read: %s.", self._issuer.name, error)
                return
            self._keys = public_signing_keys(read.keys)
            self._read_at = self._clock()


def public_signing_keys(keys: Iterable[SigningKey]) -> tuple[SigningKey, ...]:
    """Those that can be public and are for signing."""
    return tuple(key for key in keys if key.kty in KINDS and key.use in (None, "sig"))
