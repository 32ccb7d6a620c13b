"""The Airbytes of one server, by name; each client opens when it is first used."""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from airbyte_guardrails.plans import Instance
from airbyte_mcp_server.settings.airbyte import AirbyteSettings
from airbyte_mcp_server.settings.model import Settings

if TYPE_CHECKING:
    from airbyte_client import AsyncAirbyteClient
    from airbyte_client.auth import Auth
    from airbyte_client.calls import Observer

NAMES_KEPT_SECONDS = 10.0

ObserverOf = Callable[[str], "Observer | None"]
"""Who looks at the requests to the Airbyte of this name; asked when its client opens."""


class Airbyte:
    """One Airbyte.

    Attributes:
        name: How the operator calls it in plans, questions and records.
        settings: How it is reached.
    """

    def __init__(self, name: str, settings: AirbyteSettings, observer_of: ObserverOf) -> None:
        self.name = name
        self.settings = settings
        self._observer_of = observer_of
        self._client: AsyncAirbyteClient | None = None

    @property
    def client(self) -> "AsyncAirbyteClient":
        """Airbyte, with the gate for changes closed.

        Raises:
            AirbyteError: The address or the credentials cannot be used.
        """
        if self._client is None:
            from airbyte_client import AsyncAirbyteClient, closed_gate  # noqa: PLC0415 - httpx is heavy at start-up
            from airbyte_mcp_server.operating.request_spans import joined_read  # noqa: PLC0415 - as above

            self._client = AsyncAirbyteClient(
                self.settings.api_url,
                auth=auth_of(self.settings),
                write_gate=closed_gate,
                ca_bundle=self.settings.ca_bundle,
                names_kept_for=NAMES_KEPT_SECONDS,
                observer=self._observer_of(self.name),
                joined=joined_read,
            )
        return self._client

    @property
    def address(self) -> str:
        """The base URL of its API, by which plans know it.

        Raises:
            AirbyteError: The address cannot be used.
        """
        from airbyte_client import normalise_base_url  # noqa: PLC0415 - as above

        return normalise_base_url(self.settings.api_url)

    @property
    def instance(self) -> Instance:
        """This Airbyte as it stands in plans."""
        return Instance(name=self.name, address=self.address)

    def is_at(self, address: str) -> bool:
        """Whether a plan for this address is for this Airbyte."""
        from airbyte_client import AirbyteError  # noqa: PLC0415 - as above

        try:
            return self.address == address
        except AirbyteError:
            return False

    async def aclose(self) -> None:
        """Close the connections to it, if there are any."""
        if self._client is not None:
            await self._client.aclose()


class Airbytes(Mapping[str, Airbyte]):
    """Every Airbyte of the settings, one or more.

    Attributes:
        choices: The names among which a caller has to choose; empty where there is one Airbyte only.
    """

    def __init__(self, settings: Settings, observer_of: ObserverOf) -> None:
        self.choices = settings.choices
        self._by_name = {
            name: Airbyte(name, airbyte, observer_of) for name, airbyte in settings.airbytes.items()
        }

    def __getitem__(self, name: str) -> Airbyte:
        return self._by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)

    @property
    def first(self) -> Airbyte:
        """The only one, or of several the one that the settings name first."""
        return next(iter(self._by_name.values()))

    def at(self, address: str) -> Airbyte | None:
        """The one at the address of a plan; None where this server talks to no such Airbyte."""
        return next((airbyte for airbyte in self._by_name.values() if airbyte.is_at(address)), None)


def auth_of(settings: AirbyteSettings) -> "Auth":
    """The credentials that the settings hold, in the client's form."""
    from airbyte_client import BasicAuth, BearerToken, ClientCredentials, NoAuth  # noqa: PLC0415 - as above

    if settings.client_id and settings.client_secret:
        return ClientCredentials(settings.client_id, settings.client_secret.get_secret_value())
    if settings.secret_access_token:
        return BearerToken(settings.secret_access_token.get_secret_value())
    if settings.username and settings.password:
        return BasicAuth(settings.username, settings.password.get_secret_value())
    return NoAuth()
