# Generated from _async/read_back.py by scripts/sync_client.py; change that file instead.
"""What a change has left: from its answer, or read where that was empty."""

from airbyte_client.calls import Answer, decode
from airbyte_client.clocks import SyncSource
from airbyte_client.errors import AirbyteError, InvalidAnswerError
from airbyte_client.models import Connection


def read_back(answer: Answer, connection: SyncSource[Connection]) -> Connection:
    """The connection as it is after a change.

    Raises:
        InvalidAnswerError: It is not shown, and cannot be read; the change was taken all the same.
    """
    if answer.body.strip():
        return decode(answer, Connection)
    try:
        return connection()
    except AirbyteError as error:
        raise InvalidAnswerError(
            f"Airbyte took the change and showed nothing; it could not be read back: {error.message}"
        ) from error
