"""What an operator says of one Airbyte: where it answers, how to sign in there, how far to look."""

import re
import ssl
from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, SecretStr, field_validator, model_validator

DEFAULT_API_URL = "http://localhost:8000/api/public/v1"
DEFAULT_INSTANCE, SANDBOX_INSTANCE = "default", "sandbox"
"""What an Airbyte is called that has no name of its own, and the one that `--sandbox` starts."""

MOST_INSTANCES = 20
"""Every tool's schema lists their names, and every session pays for that."""

_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?")
_TAKEN_NAMES = frozenset({"plans"})
"""A resource `airbyte://plans/...` is a plan, whatever its Airbyte."""


class AirbyteSettings(BaseModel):
    """How one Airbyte is reached. Immutable.

    Attributes:
        api_url: Where Airbyte's public API answers.
        client_id: An application of Airbyte, with client_secret; the way to sign in that lasts.
        client_secret: The secret of that application.
        secret_access_token: A bearer token; Airbyte's own last 15 minutes.
        username: Basic authentication of old self-managed servers, with password.
        password: The password of that user.
        workspace_id: Look for names only in this workspace, and refuse connections of others.
        ca_bundle: A file of certificates to trust instead of the usual ones, for a company's own authority.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    api_url: str = DEFAULT_API_URL
    client_id: str | None = None
    client_secret: SecretStr | None = None
    secret_access_token: SecretStr | None = None
    username: str | None = None
    password: SecretStr | None = None
    workspace_id: str | None = None
    ca_bundle: Path | None = None

    @field_validator("api_url")
    @classmethod
    def _web_address(cls, url: str) -> str:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("it is not a web address, such as https://api.airbyte.com/v1")
        if parts.username or parts.password:
            raise ValueError("credentials do not belong into the address; use username and password")
        return url

    @field_validator("ca_bundle")
    @classmethod
    def _readable_bundle(cls, bundle: Path | None) -> Path | None:
        if bundle is None:
            return None
        file = bundle.expanduser()
        if not file.is_file():
            raise ValueError("there is no such file")
        try:
            ssl.create_default_context(cafile=file)
        except (ssl.SSLError, OSError) as error:
            raise ValueError("it cannot be read as certificates in PEM form") from error
        return file

    @model_validator(mode="after")
    def _one_way_to_sign_in(self) -> "AirbyteSettings":
        require_together("client_id and client_secret", self.client_id, self.client_secret)
        require_together("username and password", self.username, self.password)
        chosen = [self.client_id, self.secret_access_token, self.username]
        if sum(value is not None for value in chosen) > 1:
            raise ValueError(
                "choose one way to sign in: client_id and client_secret, secret_access_token,"
                " or username and password"
            )
        return self


AIRBYTE_NAMES = frozenset(AirbyteSettings.model_fields)
"""Settings that Airbyte users know by these names; their variables begin with AIRBYTE_ only."""

AIRBYTE_SECRETS = frozenset({"client_secret", "secret_access_token", "password"})


def require_together(names: str, *values: object) -> None:
    """See that of settings which make sense only together all are set, or none.

    Raises:
        ValueError: Only some are.
    """
    if len({value is None for value in values}) > 1:
        raise ValueError(f"{names} go together; only one of them is set")


def require_told_apart(instances: Mapping[str, AirbyteSettings]) -> None:
    """See that each Airbyte has a name that can be used, and an address of its own.

    Raises:
        ValueError: One has not.
    """
    if len(instances) > MOST_INSTANCES:
        raise ValueError(f"{len(instances)} are too many; {MOST_INSTANCES} at most")
    for name, airbyte in instances.items():
        if not _NAME.fullmatch(name):
            raise ValueError(
                f"{name[:80]!r} cannot name an Airbyte; a name is 1 to 32 lower-case letters, digits and"
                " dashes between them, such as prod-eu"
            )
        if name in _TAKEN_NAMES:
            raise ValueError(f"{name!r} cannot name an Airbyte: the addresses of plans begin with it")
        if "api_url" not in airbyte.model_fields_set:
            raise ValueError(f"{name}.api_url is missing: where this Airbyte answers")
    for one, other in _at_one_address(instances):
        raise ValueError(
            f"{one} and {other} have the same address, and by it plans, the history of changes and what a"
            " change left behind are known; use one of them, with credentials that see all of it"
        )


def _at_one_address(instances: Mapping[str, AirbyteSettings]) -> Iterator[tuple[str, str]]:
    for (one, first), (other, second) in combinations(instances.items(), 2):
        # Only those that share a host are looked at closely: the client's own reading comes with httpx.
        if _host(first.api_url) == _host(second.api_url) and _address(first) == _address(second):
            yield one, other


def _host(url: str) -> str:
    host = (urlsplit(url if "://" in url else f"//{url}").hostname or "").rstrip(".")
    # Cloud has several, and they are one Airbyte; so has this machine.
    if host in _THIS_MACHINE:
        return "localhost"
    return "airbyte.com" if host.endswith(".airbyte.com") else host


def _address(airbyte: AirbyteSettings) -> str:
    from airbyte_client import AirbyteError, normalise_base_url  # noqa: PLC0415 - httpx is heavy at start-up

    try:
        url = normalise_base_url(airbyte.api_url)
    except AirbyteError as error:
        raise ValueError(f"{airbyte.api_url[:200]!r}: {error.message}") from error
    parts = urlsplit(url)
    # With TLS or without, it is the same one.
    return f"{_host(url)}:{parts.port or 'usual'}{parts.path}"
