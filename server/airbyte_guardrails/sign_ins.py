"""Signing in on the page: guesses are counted before they are tried, sessions are known by their hash only.

The count lives in the store, so it holds for all processes on it, and for many
guesses at once: each one is written down first, and taken off again if it was
right.
"""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

from sqlalchemy import Column, Connection, Row, delete, func, insert, select, update

from airbyte_guardrails.approvers import named
from airbyte_guardrails.errors import ApproverError, SignInRefusedError, TooManySignInsError
from airbyte_guardrails.passwords import is_right
from airbyte_guardrails.schema import approver_sessions, approvers, sign_in_failures
from airbyte_guardrails.store import Store
from airbyte_guardrails.timestamps import from_text, to_text

_WORTH_A_WRITE = timedelta(minutes=1)
_NOBODY = ""


@dataclass(frozen=True, kw_only=True)
class SignInLimits:
    """What guessing and idling are allowed.

    Attributes:
        window: For how long a failed sign-in counts.
        per_name: Failures for one name in this time, after which none is tried.
        per_address: The same for one client address (for IPv6, one /64 network).
        idle: How long a session lasts without a page being opened.
        longest: How long a session lasts at most.
    """

    window: timedelta = timedelta(minutes=15)
    per_name: int = 10
    per_address: int = 30
    idle: timedelta = timedelta(minutes=30)
    longest: timedelta = timedelta(hours=12)


@dataclass(frozen=True)
class Session:
    """Who is signed in, and the token that forms of this session carry."""

    approver: str
    csrf: str


@dataclass(frozen=True)
class SignedIn:
    """A new session, and the secret that only its browser keeps."""

    secret: str
    session: Session


class SignIns:
    """Sign-ins and sessions of one store. Methods block, `sign_in` for the time that a hash takes.

    Raises:
        StoreUnavailableError: From every method.
    """

    def __init__(self, store: Store, now: Callable[[], datetime], limits: SignInLimits) -> None:
        self._store = store
        self._now = now
        self._limits = limits

    def sign_in(self, name: str, password: str, address: str) -> SignedIn:
        """Begin a session.

        Args:
            name: As it was typed.
            password: As it was typed.
            address: Where the request came from.

        Raises:
            SignInRefusedError: Name and password do not belong together; it never says which is wrong.
            TooManySignInsError: Too many failures of this name or address; nothing was tried.
        """
        attempt = self._count(name, address)
        known = _folded(name)
        with self._store.reading() as connection:
            stored = _hash_of(connection, known)
        if not is_right(password, stored):
            raise SignInRefusedError
        with self._store.writing() as connection:
            if _hash_of(connection, known) != stored:  # removed or reset while the hash was computed
                raise SignInRefusedError
            connection.execute(delete(sign_in_failures).where(sign_in_failures.c.id == attempt))
            return self._begin(connection, known)

    def session(self, secret: str, *, seen: bool) -> Session | None:
        """The session that this secret opens, or None if there is none or its time is over.

        Args:
            secret: What the browser sent.
            seen: Whether a person is behind the request; then the idle time begins anew.
        """
        now = self._now()
        with self._store.reading() as connection:
            row = connection.execute(
                select(approver_sessions)
                .join(approvers, approvers.c.name == approver_sessions.c.approver)
                .where(
                    approver_sessions.c.token_hash == _digest(secret),
                    approver_sessions.c.expires_at > to_text(now),
                    approvers.c.disabled == 0,
                )
            ).first()
        if row is None:
            return None
        if seen:
            self._extend(row, now)
        return Session(row.approver, row.csrf)

    def sign_out(self, secret: str) -> None:
        """End the session of this secret, if there is one."""
        with self._store.writing() as connection:
            connection.execute(
                delete(approver_sessions).where(approver_sessions.c.token_hash == _digest(secret))
            )

    def _count(self, name: str, address: str) -> int:
        """Write one attempt down as if it had failed; its number."""
        now = self._now()
        since, whose, where = (
            to_text(now - self._limits.window),
            _digest(name.strip().lower()),
            _network(address),
        )
        with self._store.writing() as connection:
            connection.execute(delete(sign_in_failures).where(sign_in_failures.c.at <= since))
            _require_patience(connection, sign_in_failures.c.name, whose, self._limits.per_name)
            _require_patience(connection, sign_in_failures.c.address, where, self._limits.per_address)
            number: int = connection.execute(
                insert(sign_in_failures)
                .values(name=whose, address=where, at=to_text(now))
                .returning(sign_in_failures.c.id)
            ).scalar_one()
        return number

    def _begin(self, connection: Connection, approver: str) -> SignedIn:
        now = self._now()
        secret, session = secrets.token_urlsafe(32), Session(approver, secrets.token_urlsafe(32))
        connection.execute(delete(approver_sessions).where(approver_sessions.c.expires_at <= to_text(now)))
        connection.execute(
            insert(approver_sessions).values(
                token_hash=_digest(secret),
                approver=approver,
                csrf=session.csrf,
                created_at=to_text(now),
                expires_at=to_text(now + self._limits.idle),
            )
        )
        return SignedIn(secret, session)

    def _extend(self, row: Row[Any], now: datetime) -> None:
        until = min(now + self._limits.idle, from_text(row.created_at) + self._limits.longest)
        if until - from_text(row.expires_at) < _WORTH_A_WRITE:
            return
        with self._store.writing() as connection:
            connection.execute(
                update(approver_sessions)
                .where(approver_sessions.c.token_hash == row.token_hash)
                .values(expires_at=to_text(until))
            )


def _require_patience(connection: Connection, column: Column[str], value: str, most: int) -> None:
    failures = connection.scalar(select(func.count()).select_from(sign_in_failures).where(column == value))
    if failures is not None and failures >= most:
        raise TooManySignInsError


def _folded(name: str) -> str:
    try:
        return named(name)
    except ApproverError:
        return _NOBODY


def _hash_of(connection: Connection, name: str) -> str | None:
    return connection.scalar(
        select(approvers.c.password_hash).where(approvers.c.name == name, approvers.c.disabled == 0)
    )


def _network(address: str) -> str:
    """The address as it is counted; one who has an IPv6 address has a network of them."""
    try:
        ip = ip_address(address)
    except ValueError:
        return address[:64]
    return str(ip_network((ip, 64), strict=False)) if isinstance(ip, IPv6Address) else str(ip)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
