"""Whose process is at the other end of a connection on this machine."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from airbyte_mcp_server.reaching.loopback_peer import is_of_this_user

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/net/tcp").exists(), reason="only Linux lists whose a connection is"
)
NOBODY = 65_534
PYTHON = shutil.which("python3", path="/usr/bin") or sys.executable
CONNECT = (
    "import socket, sys; s = socket.create_connection(('127.0.0.1', int(sys.argv[1]))); sys.stdin.read()"
)


@pytest.fixture
def listening() -> Generator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def test_a_process_of_this_user_is_known(listening: socket.socket) -> None:
    own = listening.getsockname()[1]
    with socket.create_connection(("127.0.0.1", own)) as client:
        assert is_of_this_user(client.getsockname()[1], own)


def test_a_connection_that_nobody_holds_is_nobodys(listening: socket.socket) -> None:
    own = listening.getsockname()[1]
    client = socket.create_connection(("127.0.0.1", own))
    accepted, (_, peer) = listening.accept()
    assert is_of_this_user(peer, own)
    client.close()
    # The kernel keeps the closed half for a while, and lists it as root's.
    assert not is_of_this_user(peer, own)
    accepted.close()


def test_another_connection_is_not_taken_for_this_one(listening: socket.socket) -> None:
    own = listening.getsockname()[1]
    with socket.create_connection(("127.0.0.1", own)) as client:
        assert not is_of_this_user(client.getsockname()[1] - 1, own)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can start a process of another user")
def test_a_process_of_another_user_is_turned_away(listening: socket.socket) -> None:
    own = listening.getsockname()[1]
    with subprocess.Popen(
        [PYTHON, "-I", "-S", "-c", CONNECT, str(own)],
        stdin=subprocess.PIPE,
        user=NOBODY,
        group=NOBODY,
        extra_groups=(),
        cwd="/",
    ) as stranger:
        accepted, (_, peer) = listening.accept()
        assert not is_of_this_user(peer, own)
        accepted.close()
        stranger.kill()
