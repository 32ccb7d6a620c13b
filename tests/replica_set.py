"""Three servers over HTTP that share PostgreSQL and the state key, behind a balancer that keeps nobody with one."""

import subprocess
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from balancer import Balancer, balancing, free_ports, until_listening
from harness import COMMAND, TOKEN, Desk

REPLICAS = 3
STATE_KEY = "planted-state-key-that-all-replicas-share"
SECONDS = 20


class Replica:
    """One of the processes; it can be killed and started again, on the same port."""

    def __init__(self, port: int, environment: Mapping[str, str], log: Path) -> None:
        self.port = port
        self._environment = dict(environment)
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it is reached without the balancer."""
        return f"http://127.0.0.1:{self.port}/mcp"

    @property
    def pid(self) -> int:
        """Its process, since it was last started."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it; it listens when this returns."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [COMMAND, "serve", "--transport", "http", "--port", str(self.port)],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stderr=log,
            )
        until_listening(self.port)

    def kill(self) -> None:
        """End it in the middle of whatever it does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(SECONDS)

    def stop(self) -> int:
        """Ask it to end, as a supervisor does; its exit code."""
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(SECONDS)


@dataclass(frozen=True)
class Replicas:
    """All of them, and what stands before and behind them.

    Attributes:
        each: The processes.
        balancer: nginx.
        desk: Their sandbox and their folder.
        settings: What a command of this deployment is started with besides the desk's environment.
    """

    each: tuple[Replica, ...]
    balancer: Balancer
    desk: Desk
    settings: dict[str, str]

    @property
    def url(self) -> str:
        """Where clients reach any of them."""
        return self.balancer.url

    @property
    def environment(self) -> dict[str, str]:
        """The whole environment of a command of this deployment."""
        return self.desk.environment | self.settings

    @property
    def store(self) -> str:
        """The address of their store."""
        return self.settings["AIRBYTE_MCP_STORE"]


@contextmanager
def replicated(desk: Desk, store: str, settings: Mapping[str, str] | None = None) -> Generator[Replicas]:
    """Three replicas behind nginx; all listen when this enters."""
    shared = {"AIRBYTE_MCP_STORE": store, "AIRBYTE_MCP_STATE_KEY": STATE_KEY, "AIRBYTE_MCP_TOKEN": TOKEN}
    shared |= dict(settings or {})
    ports = free_ports(REPLICAS)
    each = tuple(Replica(port, desk.environment | shared, desk.folder / f"{port}.log") for port in ports)
    with ExitStack() as stack:
        for replica in each:
            stack.callback(replica.kill)
            replica.start()
        balancer = stack.enter_context(balancing(desk.folder, ports))
        yield Replicas(each, balancer, desk, shared)
