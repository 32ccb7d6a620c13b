"""A real nginx before several replicas: the file of deploy/, with this test's addresses in it."""

import os
import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from certificates import self_signed

DEPLOYED = Path(__file__).parents[1] / "deploy" / "nginx.conf"
SECONDS = 20

# What a distribution's own nginx.conf says around the deployed file, for a user without rights.
_AROUND = """{user}
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx-error.log;
events {{ worker_connections 512; }}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/replicas.conf;
}}
"""


@dataclass(frozen=True)
class Balancer:
    """nginx, running.

    Attributes:
        url: Where MCP is reached through it.
    """

    url: str
    log: Path

    def served_by(self, method: str = "tools/call", at_least: int = 0) -> list[int]:
        """The port of the replica that answered each request of an MCP method, in order of their ends.

        Requests that no replica answered are left out.

        Args:
            method: Older clients do not say it: theirs is "".
            at_least: Wait for so many; nginx notes a request right after the client has its answer.
        """
        ends = time.monotonic() + SECONDS
        while len(served := self._served_by(method)) < at_least and time.monotonic() < ends:
            threading.Event().wait(0.02)
        return served

    def _served_by(self, method: str) -> list[int]:
        lines = [line.split(" ") for line in self.log.read_text().splitlines()]
        answered = [line for line in lines if line[-1] == (method or "-") and line[1].startswith("2")]
        return [int(re.findall(r":(\d+)", " ".join(line[3:-3]))[-1]) for line in answered]


def nginx() -> str:
    """The program.

    Skips the test, or with CI set fails it, where it is not installed.
    """
    found = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    if found is not None:
        return found
    missing = "nginx is not installed (Debian: apt-get install nginx-light)"
    if os.environ.get("CI"):
        pytest.fail(missing)
    pytest.skip(missing)


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def write_configuration(folder: Path, listen: str, ports: Sequence[int]) -> Path:
    """The deployed file with these addresses, and what stands around it; everything is in `folder`."""
    text = DEPLOYED.read_text()
    servers = "".join(f"    server 127.0.0.1:{port} max_fails=0;\n" for port in ports)
    text = re.sub(r"(?:^    server \S+ max_fails=0;\n)+", servers, text, count=1, flags=re.MULTILINE)
    text = text.replace("listen 443 ssl;", f"listen {listen};")
    if not listen.endswith(" ssl"):
        text = re.sub(r"\n    ssl_\S+ \S+;", "", text)
    assert "10.0.0." not in text, "every address of the example is replaced"
    text = text.replace("/var/log/nginx", str(folder)).replace("/etc/ssl", str(folder))
    pem = self_signed(folder / "airbyte-mcp.pem").read_bytes()
    (folder / "airbyte-mcp.key").write_bytes(pem)
    (folder / "replicas.conf").write_text(text)
    around = folder / "nginx.conf"
    # Workers of a master that is root would be nobody, who may not look into pytest's folders.
    user = "user root;" if os.geteuid() == 0 else ""
    around.write_text(_AROUND.format(folder=folder, user=user))
    return around


def lint(configuration: Path) -> str:
    """What nginx itself says of a configuration."""
    done = subprocess.run(
        [*_command(configuration), "-t"],
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    return f"{done.returncode}: {done.stderr}"


def _command(configuration: Path) -> list[str]:
    folder = configuration.parent
    return [nginx(), "-p", str(folder), "-e", str(folder / "nginx-error.log"), "-c", str(configuration)]


def until_listening(port: int) -> None:
    """Until somebody takes connections on a port of this machine."""
    ends = time.monotonic() + SECONDS
    while time.monotonic() < ends:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        threading.Event().wait(0.02)
    raise AssertionError(f"nobody listens on port {port}")


@contextmanager
def balancing(folder: Path, ports: Sequence[int]) -> Generator[Balancer]:
    """nginx before these ports, in turn; ready when this enters."""
    (port,) = free_ports(1)
    configuration = write_configuration(folder, f"127.0.0.1:{port}", ports)
    log = folder / "airbyte-mcp.log"
    with (
        (folder / "nginx.out").open("w") as said,
        subprocess.Popen(_command(configuration), stderr=said) as process,
    ):
        try:
            until_listening(port)
            yield Balancer(f"http://127.0.0.1:{port}/mcp", log)
        finally:
            process.terminate()
            process.wait(SECONDS)
