"""Whether the OAuth authorization server gives what access tokens are checked with, as at the first token."""

import asyncio
from collections.abc import Sequence

from airbyte_client.text import clean
from airbyte_mcp_server.access.issuer import Issuer, KeysUnavailableError, SigningKey
from airbyte_mcp_server.access.oauth import ALGORITHMS
from airbyte_mcp_server.access.signing_keys import public_signing_keys
from airbyte_mcp_server.operating.findings import Finding, Findings, fail, ok, warn
from airbyte_mcp_server.settings.model import Settings, variable_of


def issuer(settings: Settings) -> Findings:
    """Whether anybody could sign in by OAuth; over stdio nobody does."""
    name = settings.oauth_issuer
    if name is None or settings.transport == "stdio":
        return
    try:
        keys = _signing_keys(Issuer(name, settings.oauth_jwks_url, settings.ca_bundle))
    except KeysUnavailableError as error:
        yield _nobody_signs_in(name, error, settings)
        return
    yield ok("issuer", f"{name} gives keys that can sign access tokens ({len(keys)}).")
    if settings.oauth_jwks_url is not None:
        yield from _metadata(name, settings)


def _signing_keys(asked: Issuer) -> Sequence[SigningKey]:
    """Its keys of now by which a token can be known.

    Raises:
        KeysUnavailableError: There is none.
    """
    given = asyncio.run(asked.keys()).keys
    usable = [key for key in public_signing_keys(given) if key.alg is None or key.alg in ALGORITHMS]
    if not usable:
        raise KeysUnavailableError(f"none of its {len(given)} keys is a public one that signs access tokens")
    return usable


def _nobody_signs_in(name: str, error: KeysUnavailableError, settings: Settings) -> Finding:
    told = f"The signing keys of {name} cannot be read: {clean(str(error))}."
    help_ = (
        f"Check that this machine reaches it, and that {variable_of('oauth_issuer')} is exactly what it calls"
        f" itself; {variable_of('oauth_jwks_url')} says where its keys are, {variable_of('ca_bundle')} whose"
        " certificates to trust."
    )
    if settings.token or settings.tokens_file:
        return warn("issuer", f"{told} Only the tokens that the settings know open the server.", help_)
    return fail("issuer", f"{told} Nobody can sign in: every request is answered 401.", help_)


def _metadata(name: str, settings: Settings) -> Findings:
    """Whether clients find where to sign in, for the server itself asks only for keys."""
    try:
        asyncio.run(Issuer(name, None, settings.ca_bundle).keys())
    except KeysUnavailableError as error:
        yield warn(
            "issuer",
            f"What {name} says of itself cannot be used: {clean(str(error))}. Clients that look there for"
            " where to sign in find nothing.",
            f"Check {variable_of('oauth_issuer')}: it has to be exactly what tokens name as their issuer.",
        )
