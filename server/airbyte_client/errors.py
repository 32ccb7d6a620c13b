"""Everything that can go wrong, in one tree.

    AirbyteError                      message, next_step
    ├── ConfigurationError            a base URL or credentials that cannot work
    ├── InvalidArgumentError          an argument that cannot be sent
    ├── InvalidScheduleError          a schedule that Airbyte would refuse, with the accepted form
    ├── WriteRefusedError             the write gate is closed; nothing was sent
    ├── CancelRefusedError            that job has ended or is not the newest; nothing was sent
    ├── OutcomeUnknownError           a job may or may not have been started
    ├── TransportError                no usable answer
    │   ├── UnreachableError          the connection failed or broke
    │   │   └── UntrustedCertificateError
    │   ├── RequestTimeoutError       no complete answer in time
    │   ├── NotAirbyteError           something else answers at this base URL
    │   └── InvalidAnswerError        JSON, but not what this call answers with
    └── ApiError                      Airbyte answered with an error: status, error_id
        ├── BadRequestError           400
        ├── AuthenticationError       401
        ├── PermissionDeniedError     403
        ├── NotFoundError             404
        ├── ConflictError             409
        │   ├── SyncAlreadyRunningError
        │   └── ConnectionLockedError
        ├── UnprocessableError        422
        ├── RateLimitedError          429
        └── ServerFaultError          5xx

No message holds a token, a secret, or the words of a library; what Airbyte said is cleaned and capped.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airbyte_client.models import Job


class AirbyteError(Exception):
    """The root of every error this package raises.

    Attributes:
        message: What failed, and why as far as known.
        next_step: What to do about it; may be empty.
    """

    def __init__(self, message: str, *, next_step: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step

    def __str__(self) -> str:
        return f"{self.message} {self.next_step}".rstrip()


class ConfigurationError(AirbyteError):
    """The base URL or the credentials cannot work as they are set."""


class InvalidArgumentError(AirbyteError):
    """An argument that cannot be sent, such as an id with a slash in it."""


class InvalidScheduleError(AirbyteError):
    """A schedule that Airbyte would refuse; `next_step` names the accepted form of the same wish."""


class WriteRefusedError(AirbyteError):
    """The write gate is closed for this operation; nothing was sent."""


class CancelRefusedError(AirbyteError):
    """The job has ended or is not the newest of its connection; nothing was sent.

    Airbyte cancels whatever runs on the job's connection, not the job that was named.
    """


class OutcomeUnknownError(AirbyteError):
    """A job was asked for and the answer was lost: it may or may not have been started.

    Attributes:
        newest_job_id_before: The connection's newest job before the request; None if it had none.
        found: A newer job, whose origin cannot be proven; None if there is none yet.
    """

    def __init__(
        self, message: str, *, newest_job_id_before: int | None, found: "Job | None", next_step: str = ""
    ) -> None:
        super().__init__(message, next_step=next_step)
        self.newest_job_id_before = newest_job_id_before
        self.found = found


class TransportError(AirbyteError):
    """No usable answer came back.

    Attributes:
        sent: Whether the request may have reached the server.
    """

    def __init__(self, message: str, *, next_step: str = "", sent: bool = True) -> None:
        super().__init__(message, next_step=next_step)
        self.sent = sent


class UnreachableError(TransportError):
    """The connection could not be made, or broke before an answer."""


class UntrustedCertificateError(UnreachableError):
    """The server's TLS certificate is not trusted; nothing was sent, and trying again changes nothing."""


class RequestTimeoutError(TransportError):
    """No complete answer in the time that the operation allows."""


class NotAirbyteError(TransportError):
    """Something answers at this base URL, but it is not Airbyte's API."""


class InvalidAnswerError(TransportError):
    """The answer is not what this call answers with, or is too large to be."""


class ApiError(AirbyteError):
    """Airbyte answered with an error.

    Attributes:
        status: The HTTP status code.
        error_id: Airbyte's own id of the error, for its server log; None when it gave none.
        retry_after: Seconds that the server asked to wait; None when it asked for nothing.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int,
        error_id: str | None = None,
        retry_after: float | None = None,
        next_step: str = "",
    ) -> None:
        super().__init__(message, next_step=next_step)
        self.status = status
        self.error_id = error_id
        self.retry_after = retry_after


class BadRequestError(ApiError):
    """400: the request does not make sense to Airbyte."""


class AuthenticationError(ApiError):
    """401: the credentials are missing, wrong or expired."""


class PermissionDeniedError(ApiError):
    """403: the credentials are known but not allowed to do this."""


class NotFoundError(ApiError):
    """404: no such object, or no such call."""


class ConflictError(ApiError):
    """409: the state of the object does not allow this now."""


class SyncAlreadyRunningError(ConflictError):
    """409: a job of this connection is running; attach to it instead of starting another."""


class ConnectionLockedError(ConflictError):
    """409: the connection is locked and cannot be changed."""


class UnprocessableError(ApiError):
    """422: understood, and refused."""


class RateLimitedError(ApiError):
    """429: too many requests. Airbyte sends no Retry-After with it, on purpose."""


class ServerFaultError(ApiError):
    """5xx: Airbyte, or a proxy before it, failed."""
