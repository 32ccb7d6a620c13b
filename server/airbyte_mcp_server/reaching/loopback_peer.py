"""Who is at the other end of a connection on loopback, as far as the operating system tells.

While a browser starts, its command line, and with it the address that it
opens, can be read by every user of a Linux machine. So there only processes of
this user are answered; macOS hands the address over without a command line.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_TABLES = (Path("/proc/self/net/tcp"), Path("/proc/self/net/tcp6"))
_LOCAL, _REMOTE, _USER, _INODE = 1, 2, 7, 9
ROOT = 0
"""Root may do anything anyway, and WSL connects as root for browsers of Windows."""


def is_of_this_user(peer_port: int, own_port: int) -> bool:
    """Whether the client of a connection belongs to this user, or to root; true where nobody can tell."""
    if not _TABLES[0].exists():
        return True
    return any(user in (os.geteuid(), ROOT) for user in _users(peer_port, own_port))


def _users(local: int, remote: int) -> Iterator[int]:
    """Whose the socket is: a socket that its process has closed already is listed as root's, and left out."""
    for table in _TABLES:
        with suppress(OSError):
            for line in table.read_text(encoding="ascii").splitlines()[1:]:
                fields = line.split()
                ports = _port(fields[_LOCAL]), _port(fields[_REMOTE])
                if ports == (local, remote) and fields[_INODE] != "0":
                    yield int(fields[_USER])


def _port(address: str) -> int:
    return int(address.rpartition(":")[2], 16)
