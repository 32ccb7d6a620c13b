# Generated from _async/exchange.py by scripts/sync_client.py; change that file instead.
"""From a call to its answer: base URL, credentials, write gate, retries, and errors from the tree."""

from http import HTTPStatus

from airbyte_client._sync.tokens import SyncTokens
from airbyte_client._sync.wire import SyncWire
from airbyte_client.base_url import config_base_url
from airbyte_client.calls import Answer, Call, Joined
from airbyte_client.clocks import SyncClock
from airbyte_client.errors import (
    AirbyteError,
    ApiError,
    ConfigurationError,
    RequestTimeoutError,
    UnreachableError,
    UntrustedCertificateError,
)
from airbyte_client.kept_answers import KeptAnswers
from airbyte_client.operations import Api, WriteGate
from airbyte_client.retries import RETRIED_STATUSES, RetryPolicy
from airbyte_client.shared_reads import SyncSharedReads
from airbyte_client.verdicts import successful


class SyncExchange:
    """Sends calls; shared by all clients of one instance."""

    def __init__(
        self,
        wire: SyncWire,
        tokens: SyncTokens,
        clock: SyncClock,
        base_url: str,
        *,
        retries: RetryPolicy,
        kept: KeptAnswers,
        joined: Joined,
    ) -> None:
        self.base_url = base_url
        self.tokens = tokens
        self._wire = wire
        self._clock = clock
        self._retries = retries
        self._config_url = config_base_url(base_url)
        self._reads = SyncSharedReads()
        self._kept = kept
        self._joined = joined

    def close(self) -> None:
        """Close the connections."""
        self._wire.close()

    def send(self, call: Call, gate: WriteGate) -> Answer:
        """Send a call and return its successful answer; a read is retried, an effect is sent once.

        Raises:
            WriteRefusedError: The gate stopped an effect.
            ConfigurationError: The Config API's place is not known.
            TransportError: No usable answer.
            ApiError: Airbyte answered with an error.
        """
        if call.operation.is_effect:
            return self._send_effect(call, gate)
        return self._read(call)

    def _read(self, call: Call) -> Answer:
        """From what is kept, or from a read on its way, or anew."""
        key, changes = call.identity, self._kept.changes
        kept = self._kept.get(key)
        if kept is not None:
            return kept
        answer = self._reads.run(key, lambda: self._send_read(call), lambda: self._joined(call))
        if call.operation.lists_names:
            self._kept.put(key, answer, asked_after=changes)
        return answer

    def _send_effect(self, call: Call, gate: WriteGate) -> Answer:
        """No later read may be answered by one that began before the change was over."""
        gate(call.operation, call.target_id)
        self._forget()
        try:
            return self._attempt(call)
        finally:
            self._forget()

    def _forget(self) -> None:
        self._reads.forget()
        self._kept.forget()

    def _send_read(self, call: Call) -> Answer:
        started = self._clock.monotonic()
        attempt = 1
        while True:
            try:
                return self._attempt(call)
            except (UnreachableError, RequestTimeoutError, ApiError) as error:
                wait = self._wait_after(attempt, error)
                elapsed = self._clock.monotonic() - started
                if wait is None or elapsed + wait > self._retries.deadline:
                    raise
            self._clock.sleep(wait)
            attempt += 1

    def _wait_after(self, attempt: int, error: AirbyteError) -> float | None:
        if isinstance(error, UntrustedCertificateError):
            return None
        if not isinstance(error, ApiError):
            return self._retries.wait_after(attempt, status=None, retry_after=None)
        if error.status not in RETRIED_STATUSES:
            return None
        return self._retries.wait_after(attempt, status=error.status, retry_after=error.retry_after)

    def _attempt(self, call: Call) -> Answer:
        url = self._url(call)
        authorization = self.tokens.authorization()
        answer = self._wire.send(url, call, authorization)
        if answer.status == HTTPStatus.UNAUTHORIZED and self.tokens.renew_after_refusal(authorization):
            # A refused request was not acted on, so this is no repetition, not even of an effect.
            answer = self._wire.send(url, call, self.tokens.authorization())
        return successful(answer, self.tokens.secrets)

    def _url(self, call: Call) -> str:
        if call.operation.api is Api.PUBLIC:
            return f"{self.base_url}{call.path}"
        if self._config_url is None:
            raise ConfigurationError("The Config API's place is not known for this base URL.")
        return f"{self._config_url}{call.path}"
