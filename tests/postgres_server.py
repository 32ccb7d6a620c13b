"""A real PostgreSQL for tests: Debian's binaries, a folder and a port of its own, a fresh database on demand."""

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

PASSWORD = "planted-password-of-the-store"
USER = "mcp"
SECONDS = 30

# Durability is PostgreSQL's own promise; these tests ask for ours, and never cut the power.
_SETTINGS = ("fsync=off", "max_connections=100", "log_min_messages=fatal", "unix_socket_directories=''")


@dataclass(frozen=True)
class PostgresServer:
    """A server that can be stopped and started again, on the same port and with the same data."""

    programs: Path
    folder: Path
    port: int

    def start(self) -> None:
        """Start it; it accepts connections when this returns."""
        options = " ".join(f"-c {setting}" for setting in (*_SETTINGS, f"port={self.port}"))
        self._control("-w", "-o", f"-c listen_addresses=127.0.0.1 {options}", "start")

    def stop(self, mode: str = "immediate") -> None:
        """Stop it; immediately means as if it crashed, and every connection breaks."""
        self._control("-m", mode, "-w", "stop")

    def restart(self) -> None:
        """Break every connection and be there again."""
        self.stop()
        self.start()

    def is_running(self) -> bool:
        """Whether somebody listens on its port."""
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def fresh_database(self) -> str:
        """The address of a new, empty database."""
        name = f"store_{secrets.token_hex(6)}"
        self.run(f"CREATE DATABASE {name}")
        return self.address(name)

    def address(self, database: str = "postgres", user: str = USER, password: str = PASSWORD) -> str:
        """The address of a database, as AIRBYTE_MCP_STORE takes it."""
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{database}"

    def run(self, statement: str, database: str = "postgres") -> None:
        """Run one statement as the superuser."""
        with psycopg.connect(self.address(database), autocommit=True) as connection:
            connection.execute(statement.encode())

    def _control(self, *arguments: str) -> None:
        log = self.folder / "log"
        _run(self.folder, self.programs / "pg_ctl", "-D", self.folder / "data", "-l", log, *arguments)


@contextmanager
def running_postgres() -> Generator[PostgresServer]:
    """A server for as long as this lasts.

    Skips the test, or with CI set fails it, where PostgreSQL is not installed.
    """
    programs = _programs()
    # Not below pytest's own folder: PostgreSQL refuses to run as root, and nobody else may look in there.
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    try:
        _initialise(PostgresServer(programs, folder, 0))
        server = _started(programs, folder)
        try:
            yield server
        finally:
            server.stop("fast")
    finally:
        shutil.rmtree(folder)


def _started(programs: Path, folder: Path) -> PostgresServer:
    """On a free port, or on the next one where somebody else was faster to take it."""
    for _ in range(4):
        server = PostgresServer(programs, folder, _free_port())
        with suppress(AssertionError):
            server.start()
            return server
    last = PostgresServer(programs, folder, _free_port())
    last.start()
    return last


def _programs() -> Path:
    installed = [Path(found).parent for found in [shutil.which("initdb")] if found]
    installed += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    if installed:
        return installed[-1]
    missing = "PostgreSQL's server is not installed (Debian: apt-get install postgresql)"
    if os.environ.get("CI"):
        pytest.fail(missing)
    pytest.skip(missing)


def _initialise(server: PostgresServer) -> None:
    secret = server.folder / "password"
    secret.write_text(PASSWORD)
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        for path in (server.folder, secret):
            os.chown(path, nobody.pw_uid, nobody.pw_gid)
    arguments = (
        "-U",
        USER,
        "-A",
        "scram-sha-256",
        "--pwfile",
        secret,
        "-E",
        "UTF8",
        "--locale=C",
        "--no-sync",
    )
    _run(server.folder, server.programs / "initdb", "-D", server.folder / "data", *arguments)


def _run(folder: Path, *command: Path | str) -> None:
    """Run one of PostgreSQL's programs, as `nobody` where we are root; its own words are shown if it fails."""
    nobody = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
    # A file, not a pipe: the server that pg_ctl leaves behind would hold a pipe open.
    output = folder / "said"
    with output.open("w") as said:
        done = subprocess.run(
            command,
            stdout=said,
            stderr=subprocess.STDOUT,
            check=False,
            timeout=SECONDS,
            cwd=folder,
            user=nobody and nobody.pw_uid,
            group=nobody and nobody.pw_gid,
            extra_groups=None if nobody is None else [],
        )
    assert done.returncode == 0, output.read_text()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
