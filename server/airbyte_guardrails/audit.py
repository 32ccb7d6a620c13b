"""The append-only, hash-chained record of what was intended, done and refused.

Each record's hash covers the one before it, so a changed, removed, inserted or
reordered record breaks the chain. Records are written in the transaction that
moves the plan: if the record cannot be written, the plan does not move, and
nothing is sent.
"""

import hashlib
from datetime import datetime
from enum import StrEnum

from pydantic import JsonValue
from sqlalchemy import Connection, insert, select

from airbyte_guardrails.plans import canonical_json
from airbyte_guardrails.store import audit_records
from airbyte_guardrails.timestamps import to_text

FIRST_PREVIOUS_HASH = "0" * 64


class RecordKind(StrEnum):
    """What a record tells."""

    PROPOSED = "proposed"
    DECIDED = "decided"
    INTENT = "intent"
    OUTCOME = "outcome"
    CLOSED = "closed"
    LIFTED = "lifted"


def append(
    connection: Connection, kind: RecordKind, plan_id: str, document: dict[str, JsonValue], at: datetime
) -> None:
    """Add one record at the end of the chain, inside the caller's write transaction."""
    newest = connection.execute(
        select(audit_records.c.number, audit_records.c.hash).order_by(audit_records.c.number.desc()).limit(1)
    ).first()
    number, previous_hash = (newest.number + 1, newest.hash) if newest else (1, FIRST_PREVIOUS_HASH)
    values = {
        "number": number,
        "at": to_text(at),
        "kind": kind.value,
        "plan_id": plan_id,
        "document": canonical_json(document),
        "previous_hash": previous_hash,
    }
    connection.execute(insert(audit_records).values(**values, hash=chained_hash(values)))


def chained_hash(values: dict[str, JsonValue]) -> str:
    """SHA-256 over a record's fields, its predecessor's hash among them."""
    return hashlib.sha256(canonical_json(values).encode()).hexdigest()
