"""The people who may approve on the page.

A name, once given, stays that person's: records name who approved, so a
removed name is kept and can only be given back to the same person by `reset`.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from airbyte_guardrails.errors import ApproverError
from airbyte_guardrails.passwords import hashed
from airbyte_guardrails.schema import approver_sessions, approvers
from airbyte_guardrails.store import Store
from airbyte_guardrails.timestamps import from_text, to_text

_NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,63}", re.ASCII)


@dataclass(frozen=True)
class Approver:
    """One person: the name, since when, and whether it was removed."""

    name: str
    created_at: datetime
    removed: bool


class Approvers:
    """The approvers of one store. Names are the same in either case: Ann is ann.

    Raises:
        StoreUnavailableError: From every method.
    """

    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now

    def all(self) -> Sequence[Approver]:
        """Everybody, removed ones too, by name."""
        with self._store.reading() as connection:
            rows = connection.execute(select(approvers).order_by(approvers.c.name)).all()
        return [Approver(row.name, from_text(row.created_at), bool(row.disabled)) for row in rows]

    def add(self, name: str, password: str) -> Approver:
        """Let a new person approve.

        Raises:
            ApproverError: The name is taken or no name, or the password too short.
        """
        name, hash_, now = named(name), hashed(password), self._now()
        with self._store.writing() as connection:
            if _known(connection, name):
                raise ApproverError(
                    f"There is, or was, an approver {name}, and records may name them.",
                    f"To set a new password: airbyte-mcp-server approvals users reset {name}.",
                )
            connection.execute(
                insert(approvers).values(name=name, password_hash=hash_, created_at=to_text(now), disabled=0)
            )
        return Approver(name, now, removed=False)

    def reset(self, name: str, password: str) -> None:
        """Give a person a new password, also one who was removed; open sessions of theirs end.

        Raises:
            ApproverError: Nobody has this name, or the password is too short.
        """
        self._change(named(name), password_hash=hashed(password), disabled=0)

    def remove(self, name: str) -> None:
        """Let a person approve no longer; open sessions of theirs end. What they decided stays.

        Raises:
            ApproverError: Nobody has this name.
        """
        self._change(named(name), disabled=1)

    def _change(self, name: str, **values: str | int) -> None:
        with self._store.writing() as connection:
            if not _known(connection, name):
                raise ApproverError(
                    f"There is no approver {name}.", "See who is: airbyte-mcp-server approvals users list."
                )
            connection.execute(update(approvers).where(approvers.c.name == name).values(values))
            connection.execute(delete(approver_sessions).where(approver_sessions.c.approver == name))


def named(name: str) -> str:
    """The name in the one form in which it is stored.

    Raises:
        ApproverError: It is no name.
    """
    folded = name.strip().lower()
    if not _NAME.fullmatch(folded):
        raise ApproverError(
            "A name is 1 to 64 of a to z, digits and . _ @ + -, and begins with a letter or a digit.",
            "Choose one such as ann or ann@example.com.",
        )
    return folded


def _known(connection: Connection, name: str) -> bool:
    return connection.execute(select(approvers.c.name).where(approvers.c.name == name)).first() is not None
