"""Every fault against every operation of the client, over real sockets, and what became of it."""

import socket
import ssl
import threading
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from airbyte_answers import CONNECTION_ID, WORKSPACE_ID, connection, job
from airbyte_client import (
    AirbyteClient,
    AirbyteError,
    ClientCredentials,
    JobDetails,
    JobType,
    Operation,
    RetryPolicy,
)
from certificates import self_signed, server_tls
from faults import Fault, body_faults, connection_faults, redirect_faults, slow_faults, status_faults
from instant_clocks import InstantClock
from scripted_airbyte import Reply, Request, ScriptedAirbyte, answer, page, scripted_airbyte

SECRET, TOKEN = "planted-client-secret", "planted-access-token"
JOB = 124
SOURCE = {"sourceId": "s", "name": "Orders"}
DESTINATION = {"destinationId": "d", "name": "Warehouse"}
WORKSPACE = {"workspaceId": WORKSPACE_ID, "name": "Default"}
LOG = {"logType": "formatted", "logs": {"logLines": ["done"]}}
_EXPLAINED = {"job": {"configId": CONNECTION_ID}, "attempts": [{"attempt": {"id": 0, "status": "failed"}}]}
_VERIFY = ssl.create_default_context()

USES: dict[Operation, Callable[[AirbyteClient], object]] = {
    Operation.FETCH_TOKEN: lambda client: client.access_token,
    Operation.LIST_WORKSPACES: lambda client: client.list_workspaces(),
    Operation.GET_WORKSPACE: lambda client: client.get_workspace("w"),
    Operation.LIST_SOURCES: lambda client: client.list_sources(),
    Operation.GET_SOURCE: lambda client: client.get_source("s"),
    Operation.LIST_DESTINATIONS: lambda client: client.list_destinations(),
    Operation.GET_DESTINATION: lambda client: client.get_destination("d"),
    Operation.LIST_CONNECTIONS: lambda client: client.list_connections(),
    Operation.GET_CONNECTION: lambda client: client.get_connection(CONNECTION_ID),
    Operation.UPDATE_CONNECTION: lambda client: client.update_connection(CONNECTION_ID, name="New"),
    Operation.LIST_STREAMS: lambda client: client.list_streams("s", "d"),
    Operation.LIST_JOBS: lambda client: client.list_jobs(),
    Operation.GET_JOB: lambda client: client.get_job(JOB),
    Operation.TRIGGER_SYNC: lambda client: client.trigger_job(CONNECTION_ID),
    Operation.CLEAR_CONNECTION: lambda client: client.trigger_job(CONNECTION_ID, JobType.CLEAR),
    Operation.CANCEL_JOB: lambda client: client.cancel_job(JOB),
    Operation.EXPLAIN_JOB: lambda client: client.explain_job(JOB),
    Operation.LIST_STREAM_STATES: lambda client: client.explain_job(JOB, streams=True),
    Operation.READ_LOG: lambda client: client.explain_job(JOB, log_lines=5),
}
TARGETS = {
    Operation.GET_WORKSPACE: "w",
    Operation.GET_SOURCE: "s",
    Operation.GET_DESTINATION: "d",
    Operation.GET_CONNECTION: CONNECTION_ID,
    Operation.UPDATE_CONNECTION: CONNECTION_ID,
    Operation.GET_JOB: str(JOB),
    Operation.CANCEL_JOB: str(JOB),
}


@dataclass(frozen=True)
class Outcome:
    """What became of one use under one fault.

    Attributes:
        said: `answered`, `said to be unknown`, or the error's name.
        message: The error's whole text; empty where there was none.
        sent: How often the operation's own request arrived.
        jobs_started: How many jobs Airbyte started.
    """

    said: str
    message: str
    sent: int
    jobs_started: int


@dataclass(frozen=True)
class Cell:
    """One fault at one operation, for ever or only the first time."""

    fault: Fault
    operation: Operation
    lasting: bool


def line_of(operation: Operation) -> str:
    """The operation's own request."""
    path = operation.path.replace("{id}", TARGETS.get(operation, ""))
    return f"{operation.method} {'/api/v1' if operation.api.value == 'config' else ''}{path}"


