"""Access tokens of an OAuth 2.1 authorization server: JWTs (RFC 9068) made for this server and no other.

What a token says counts only once its signature, its issuer, its audience and
its times are right. The token stays here: Airbyte is asked with the server's own
credentials, never with a caller's.
"""

import logging

import jwt
from mcp.server.auth.provider import AccessToken
from pydantic import BaseModel, Field, ValidationError

from airbyte_guardrails.verdicts import OAUTH_PREFIX
from airbyte_mcp_server.access.issuer import Issuer
from airbyte_mcp_server.access.scopes import with_implied
from airbyte_mcp_server.access.signing_keys import SigningKeys
from airbyte_mcp_server.settings.model import Settings

logger = logging.getLogger(__name__)

# Signatures by a private key only: none at all, and those by a shared secret (HS*), anybody could make.
ALGORITHMS = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
)
LEEWAY_SECONDS = 30
"""How far the issuer's clock and ours may be apart."""


class _Header(BaseModel):
    alg: str
    kid: str | None = None


class _Claims(BaseModel):
    """What is read of a token; `scp` is what some issuers call `scope`."""

    iss: str
    # It becomes a name in plans, records and rules: printable, without spaces.
    sub: str = Field(pattern=r"^[!-~]{1,200}$")
    scope: str = ""
    scp: str | list[str] = ""

    @property
    def scopes(self) -> list[str]:
        """The words of both."""
        return [*self.scope.split(), *(self.scp.split() if isinstance(self.scp, str) else self.scp)]


class OAuthVerifier:
    """Knows the tokens of one issuer for one audience."""

    def __init__(self, issuer: str, audience: str, keys: SigningKeys) -> None:
        self._issuer = issuer
        self._audience = audience
        self._keys = keys

    async def verify_token(self, token: str) -> AccessToken | None:
        """The access that a token gives, or None; why not stands in the log, without the token."""
        try:
            claims = await self._claims(token)
        except (jwt.PyJWTError, ValidationError, RecursionError) as error:
            # A header of many brackets is too deep for the JSON parser: the last of the three.
            logger.info("An access token was refused: %s", type(error).__name__)
            return None
        return AccessToken(
            token=token,
            client_id=OAUTH_PREFIX + claims.sub,
            scopes=with_implied(claims.scopes),
            resource=self._audience,
            subject=claims.sub,
            claims={"iss": claims.iss},
        )

    async def _claims(self, token: str) -> _Claims:
        header = _Header.model_validate(jwt.get_unverified_header(token))
        if header.alg not in ALGORITHMS:
            raise jwt.InvalidAlgorithmError
        found = await self._keys.named(header.kid)
        if found is None or found.alg not in (None, header.alg):
            raise jwt.InvalidKeyError
        key = jwt.PyJWK(found.model_dump(exclude_none=True), algorithm=header.alg)
        claims = jwt.decode(
            token,
            key,
            algorithms=[header.alg],
            audience=self._audience,
            issuer=self._issuer,
            leeway=LEEWAY_SECONDS,
            options={"require": ["iss", "sub", "aud", "exp"]},
        )
        return _Claims.model_validate(claims)


def oauth_verifier(issuer: str, audience: str, settings: Settings) -> OAuthVerifier:
    """The verifier that the settings ask for. The issuer is asked at the first token, not at the start."""
    keys = SigningKeys(Issuer(issuer, settings.oauth_jwks_url, settings.ca_bundle))
    return OAuthVerifier(issuer, audience, keys)
