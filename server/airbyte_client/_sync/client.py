# Generated from _async/client.py by scripts/sync_client.py; change that file instead.
"""The client itself. Written once, in `_async`; `_sync` is generated from it."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import httpx
from pydantic import BaseModel, JsonValue

from airbyte_client._sync.exchange import SyncExchange
from airbyte_client._sync.explanation import SyncExplainer
from airbyte_client._sync.job_list import newest_first
from airbyte_client._sync.job_start import start_job
from airbyte_client._sync.paging import iterate
from airbyte_client._sync.read_back import read_back
from airbyte_client._sync.setup import build_exchange
from airbyte_client.auth import Auth
from airbyte_client.calls import Call, Joined, Observer, Page, decode, decode_page
from airbyte_client.clocks import SyncClock, SyncPageSource
from airbyte_client.enums import ConnectionStatus, JobStatus, JobType
from airbyte_client.errors import CancelRefusedError
from airbyte_client.job_details import JobDetails
from airbyte_client.models import Connection, Destination, Job, Source, StreamConfiguration, Workspace
from airbyte_client.offered import OfferedStream
from airbyte_client.operations import Operation, WriteGate, open_gate
from airbyte_client.retries import RetryPolicy
from airbyte_client.schedules import Schedule
from airbyte_client.updates import connection_changes

T = TypeVar("T", bound=BaseModel)


class AirbyteClient:
    """Airbyte's public API, and what the Config API adds where it answers.

    Without `base_url` and `auth` both come from the environment: AIRBYTE_API_URL (default
    http://localhost:8000/api/public/v1) and one of AIRBYTE_CLIENT_ID with AIRBYTE_CLIENT_SECRET,
    AIRBYTE_SECRET_ACCESS_TOKEN, AIRBYTE_USERNAME with AIRBYTE_PASSWORD, or none. Credentials of the
    environment are never read when `auth` is given, and never sent to a `base_url` that is given.

    Every method raises `TransportError` where no usable answer came, and `ApiError` for Airbyte's own errors.

    Args:
        base_url: Any address of the instance that people paste; see `normalise_base_url`.
        auth: Who the client is.
        write_gate: Called before each effect; raises to stop it.
        connect_timeout: Seconds to make a connection.
        timeout: Seconds for a complete answer, instead of each operation's own (15 to 180).
        retries: How reads are retried; effects never are.
        names_kept_for: Seconds to keep what `Operation.lists_names`, up to 8 MiB, until an effect; 0: none.
        ca_bundle: A file of certificates to trust instead of the usual ones.
        clock: Time and waiting; replace it where waiting must not take time.
        transport: An httpx transport to send through, instead of the network.
        observer: Told of each request once it is over; it must not raise.
        joined: Told of each read that waits for an identical request on its way; it must not raise.

    Raises:
        ConfigurationError: The base URL, the credentials, the CA bundle or the proxy cannot work.
    """

    def __init__(
        self,
        base_url: str | None = None,
        *,
        auth: Auth | None = None,
        write_gate: WriteGate = open_gate,
        connect_timeout: float = 10.0,
        timeout: float | None = None,
        retries: RetryPolicy | None = None,
        names_kept_for: float = 0.0,
        ca_bundle: Path | str | None = None,
        clock: SyncClock | None = None,
        transport: httpx.BaseTransport | None = None,
        observer: Observer | None = None,
        joined: Joined | None = None,
    ) -> None:
        self._gate = write_gate
        self._exchange: SyncExchange = build_exchange(
            base_url,
            auth,
            connect_timeout=connect_timeout,
            timeout=timeout,
            retries=retries or RetryPolicy(),
            names_kept_for=names_kept_for,
            ca_bundle=ca_bundle,
            clock=clock or SyncClock(),
            transport=transport,
            observer=observer,
            joined=joined,
        )
        self._explainer = SyncExplainer(self._exchange)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections, for every client that shares them."""
        self._exchange.close()

    def with_write_gate(self, gate: WriteGate) -> Self:
        """A client with another write gate that shares connections, token and caches with this one."""
        sibling = object.__new__(type(self))
        sibling._exchange, sibling._explainer, sibling._gate = self._exchange, self._explainer, gate
        return sibling

    @property
    def base_url(self) -> str:
        """The public API's address, without a trailing slash."""
        return self._exchange.base_url

    @property
    def access_token(self) -> str:
        """The token in use, fetched on first need.

        Raises:
            ConfigurationError: The client uses basic or no authentication.
        """
        return self._exchange.tokens.token()

    # Workspaces, sources, destinations

    def iter_workspaces(self) -> Iterator[Workspace]:
        """All workspaces that the credentials can see, page by page."""
        return self._iterate(Operation.LIST_WORKSPACES, Page[Workspace], lambda row: row.workspace_id, ())

    def list_workspaces(self) -> list[Workspace]:
        """All workspaces that the credentials can see."""
        return list(self.iter_workspaces())

    def get_workspace(self, workspace_id: str) -> Workspace:
        """One workspace."""
        return self._get(Operation.GET_WORKSPACE, workspace_id, Workspace)

    def iter_sources(self, workspace_id: str | None = None) -> Iterator[Source]:
        """All sources, of one workspace or of all, page by page."""
        return self._iterate(
            Operation.LIST_SOURCES, Page[Source], lambda row: row.source_id, _in_workspace(workspace_id)
        )

    def list_sources(self, workspace_id: str | None = None) -> list[Source]:
        """All sources, of one workspace or of all."""
        return list(self.iter_sources(workspace_id))

    def get_source(self, source_id: str) -> Source:
        """One source."""
        return self._get(Operation.GET_SOURCE, source_id, Source)

    def iter_destinations(self, workspace_id: str | None = None) -> Iterator[Destination]:
        """All destinations, of one workspace or of all, page by page."""
        return self._iterate(
            Operation.LIST_DESTINATIONS,
            Page[Destination],
            lambda row: row.destination_id,
            _in_workspace(workspace_id),
        )

    def list_destinations(self, workspace_id: str | None = None) -> list[Destination]:
        """All destinations, of one workspace or of all."""
        return list(self.iter_destinations(workspace_id))

    def get_destination(self, destination_id: str) -> Destination:
        """One destination."""
        return self._get(Operation.GET_DESTINATION, destination_id, Destination)

    # Connections

    def iter_connections(
        self, workspace_id: str | None = None, *, tag_ids: Sequence[str] = ()
    ) -> Iterator[Connection]:
        """All connections, of one workspace or of all, with any of these tags if some are named."""
        params = (*_in_workspace(workspace_id), *(("tagIds", tag) for tag in tag_ids))
        return self._iterate(
            Operation.LIST_CONNECTIONS, Page[Connection], lambda row: row.connection_id, params
        )

    def list_connections(
        self, workspace_id: str | None = None, *, tag_ids: Sequence[str] = ()
    ) -> list[Connection]:
        """All connections, as `iter_connections`."""
        return list(self.iter_connections(workspace_id, tag_ids=tag_ids))

    def get_connection(self, connection_id: str) -> Connection:
        """One connection."""
        return self._get(Operation.GET_CONNECTION, connection_id, Connection)

    def update_connection(
        self,
        connection_id: str,
        *,
        name: str | None = None,
        status: ConnectionStatus | None = None,
        schedule: Schedule | None = None,
        streams: Sequence[StreamConfiguration] | None = None,
    ) -> Connection:
        """Change what is given; whatever is None stays as it is.

        Args:
            connection_id: The connection.
            name: Its new name.
            status: Active or inactive.
            schedule: Manual, or cron in UTC: Airbyte's API writes no others.
            streams: All streams to keep, changed or not: Airbyte drops those that are left out.

        Returns:
            The connection as it is afterwards.

        Raises:
            InvalidArgumentError: Nothing is given, or an empty list of streams, which Airbyte ignores.
            InvalidScheduleError: A schedule that the API cannot write.
            InvalidAnswerError: Airbyte took it without showing the connection, and it cannot be read.
            WriteRefusedError: The write gate is closed.
        """
        body = connection_changes(name=name, status=status, schedule=schedule, streams=streams)
        call = Call(Operation.UPDATE_CONNECTION, connection_id, body=body)
        answer = self._exchange.send(call, self._gate)
        return read_back(answer, lambda: self.get_connection(connection_id))

    def list_streams(self, source_id: str, destination_id: str) -> list[OfferedStream]:
        """What a source offers to a destination; slow where Airbyte has to ask the source for it first."""
        params = (("sourceId", source_id), ("destinationId", destination_id))
        answer = self._exchange.send(Call(Operation.LIST_STREAMS, params=params), self._gate)
        return decode_page(answer, Page[OfferedStream])

    # Jobs

    def iter_jobs(
        self,
        connection_id: str | None = None,
        *,
        workspace_id: str | None = None,
        job_type: JobType | None = None,
        status: JobStatus | None = None,
        created_after: datetime | None = None,
        created_before: datetime | None = None,
        updated_after: datetime | None = None,
        updated_before: datetime | None = None,
        limit: int | None = None,
    ) -> Iterator[Job]:
        """Jobs that match all that is given, newest first, page by page.

        Airbyte lists jobs oldest first unless asked otherwise; this always asks.

        Args:
            connection_id: Of this connection; None for all.
            workspace_id: Of all connections of this workspace.
            job_type: Of this type.
            status: In this state.
            created_after: Created at this aware time or later.
            created_before: Created at this aware time or earlier.
            updated_after: Changed at this aware time or later.
            updated_before: Changed at this aware time or earlier.
            limit: The most jobs; None for all there are.
        """
        wanted = {
            "connectionId": connection_id,
            "workspaceIds": workspace_id,
            "jobType": job_type,
            "status": status,
            "createdAtStart": _moment(created_after),
            "createdAtEnd": _moment(created_before),
            "updatedAtStart": _moment(updated_after),
            "updatedAtEnd": _moment(updated_before),
            "orderBy": "createdAt|DESC",
        }
        params = tuple((key, str(value)) for key, value in wanted.items() if value is not None)
        return newest_first(self._pages(Operation.LIST_JOBS, Page[Job], params), limit)

    def list_jobs(
        self,
        connection_id: str | None = None,
        *,
        workspace_id: str | None = None,
        job_type: JobType | None = None,
        status: JobStatus | None = None,
        created_after: datetime | None = None,
        created_before: datetime | None = None,
        updated_after: datetime | None = None,
        updated_before: datetime | None = None,
        limit: int | None = None,
    ) -> list[Job]:
        """Jobs, newest first, as `iter_jobs`."""
        jobs = self.iter_jobs(
            connection_id,
            workspace_id=workspace_id,
            job_type=job_type,
            status=status,
            created_after=created_after,
            created_before=created_before,
            updated_after=updated_after,
            updated_before=updated_before,
            limit=limit,
        )
        return list(jobs)

    def get_job(self, job_id: int) -> Job:
        """One job."""
        return self._get(Operation.GET_JOB, str(job_id), Job)

    def trigger_job(self, connection_id: str, job_type: JobType = JobType.SYNC) -> Job:
        """Start a job; never sent twice.

        Reset and clear delete the destination's data, and stop a running sync first. Airbyte answers to
        refresh that its public API does not support it.

        Raises:
            SyncAlreadyRunningError: A job of this connection is running.
            ConflictError: The connection is not active.
            OutcomeUnknownError: The answer was lost: the job may or may not have been started.
            WriteRefusedError: The write gate is closed.
        """
        # Whatever is not plainly a sync passes the gate as what it may be at worst.
        operation = Operation.TRIGGER_SYNC if job_type == JobType.SYNC else Operation.CLEAR_CONNECTION
        body: dict[str, JsonValue] = {"connectionId": connection_id, "jobType": job_type.value}
        call = Call(operation, connection_id, body=body)
        return start_job(
            lambda: self._exchange.send(call, self._gate),
            lambda: self._newest_job(connection_id),
            lambda: self.get_connection(connection_id),
        )

    def cancel_job(self, job_id: int) -> Job | None:
        """Stop exactly this job; answers when it has stopped, which may take minutes.

        Airbyte cancels whatever runs on the job's connection. So this reads first, and refuses unless the job
        is running and the newest of its connection.

        Returns:
            The job as Airbyte shows it then; None where Airbyte shows nothing.

        Raises:
            CancelRefusedError: The job has ended, or a newer one runs; nothing was sent.
            WriteRefusedError: The write gate is closed.
        """
        job = self.get_job(job_id)
        newest = self._newest_job(job.connection_id)
        if job.status.is_terminal:
            raise CancelRefusedError(f"Job {job_id} has ended already ({job.status}); nothing was cancelled.")
        if newest is not None and newest.job_id != job.job_id:
            raise CancelRefusedError(
                f"Job {job_id} is not the newest of its connection; nothing was cancelled.",
                next_step=f"Cancel job {newest.job_id} if it is the one you mean.",
            )
        answer = self._exchange.send(Call(Operation.CANCEL_JOB, str(job_id)), self._gate)
        return decode(answer, Job) if answer.body.strip() else None

    def explain_job(self, job_id: int, *, streams: bool = False, log_lines: int = 0) -> JobDetails:
        """Why a job failed, its attempts and its streams, where the Config API answers; never fails.

        Args:
            job_id: The job.
            streams: Whether to ask for the state of each stream, which takes two requests more. Without it
                `JobDetails.streams` says what follows from the attempt's counts and failures.
            log_lines: The most lines to fetch from the end of the last attempt's log, up to 1,000. Airbyte
                sends the whole log for it, so none are fetched unless asked for.

        Returns:
            Details with `available=False`, the reason and another way where it does not answer.
        """
        return self._explainer.explain(job_id, streams=streams, log_lines=log_lines)

    def _newest_job(self, connection_id: str) -> Job | None:
        return next(iter(self.list_jobs(connection_id, limit=1)), None)

    def _get(self, operation: Operation, target_id: str, shape: type[T]) -> T:
        return decode(self._exchange.send(Call(operation, target_id), self._gate), shape)

    def _iterate(
        self,
        operation: Operation,
        shape: type[Page[T]],
        identify: Callable[[T], object],
        params: tuple[tuple[str, str], ...],
    ) -> Iterator[T]:
        return iterate(self._pages(operation, shape, params), identify)

    def _pages(
        self, operation: Operation, shape: type[Page[T]], params: tuple[tuple[str, str], ...]
    ) -> SyncPageSource[T]:
        def fetch(size: int, offset: int) -> list[T]:
            page = (*params, ("limit", str(size)), ("offset", str(offset)))
            return decode_page(self._exchange.send(Call(operation, params=page), self._gate), shape)

        return fetch


def _in_workspace(workspace_id: str | None) -> tuple[tuple[str, str], ...]:
    # `workspaceId`, in the singular, is not a parameter: Airbyte would ignore it and list everything.
    return () if workspace_id is None else (("workspaceIds", workspace_id),)


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