class _Scene:
    """A healthy Airbyte at which one operation goes wrong."""

    def __init__(self, server: ScriptedAirbyte, cell: Cell) -> None:
        self._server = server
        self._cell = cell
        self._line = line_of(cell.operation)
        self.jobs = [job(JOB)]
        self.sent = 0

    def set(self) -> None:
        healthy: dict[str, object] = {
            "POST /applications/token": {"access_token": TOKEN, "expires_in": 900},
            "GET /workspaces": {"data": [WORKSPACE]},
            "GET /workspaces/w": WORKSPACE,
            "GET /sources": {"data": [SOURCE]},
            "GET /sources/s": SOURCE,
            "GET /destinations": {"data": [DESTINATION]},
            "GET /streams": {"data": [{"streamName": "orders"}]},
            "GET /destinations/d": DESTINATION,
            "GET /connections": {"data": [connection()]},
            f"GET /connections/{CONNECTION_ID}": connection(),
            f"PATCH /connections/{CONNECTION_ID}": connection(name="New"),
            f"GET /jobs/{JOB}": job(JOB),
            f"DELETE /jobs/{JOB}": job(JOB, status="cancelled"),
            "POST /api/v1/jobs/get_without_logs": _EXPLAINED,
            "POST /api/v1/stream_statuses/list": {
                "streamStatuses": [{"streamName": "s", "runState": "COMPLETE"}]
            },
            "POST /api/v1/attempt/get_for_job": LOG,
        }
        for line, good in healthy.items():
            self._server.on(line, self._reply(line, answer(good)))
        self._server.on("GET /jobs", self._list_jobs)
        self._server.on("POST /jobs", self._start_job)

    def _reply(self, line: str, good: Reply) -> Callable[[Request], Reply]:
        return lambda _: self._or_fault(line, good)

    def _or_fault(self, line: str, good: Reply) -> Reply:
        if line != self._line:
            return good
        self.sent += 1
        return self._cell.fault.reply if self._cell.lasting or self.sent == 1 else good

    def _list_jobs(self, _: Request) -> Reply:
        return self._or_fault("GET /jobs", page(*reversed(self.jobs)))

    def _start_job(self, _: Request) -> Reply:
        started = job(JOB + len(self.jobs), status="pending")
        reply = self._or_fault("POST /jobs", answer(started))
        if self._cell.fault.taken or reply is not self._cell.fault.reply:
            self.jobs.append(started)
        return reply


UseAt = Callable[[str, Operation, float], tuple[str, str]]
"""One use at a base URL, with a time-out in seconds: in a word what it comes to, and the text of its error."""


def use_at(base_url: str, operation: Operation, timeout: float) -> tuple[str, str]:
    """One use by the synchronous client, with waits that take no time and real time-outs."""
    client = AirbyteClient(
        base_url,
        auth=ClientCredentials("id", SECRET),
        connect_timeout=timeout,
        timeout=timeout,
        retries=RetryPolicy(attempts=2),
        clock=InstantClock(),
        transport=httpx.HTTPTransport(verify=_VERIFY),
    )
    with client:
        return use(client, operation)


def run(cell: Cell, server: ScriptedAirbyte, used: UseAt = use_at) -> Outcome:
    """Use the operation once."""
    server.reset()
    scene = _Scene(server, cell)
    scene.set()
    said, message = used(server.base_url, cell.operation, 1.0 if cell.fault.slow else 15.0)
    return Outcome(said, message, scene.sent, len(scene.jobs) - 1)


def use(client: AirbyteClient, operation: Operation) -> tuple[str, str]:
    """What one use comes to, in a word, and the whole text of its error."""
    try:
        result = USES[operation](client)
    except AirbyteError as error:
        return type(error).__name__, str(error)
    if isinstance(result, JobDetails):
        missing = " ".join(filter(None, (result.why_not, result.streams_why_not, result.log_why_not)))
        return ("said to be unknown", missing) if missing else ("answered", "")
    return "answered", ""


def run_matrix() -> tuple[dict[Cell, Outcome], list[Request]]:
    """All cells, and every request that arrived at the host that redirects name: there must be none."""
    with scripted_airbyte() as elsewhere:
        quick = [
            *connection_faults(),
            *body_faults(),
            *status_faults(),
            *redirect_faults(f"{elsewhere.base_url}/workspaces"),
        ]
        outcomes = {
            **_nowhere(),
            **_run_all(_cells(quick), workers=2),
            # These mostly wait.
            **_run_all(_cells(slow_faults()), workers=24),
        }
        return outcomes, list(elsewhere.log)


def _nowhere() -> dict[Cell, Outcome]:
    """Every operation where no connection comes about, so that nothing is ever sent."""
    with nobody_accepts() as silent, stranger() as unknown:
        return {
            **_at("connection refused", "http://127.0.0.1:9", timeout=15.0),
            **_at("connection never made", silent, timeout=0.5),
            **_at("certificate that nobody vouches for", unknown, timeout=15.0),
        }


def _at(name: str, base_url: str, timeout: float) -> dict[Cell, Outcome]:
    cells = _cells([Fault(name, Reply(), taken=False)])

    def use_here(cell: Cell) -> Outcome:
        return Outcome(*use_at(base_url, cell.operation, timeout), 0, 0)

    with ThreadPoolExecutor(8) as pool:
        return dict(zip(cells, pool.map(use_here, cells), strict=True))


def _cells(faults: Iterable[Fault]) -> list[Cell]:
    return [Cell(*parts) for parts in product(faults, USES, (True, False))]


def _run_all(cells: list[Cell], workers: int) -> dict[Cell, Outcome]:
    own = threading.local()
    with ExitStack() as servers, ThreadPoolExecutor(workers) as pool:

        def run_here(cell: Cell) -> Outcome:
            if not hasattr(own, "server"):
                own.server = servers.enter_context(scripted_airbyte())
            return run(cell, own.server)

        return dict(zip(cells, pool.map(run_here, cells), strict=True))


@contextmanager
def stranger() -> Generator[str]:
    """A base URL behind a certificate that nobody vouches for."""
    with TemporaryDirectory() as folder:
        tls = server_tls(self_signed(Path(folder) / "server.pem"))
        with scripted_airbyte(tls) as server:
            yield server.base_url


@contextmanager
def nobody_accepts() -> Generator[str]:
    """A base URL whose connections are never made: the queue of those that wait is full."""
    with ExitStack() as sockets:
        listener = sockets.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(3):
            waiting = sockets.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
