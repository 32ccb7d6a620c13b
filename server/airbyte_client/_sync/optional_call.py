# Generated from _async/optional_call.py by scripts/sync_client.py; change that file instead.
"""A call that this Airbyte may not have: noticed once, remembered, and never asked for again."""

from http import HTTPStatus
from typing import TypeVar

from pydantic import BaseModel

from airbyte_client._sync.exchange import SyncExchange
from airbyte_client.calls import Call, decode
from airbyte_client.clocks import SyncLock, SyncSource
from airbyte_client.errors import (
    AirbyteError,
    ApiError,
    AuthenticationError,
    ConfigurationError,
    NotAirbyteError,
    NotFoundError,
)
from airbyte_client.operations import closed_gate

T = TypeVar("T", bound=BaseModel)

_NO_SUCH_CALL = (HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED)


class SyncOptionalCall:
    """Shared by all clients of one instance, so that what is missing is noticed once.

    Args:
        exchange: Sends the call.
        absence: Says that the call is missing; the error's own words follow.
    """

    def __init__(self, exchange: SyncExchange, absence: str) -> None:
        self._exchange = exchange
        self._absence = absence
        self._missing: str | None = None
        self._first = SyncLock()
        self._has_asked = False

    def ask(self, call: Call, shape: type[T], target_exists: SyncSource[bool]) -> T:
        """The answer.

        Args:
            call: What to ask.
            shape: The answer's model.
            target_exists: Whether what the call is about exists, for a 404 may mean either.

        Raises:
            AirbyteError: There is none; a call that is missing is a `NotAirbyteError` each time.
        """
        if self._has_asked:
            return self._ask(call, shape, target_exists)
        # Of many that ask at the start, one finds out for all.
        with self._first:
            try:
                return self._ask(call, shape, target_exists)
            finally:
                self._has_asked = True

    def _ask(self, call: Call, shape: type[T], target_exists: SyncSource[bool]) -> T:
        if self._missing is not None:
            raise NotAirbyteError(self._missing)
        try:
            return decode(self._exchange.send(call, closed_gate), shape)
        except AirbyteError as error:
            if not _is_missing(error, target_exists):
                raise
            self._missing = f"{self._absence}: {error.message}"
            raise NotAirbyteError(self._missing) from error


def _is_missing(error: AirbyteError, target_exists: SyncSource[bool]) -> bool:
    """Whether asking again, about anything, would end in the same way."""
    if isinstance(error, NotFoundError):
        return target_exists()
    if isinstance(error, ApiError) and error.status in _NO_SUCH_CALL:
        return True
    # Airbyte Cloud may refuse there what it takes at the public API, and each try renews the token.
    return isinstance(error, NotAirbyteError | ConfigurationError | AuthenticationError)
