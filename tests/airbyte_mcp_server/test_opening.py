"""Whether somebody sits in front of this process, who a browser could be opened for."""

import pytest

from airbyte_mcp_server.reaching.opening import has_display

X11 = {"DISPLAY": ":0"}
WAYLAND = {"WAYLAND_DISPLAY": "wayland-0"}
SSH = {"SSH_CONNECTION": "198.51.100.7 50000 192.0.2.1 22"}


@pytest.mark.parametrize(
    ("environment", "platform", "there"),
    [
        (X11, "linux", True),
        (WAYLAND, "linux", True),
        ({}, "linux", False),
        ({"DISPLAY": ""}, "linux", False),
        (X11 | SSH, "linux", False),
        ({}, "darwin", True),
        (SSH, "darwin", False),
        ({}, "win32", True),
    ],
)
def test_a_browser_is_opened_where_there_is_a_display_and_nobody_came_by_ssh(
    environment: dict[str, str], platform: str, *, there: bool
) -> None:
    assert has_display(environment, platform) is there
