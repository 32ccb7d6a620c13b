"""Airbyte's vocabularies. A word they do not list passes through unharmed and stays typed."""

from enum import StrEnum
from typing import Self


class TolerantStrEnum(StrEnum):
    """A vocabulary that grows with Airbyte: an unknown word becomes a member of its own."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        """Make a member for an unknown word; it equals every other one of the same word."""
        if not isinstance(value, str):
            return None
        member = str.__new__(cls, value)
        # Not kept: a hostile server could otherwise fill the memory with words.
        member._name_ = value
        member._value_ = value
        return member

    @property
    def is_known(self) -> bool:
        """Whether this version of the client knows the word."""
        return self._name_ in type(self).__members__


class ConnectionStatus(TolerantStrEnum):
    """Whether a connection runs. `deprecated` is how Airbyte says deleted."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    DEPRECATED = "deprecated"
    LOCKED = "locked"


class JobStatus(TolerantStrEnum):
    """Where a job stands."""

    PENDING = "pending"
    QUEUED = "queued"
    RUNNING = "running"
    INCOMPLETE = "incomplete"
    FAILED = "failed"
    SUCCEEDED = "succeeded"
    CANCELLED = "cancelled"

    @property
    def is_terminal(self) -> bool:
        """Whether the job has ended. `incomplete` has not: an attempt failed and Airbyte will retry."""
        return self in (JobStatus.FAILED, JobStatus.SUCCEEDED, JobStatus.CANCELLED)


class JobType(TolerantStrEnum):
    """What a job does. `reset` and `clear` are the same call; Airbyte reports both as `reset`."""

    SYNC = "sync"
    RESET = "reset"
    REFRESH = "refresh"
    CLEAR = "clear"


class SyncMode(TolerantStrEnum):
    """How a stream is read and written."""

    FULL_REFRESH_OVERWRITE = "full_refresh_overwrite"
    FULL_REFRESH_OVERWRITE_DEDUPED = "full_refresh_overwrite_deduped"
    FULL_REFRESH_APPEND = "full_refresh_append"
    FULL_REFRESH_UPDATE = "full_refresh_update"
    FULL_REFRESH_SOFT_DELETE = "full_refresh_soft_delete"
    INCREMENTAL_APPEND = "incremental_append"
    INCREMENTAL_DEDUPED_HISTORY = "incremental_deduped_history"
    INCREMENTAL_UPDATE = "incremental_update"
    INCREMENTAL_SOFT_DELETE = "incremental_soft_delete"
