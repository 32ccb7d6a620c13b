"""A network between a store and PostgreSQL that breaks at the one moment when nobody can know what happened."""

import re
import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from postgres_server import PostgresServer

MOVE = b"UPDATE plans SET state"
COMMIT = b"COMMIT\0"


@dataclass
class CommitCutter:
    """Cuts a connection at the commit of a transaction that moves a plan, once armed.

    Attributes:
        address: The database, through this.
        commit_arrives: Whether the commit itself still reaches the server; its answer never comes back.
    """

    address: str
    commit_arrives: bool
    armed: threading.Event = field(default_factory=threading.Event)

    def cuts_at(self, sent: bytes, *, moved: bool) -> bool:
        """Whether these bytes of the client are the commit that is waited for."""
        cuts = self.armed.is_set() and moved and COMMIT in sent
        if cuts:
            self.armed.clear()
        return cuts


@contextmanager
def commit_cutter(server: PostgresServer, address: str, *, commit_arrives: bool) -> Generator[CommitCutter]:
    """A proxy before the server, for as long as this lasts."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
        cutter = CommitCutter(re.sub(rf":{server.port}/", f":{port}/", address), commit_arrives)
        serving = threading.Thread(target=_serve, args=[door, server.port, cutter], daemon=True)
        serving.start()
        yield cutter
        door.shutdown(socket.SHUT_RDWR)
        serving.join()


def _serve(door: socket.socket, port: int, cutter: CommitCutter) -> None:
    with suppress(OSError):  # the door closes when the test is over
        while True:
            client, _ = door.accept()
            threading.Thread(target=_connect, args=[client, port, cutter], daemon=True).start()


def _connect(client: socket.socket, port: int, cutter: CommitCutter) -> None:
    with client, socket.create_connection(("127.0.0.1", port)) as upstream:
        back = threading.Thread(target=_back, args=[upstream, client], daemon=True)
        back.start()
        _forth(client, upstream, cutter)
        back.join()


def _forth(client: socket.socket, upstream: socket.socket, cutter: CommitCutter) -> None:
    moved = False
    with suppress(OSError):
        while sent := client.recv(65_536):
            if cutter.cuts_at(sent, moved=moved):
                _hang_up(client)
                upstream.sendall(sent if cutter.commit_arrives else b"")
                break
            moved = MOVE in sent or (moved and COMMIT not in sent)
            upstream.sendall(sent)
    # The server reads to the end of what it was sent before it notices that nobody listens.
    with suppress(OSError):
        upstream.shutdown(socket.SHUT_WR)


def _back(upstream: socket.socket, client: socket.socket) -> None:
    with suppress(OSError):
        while answered := upstream.recv(65_536):
            client.sendall(answered)
    _hang_up(client)


def _hang_up(client: socket.socket) -> None:
    with suppress(OSError):
        client.shutdown(socket.SHUT_RDWR)
