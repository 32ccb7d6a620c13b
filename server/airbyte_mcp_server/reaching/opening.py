"""Opening the browser of the person at this computer."""

import logging
import os
import sys
import threading
import webbrowser
from collections.abc import Mapping
from functools import cache

from airbyte_mcp_server.settings.model import Browser

logger = logging.getLogger(__name__)

_DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY")
_FROM_AFAR = ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY")


@cache
def browser_here(wanted: Browser) -> bool:
    """Whether this process can open a browser in front of a person; blocks for a moment the first time."""
    if wanted == "never" or (wanted == "auto" and not has_display(os.environ, sys.platform)):
        return False
    try:
        webbrowser.get()
    except webbrowser.Error:
        logger.warning("No browser was found on this computer, so plans are not opened in one.")
        return False
    return True


def has_display(environment: Mapping[str, str], platform: str) -> bool:
    """Whether a person sits in front of this process: there is a display, and nobody came by ssh."""
    if any(environment.get(name) for name in _FROM_AFAR):
        return False
    return platform in ("darwin", "win32") or any(environment.get(name) for name in _DISPLAYS)


def open_browser(address: str) -> None:
    """Open an address, in a thread of its own, for some browsers only return when they are closed."""

    def run() -> None:
        if not webbrowser.open(address):
            # The address holds a secret, so it is not told here.
            logger.warning("The browser could not be opened; approve the plan in another way.")

    threading.Thread(target=run, name="browser", daemon=True).start()
