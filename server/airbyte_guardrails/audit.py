"""The append-only, hash-chained record of what was proposed, decided, intended, done and refused.

Each record's hash covers the one before it, so a changed, removed, inserted or
reordered record breaks the chain; the head, kept beside it and told to the
log, shows when the end was cut off. Records are written in the transaction
that moves the plan: if the record cannot be written, the plan does not move,
and nothing is sent.
"""

import hashlib
import logging
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import JsonValue
from sqlalchemy import Connection, Row, Select, insert, select, update

from airbyte_guardrails.plans import Plan, canonical_json
from airbyte_guardrails.schema import audit_head, audit_records
from airbyte_guardrails.timestamps import to_text

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
    REFUSED = "refused"
    POLICY_CHANGED = "policy_changed"


@dataclass(frozen=True)
class Head:
    """The newest record: how many there are, and the hash that stands for all of them."""

    number: int
    hash: str


@dataclass(frozen=True)
class InForce:
    """Digests of the policy and of the settings without their secrets; empty where nobody says."""

    policy: str = ""
    settings: str = ""


IN_FORCE = "airbyte_in_force"
"""The execution option under which a store's connections carry their `InForce`."""


def in_force(connection: Connection) -> InForce:
    """What is in force in the process that uses this connection."""
    found: InForce = connection.get_execution_options().get(IN_FORCE, InForce())
    return found


def append(
    connection: Connection, kind: RecordKind, plan: Plan, details: dict[str, JsonValue], at: datetime
) -> None:
    """Add one record of a plan at the end of the chain, inside the caller's write transaction."""
    _add(connection, kind, plan.id, _subject(plan) | details, at)


def notice(connection: Connection, kind: RecordKind, document: dict[str, JsonValue], at: datetime) -> None:
    """Add one record that is of no plan, as `append` does."""
    _add(connection, kind, "", document, at)


def _add(
    connection: Connection, kind: RecordKind, plan_id: str, document: dict[str, JsonValue], at: datetime
) -> None:
    ruled = in_force(connection)
    digests: dict[str, JsonValue] = {"policy": ruled.policy, "settings": ruled.settings}
    row = chained(head_of(connection), kind, plan_id, {**document, "in_force": digests}, at)
    connection.execute(insert(audit_records).values(row))
    head = {"number": row["number"], "hash": row["hash"]}
    if connection.execute(update(audit_head).values(head)).rowcount == 0:
        connection.execute(insert(audit_head).values(head))
    logger.info("audit head %s:%s", row["number"], row["hash"])


def chained(
    head: Head, kind: RecordKind, plan_id: str, document: dict[str, JsonValue], at: datetime
) -> dict[str, JsonValue]:
    """The row that follows `head`, whose hash covers all the rest of it."""
    row: dict[str, JsonValue] = {
        "number": head.number + 1,
        "at": to_text(at),
        "kind": kind.value,
        "plan_id": plan_id,
        "document": canonical_json(document),
        "previous_hash": head.hash,
    }
    return row | {"hash": _chained_hash(row)}


def head_of(connection: Connection) -> Head:
    """The head that is kept beside the records."""
    row = connection.execute(select(audit_head)).first()
    return Head(0, FIRST_PREVIOUS_HASH) if row is None else Head(row.number, row.hash)


def broken_at(connection: Connection, noted: Head | None = None) -> str | None:
    """What is wrong with the chain, as a sentence, or None.

    Args:
        connection: The store.
        noted: A head that was written down earlier, outside the store: it must still be in the chain.
    """
    last = Head(0, FIRST_PREVIOUS_HASH)
    found_noted = noted is None or noted == last
    with closing(in_order(connection, select(audit_records))) as rows:
        for row in rows:
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
    try:
        expected = _chained_hash({column: getattr(row, column) for column in _HASHED})
    except TypeError:  # SQLite lets somebody put bytes where text belongs
        expected = ""
    return None if row.hash == expected else f"record {row.number} was changed"


_HASHED = ("number", "at", "kind", "plan_id", "document", "previous_hash")


def in_order(connection: Connection, query: Select[Any]) -> Generator[Row[Any]]:
    """The rows of a query over the records, oldest first, a batch in memory at a time.

    Close it if you leave early: it holds a cursor of the database.
    """
    ordered = query.order_by(audit_records.c.number)
    with connection.execute(ordered, execution_options={"yield_per": _BATCH}) as rows:
        yield from rows


def _subject(plan: Plan) -> dict[str, JsonValue]:
    subject: dict[str, JsonValue] = {
        "action": plan.action,
        "instance": plan.instance.model_dump(),
        "requester": plan.requester,
        "arguments": plan.arguments,
        "targets": [{"id": target.id, "name": target.name} for target in plan.targets],
        "digest": plan.digest,
    }
    if plan.verdict.rule:
        subject["policy_rule"] = plan.verdict.rule
    if plan.closing_note:
        subject["note"] = plan.closing_note
    return subject


def _chained_hash(values: dict[str, JsonValue]) -> str:
    return hashlib.sha256(canonical_json(values).encode()).hexdigest()
