"""The one table of what the client can do: how it is sent, how long it may take, what it changes."""

from collections.abc import Callable
from enum import Enum, StrEnum
from typing import Self

from airbyte_client.errors import WriteRefusedError


class Api(Enum):
    """Which of Airbyte's two HTTP interfaces an operation belongs to."""

    PUBLIC = "public"
    CONFIG = "config"


class Kind(Enum):
    """Whether an operation changes something in Airbyte, whatever its HTTP verb."""

    READ = "read"
    EFFECT = "effect"


class Operation(StrEnum):
    """One call of Airbyte's API.

    An *effect* changes something in Airbyte; everything else is a *read*, whatever its HTTP verb: fetching a
    token and asking the Config API are POSTs and change nothing. Reads are retried; an effect is sent once.

    Attributes:
        api: Which interface it belongs to.
        method: The HTTP verb.
        path: Below the interface's base URL; `{id}` stands for the object acted on.
        kind: Effect or read.
        timeout: Seconds for a complete answer.
    """

    api: Api
    method: str
    path: str
    kind: Kind
    timeout: float

    def __new__(cls, value: str, api: Api, request: str, kind: Kind, timeout: float) -> Self:
        """Make a row of the table below."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.api, member.kind, member.timeout = api, kind, timeout
        member.method, member.path = request.split()
        return member

    FETCH_TOKEN = "fetch_token", Api.PUBLIC, "POST /applications/token", Kind.READ, 15
    LIST_WORKSPACES = "list_workspaces", Api.PUBLIC, "GET /workspaces", Kind.READ, 30
    GET_WORKSPACE = "get_workspace", Api.PUBLIC, "GET /workspaces/{id}", Kind.READ, 30
    LIST_SOURCES = "list_sources", Api.PUBLIC, "GET /sources", Kind.READ, 30
    GET_SOURCE = "get_source", Api.PUBLIC, "GET /sources/{id}", Kind.READ, 30
    LIST_DESTINATIONS = "list_destinations", Api.PUBLIC, "GET /destinations", Kind.READ, 30
    GET_DESTINATION = "get_destination", Api.PUBLIC, "GET /destinations/{id}", Kind.READ, 30
    # A page of connections carries every stream of each: large, and slow to build.
    LIST_CONNECTIONS = "list_connections", Api.PUBLIC, "GET /connections", Kind.READ, 60
    GET_CONNECTION = "get_connection", Api.PUBLIC, "GET /connections/{id}", Kind.READ, 30
    # Airbyte looks the source's schema up while it changes streams.
    UPDATE_CONNECTION = "update_connection", Api.PUBLIC, "PATCH /connections/{id}", Kind.EFFECT, 120
    # Airbyte asks the source itself where it has not done so lately.
    LIST_STREAMS = "list_streams", Api.PUBLIC, "GET /streams", Kind.READ, 180
    LIST_JOBS = "list_jobs", Api.PUBLIC, "GET /jobs", Kind.READ, 30
    GET_JOB = "get_job", Api.PUBLIC, "GET /jobs/{id}", Kind.READ, 30
    # Airbyte itself waits up to 60 s for the new job's id.
    TRIGGER_SYNC = "trigger_sync", Api.PUBLIC, "POST /jobs", Kind.EFFECT, 75
    # Cancels a running sync first and then waits for the new job's id, with no limit of its own.
    CLEAR_CONNECTION = "clear_connection", Api.PUBLIC, "POST /jobs", Kind.EFFECT, 180
    # Answers when the workflow has stopped.
    CANCEL_JOB = "cancel_job", Api.PUBLIC, "DELETE /jobs/{id}", Kind.EFFECT, 180
    EXPLAIN_JOB = "explain_job", Api.CONFIG, "POST /jobs/get_without_logs", Kind.READ, 30
    # Airbyte fetches the attempt's whole log from its store.
    READ_LOG = "read_log", Api.CONFIG, "POST /attempt/get_for_job", Kind.READ, 60
    LIST_STREAM_STATES = "list_stream_states", Api.CONFIG, "POST /stream_statuses/list", Kind.READ, 30

    @property
    def is_effect(self) -> bool:
        """Whether it changes something in Airbyte."""
        return self.kind is Kind.EFFECT

    @property
    def lists_names(self) -> bool:
        """Whether it lists what exists by id and name, which changes seldom."""
        return self in (
            Operation.LIST_WORKSPACES,
            Operation.LIST_SOURCES,
            Operation.LIST_DESTINATIONS,
            Operation.LIST_CONNECTIONS,
        )

    @property
    def may_be_retried(self) -> bool:
        """Whether it may be sent again after a failure."""
        return self.kind is Kind.READ


WriteGate = Callable[[Operation, str], None]
"""Called with an effect and the id of the object acted on, once, before it is sent.

Raises:
    WriteRefusedError: To stop it.
"""


def open_gate(operation: Operation, target_id: str) -> None:
    """Let every effect through."""


def closed_gate(operation: Operation, target_id: str) -> None:
    """Let no effect through.

    Raises:
        WriteRefusedError: Always.
    """
    raise WriteRefusedError(
        f"The write gate is closed: {operation} on {target_id} was not sent.",
        next_step="Open it with client.with_write_gate(...) once the change is approved.",
    )
