"""A client for operating Airbyte: Cloud, self-managed, and the sandbox.

    from airbyte_client import AirbyteClient

    client = AirbyteClient()
    for connection in client.list_connections():
        print(connection.name, connection.status)

`AsyncAirbyteClient` is the same for asyncio. Both come with typed models and one tree of errors.
"""

from airbyte_client._async.client import AsyncAirbyteClient
from airbyte_client._sync.client import AirbyteClient
from airbyte_client.auth import Auth, BasicAuth, BearerToken, ClientCredentials, NoAuth
from airbyte_client.base_url import DEFAULT_BASE_URL, normalise_base_url
from airbyte_client.clocks import AsyncClock, SyncClock
from airbyte_client.details import (
    Attempt,
    AttemptStatus,
    Failure,
    FailureOrigin,
    FailureSummary,
    FailureType,
    StreamDescriptor,
    StreamStats,
    SyncStats,
)
from airbyte_client.enums import ConnectionStatus, JobStatus, JobType, SyncMode
from airbyte_client.errors import (
    AirbyteError,
    ApiError,
    AuthenticationError,
    BadRequestError,
    CancelRefusedError,
    ConfigurationError,
    ConflictError,
    ConnectionLockedError,
    InvalidAnswerError,
    InvalidArgumentError,
    InvalidScheduleError,
    NotAirbyteError,
    NotFoundError,
    OutcomeUnknownError,
    PermissionDeniedError,
    RateLimitedError,
    RequestTimeoutError,
    ServerFaultError,
    SyncAlreadyRunningError,
    TransportError,
    UnprocessableError,
    UnreachableError,
    UntrustedCertificateError,
    WriteRefusedError,
)
from airbyte_client.job_details import JobDetails
from airbyte_client.job_logs import LogTail
from airbyte_client.models import (
    Connection,
    Destination,
    Job,
    Source,
    StreamConfiguration,
    StreamConfigurations,
    Tag,
    Workspace,
)
from airbyte_client.offered import OfferedStream
from airbyte_client.operations import Operation, WriteGate, closed_gate, open_gate
from airbyte_client.retries import RetryPolicy
from airbyte_client.schedules import (
    CronSchedule,
    IntervalSchedule,
    IntervalUnit,
    ManualSchedule,
    Schedule,
    UnknownSchedule,
    parse_schedule,
)
from airbyte_client.streams import StreamOutcome, StreamRun, StreamState
from airbyte_client.writable import every, nearest_cron, writable_cron

__all__ = [
    "DEFAULT_BASE_URL",
    "AirbyteClient",
    "AirbyteError",
    "ApiError",
    "AsyncAirbyteClient",
    "AsyncClock",
    "Attempt",
    "AttemptStatus",
    "Auth",
    "AuthenticationError",
    "BadRequestError",
    "BasicAuth",
    "BearerToken",
    "CancelRefusedError",
    "ClientCredentials",
    "ConfigurationError",
    "ConflictError",
    "Connection",
    "ConnectionLockedError",
    "ConnectionStatus",
    "CronSchedule",
    "Destination",
    "Failure",
    "FailureOrigin",
    "FailureSummary",
    "FailureType",
    "IntervalSchedule",
    "IntervalUnit",
    "InvalidAnswerError",
    "InvalidArgumentError",
    "InvalidScheduleError",
    "Job",
    "JobDetails",
    "JobStatus",
    "JobType",
    "LogTail",
    "ManualSchedule",
    "NoAuth",
    "NotAirbyteError",
    "NotFoundError",
    "OfferedStream",
    "Operation",
    "OutcomeUnknownError",
    "PermissionDeniedError",
    "RateLimitedError",
    "RequestTimeoutError",
    "RetryPolicy",
    "Schedule",
    "ServerFaultError",
    "Source",
    "StreamConfiguration",
    "StreamConfigurations",
    "StreamDescriptor",
    "StreamOutcome",
    "StreamRun",
    "StreamState",
    "StreamStats",
    "SyncAlreadyRunningError",
    "SyncClock",
    "SyncMode",
    "SyncStats",
    "Tag",
    "TransportError",
    "UnknownSchedule",
    "UnprocessableError",
    "UnreachableError",
    "UntrustedCertificateError",
    "Workspace",
    "WriteGate",
    "WriteRefusedError",
    "closed_gate",
    "every",
    "nearest_cron",
    "normalise_base_url",
    "open_gate",
    "parse_schedule",
    "writable_cron",
]
