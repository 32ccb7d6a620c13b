"""Two sandboxes behind one server: `prod` and `staging`, with the same connections under the same ids in both."""

from collections.abc import Mapping
from dataclasses import dataclass

from harness import CLIENT_ID, CLIENT_SECRET, Desk, Sandbox

PROD, STAGING = "prod", "staging"
NAMES = (PROD, STAGING)


@dataclass(frozen=True)
class Two:
    """A desk whose server can know two Airbytes; the desk's own sandbox is `prod`."""

    desk: Desk
    staging: Sandbox

    @property
    def prod(self) -> Sandbox:
        """The first Airbyte."""
        return self.desk.sandbox

    @property
    def named(self) -> Mapping[str, Sandbox]:
        """Both, by their names."""
        return {PROD: self.prod, STAGING: self.staging}

    @property
    def settings(self) -> dict[str, str]:
        """What makes a server of this desk know both."""
        return naming(self.desk, {name: sandbox.api_url for name, sandbox in self.named.items()})


def naming(desk: Desk, addresses: Mapping[str, str]) -> dict[str, str]:
    """What turns the desk's environment, which describes one Airbyte, into one that names these."""
    file = desk.folder / "settings.toml"
    file.write_text("".join(_table(name, address) for name, address in addresses.items()))
    return dict.fromkeys(desk.sandbox.environment, "") | {"AIRBYTE_MCP_CONFIG": str(file)}


def _table(name: str, address: str) -> str:
    return (
        f'[instances.{name}]\napi_url = "{address}"\n'
        f'client_id = "{CLIENT_ID}"\nclient_secret = "{CLIENT_SECRET}"\n'
    )
