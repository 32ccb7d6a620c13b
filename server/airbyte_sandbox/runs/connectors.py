"""The connectors there are: the bundled ones, and those the user registered."""

import sys
from collections.abc import Mapping

BUNDLED = ("sample", "file")


class Connectors:
    """Finds the command that starts a connector."""

    def __init__(self, registered: Mapping[str, tuple[str, ...]]) -> None:
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
