"""Who the client says it is. No repr of these shows a secret."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from airbyte_client.errors import ConfigurationError

TOKEN = re.compile(r"[\x21-\x7e]+")
"""What can stand in an Authorization header without changing it."""


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """An application's id and secret; the client fetches and renews short-lived tokens with them.

    The way to prefer: an Airbyte access token lives for 15 minutes or less.
    """

    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class BearerToken:
    """A ready access token, sent as it is. It cannot be renewed.

    Raises:
        ConfigurationError: It is empty, or holds what no token holds, such as a line's end.
    """

    token: str = field(repr=False)

    def __post_init__(self) -> None:
        if not TOKEN.fullmatch(self.token):
            raise ConfigurationError(
                "The access token is empty, or holds spaces or characters that no token has.",
                next_step="Paste it again, without quotes and line ends.",
            )


@dataclass(frozen=True, slots=True)
class BasicAuth:
    """User name and password, as older self-managed versions ask for."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class NoAuth:
    """Send no Authorization header: a self-managed Airbyte with authentication switched off."""


Auth = ClientCredentials | BearerToken | BasicAuth | NoAuth

_CLIENT = ("AIRBYTE_CLIENT_ID", "AIRBYTE_CLIENT_SECRET")
_TOKEN = ("AIRBYTE_SECRET_ACCESS_TOKEN",)
_BASIC = ("AIRBYTE_USERNAME", "AIRBYTE_PASSWORD")


def auth_from_environment(environment: Mapping[str, str] | None = None) -> Auth:
    """The credentials that the environment names, or `NoAuth`.

    Args:
        environment: Instead of `os.environ`.

    Raises:
        ConfigurationError: Half of a pair is set, or more than one kind.
    """
    values = os.environ if environment is None else environment
    kinds = [names for names in (_CLIENT, _TOKEN, _BASIC) if any(values.get(name) for name in names)]
    if not kinds:
        return NoAuth()
    if len(kinds) > 1:
        found = " and ".join(kind[0] for kind in kinds)
        raise ConfigurationError(
            f"The environment holds more than one kind of credentials: {found}.",
            next_step="Keep only one of them.",
        )
    (names,) = kinds
    missing = [name for name in names if not values.get(name)]
    if missing:
        raise ConfigurationError(
            f"{missing[0]} is not set.", next_step=f"Set {' and '.join(names)} together."
        )
    first, *rest = (values[name] for name in names)
    if names == _TOKEN:
        return BearerToken(first)
    return ClientCredentials(first, rest[0]) if names == _CLIENT else BasicAuth(first, rest[0])
