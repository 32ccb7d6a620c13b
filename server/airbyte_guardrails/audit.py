"""The append-only, hash-chained record of what was proposed, decided, intended, done and refused.

Each record's hash covers the one before it, so a changed, removed, inserted or
reordered record breaks the chain; the head, kept beside it and told to the
log, shows when the end was cut off. Records are written in the transaction
that moves the plan: if the record cannot be written, the plan does not move,
and nothing is sent.
"""

import hashlib
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import JsonValue
from sqlalchemy import Connection, Row, insert, select, update

from airbyte_guardrails.plans import Plan, canonical_json
from airbyte_guardrails.store import audit_head, audit_records
from airbyte_guardrails.timestamps import from_text, to_text

logger = logging.getLogger(__name__)

FIRST_PREVIOUS_HASH = "0" * 64
_BATCH = 1_000


class RecordKind(StrEnum):
    """What a record tells."""

    PROPOSED = "proposed"
    DECIDED = "decided"
    INTENT = "intent"
    OUTCOME = "outcome"
    CLOSED = "closed"
    LIFTED = "lifted"


@dataclass(frozen=True)
class Head:
    """The newest record: how many there are, and the hash that stands for all of them."""

    number: int
    hash: str


@dataclass(frozen=True)
class Record:
    """One record as it is stored; `document` holds who, what and on which targets, and what the kind adds."""

    number: int
    at: datetime
    kind: RecordKind
    plan_id: str
    document: dict[str, JsonValue]
    hash: str


def append(
    connection: Connection, kind: RecordKind, plan: Plan, details: dict[str, JsonValue], at: datetime
) -> None:
    """Add one record at the end of the chain, inside the caller's write transaction."""
    head = head_of(connection)
    values: dict[str, JsonValue] = {
        "number": head.number + 1,
        "at": to_text(at),
        "kind": kind.value,
        "plan_id": plan.id,
        "document": canonical_json(_subject(plan) | details),
        "previous_hash": head.hash,
    }
    digest = _chained_hash(values)
    connection.execute(insert(audit_records).values(**values, hash=digest))
    moved = connection.execute(update(audit_head).values(number=head.number + 1, hash=digest))
    if moved.rowcount == 0:
        connection.execute(insert(audit_head).values(number=head.number + 1, hash=digest))
    logger.info("audit head %s:%s", head.number + 1, digest)


def head_of(connection: Connection) -> Head:
    """The head that is kept beside the records."""
    row = connection.execute(select(audit_head)).first()
    return Head(0, FIRST_PREVIOUS_HASH) if row is None else Head(row.number, row.hash)


def records(connection: Connection) -> Iterator[Record]:
    """Every record in order, in bounded memory."""
    for row in _rows(connection):
        yield Record(
            number=row.number,
            at=from_text(row.at),
            kind=RecordKind(row.kind),
            plan_id=row.plan_id,
            document=json.loads(row.document),
            hash=row.hash,
        )


def broken_at(connection: Connection, noted: Head | None = None) -> str | None:
    """What is wrong with the chain, as a sentence, or None.

    Args:
        connection: The store.
        noted: A head that was written down earlier, outside the store: it must still be in the chain.
    """
    last = Head(0, FIRST_PREVIOUS_HASH)
    found_noted = noted is None or noted == last
    for row in _rows(connection):
        if wrong := _wrong(row, last):
            return wrong
        last = Head(row.number, row.hash)
        found_noted = found_noted or last == noted
    if last != head_of(connection):
        return f"the records end at {last.number}, but the head says {head_of(connection).number}"
    return None if found_noted else "the head that was noted is not among the records"


def _wrong(row: Row[Any], last: Head) -> str | None:
    if row.number != last.number + 1:
        return f"record {last.number + 1} is missing; {row.number} comes next"
    if row.previous_hash != last.hash:
        return f"record {row.number} does not follow the one before it"
    if row.hash != _chained_hash({c: getattr(row, c) for c in _HASHED}):
        return f"record {row.number} was changed"
    return None


_HASHED = ("number", "at", "kind", "plan_id", "document", "previous_hash")


def _rows(connection: Connection) -> Iterator[Row[Any]]:
    query = select(audit_records).order_by(audit_records.c.number)
    return iter(connection.execution_options(yield_per=_BATCH).execute(query))


def _subject(plan: Plan) -> dict[str, JsonValue]:
    return {
        "action": plan.action,
        "instance": plan.instance.model_dump(),
        "requester": plan.requester,
        "arguments": plan.arguments,
        "targets": [{"id": target.id, "name": target.name} for target in plan.targets],
        "digest": plan.digest,
    }


def _chained_hash(values: dict[str, JsonValue]) -> str:
    return hashlib.sha256(canonical_json(values).encode()).hexdigest()
