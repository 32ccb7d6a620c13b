"""The connectors there are: the bundled ones, and those the user registered."""

import sys
from collections.abc import Mapping

from airbyte_sandbox.json_value import JsonObject
from airbyte_sandbox.model import StreamSchema
from airbyte_sandbox.runs.discovery import DiscoveryError, discovered
from airbyte_sandbox.sources import sample
from airbyte_sandbox.sources.protocol import SourceFailed

SAMPLE = "sample"
BUNDLED = (SAMPLE, "file")


class Connectors:
    """Finds the command that starts a connector."""

    def __init__(self, registered: Mapping[str, tuple[str, ...]]) -> None:
        self._registered = frozenset(registered)
        self._commands: dict[str, tuple[str, ...]] = {
            **{name: (sys.executable, "-P", "-m", f"airbyte_sandbox.sources.{name}") for name in BUNDLED},
            **registered,
        }

    @property
    def names(self) -> tuple[str, ...]:
        """All of them."""
        return tuple(self._commands)

    def command(self, name: str) -> tuple[str, ...]:
        """The command of the connector ``name``.

        Raises:
            LookupError: there is none of this name; a folder may know one that is not registered any more.
        """
        if name not in self._commands:
            raise LookupError(f"no connector is registered as {name}; start with --connector {name}=COMMAND")
        return self._commands[name]

    def discover(self, name: str, configuration: JsonObject) -> tuple[StreamSchema, ...]:
        """The streams of the connector ``name``; the sample source is asked without a process of its own.

        Raises:
            LookupError: there is none of this name.
            DiscoveryError: it gives no streams.
        """
        if name != SAMPLE or name in self._registered:
            return discovered(self.command(name), configuration)
        try:
            return tuple(sample.catalog(configuration))
        except SourceFailed as failure:
            raise DiscoveryError(failure.message) from failure
