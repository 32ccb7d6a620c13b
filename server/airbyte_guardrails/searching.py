"""Finds records of the audit, however many there are: one batch in memory at a time.

The database narrows a search as far as its text comparison goes, so that a
million records are not all read into Python; what really fits is then decided
here, alike on every database.
"""

import json
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import JsonValue
from sqlalchemy import ColumnElement, Connection, Row, func, or_, select

from airbyte_guardrails.audit import in_order
from airbyte_guardrails.errors import StoreUnavailableError
from airbyte_guardrails.plans import canonical_json
from airbyte_guardrails.schema import audit_records
from airbyte_guardrails.timestamps import from_text, to_text


@dataclass(frozen=True)
class Record:
    """One record as it is stored.

    Attributes:
        number: Its place in the chain, from 1.
        at: When it was written, aware UTC.
        kind: A `RecordKind`, or one that a newer version knows.
        plan_id: The plan that it is about.
        document: Who, what and on which targets, and what the kind adds.
        hash: Stands for it and for all before it.
    """

    number: int
    at: datetime
    kind: str
    plan_id: str
    document: dict[str, JsonValue]
    hash: str


@dataclass(frozen=True, kw_only=True)
class Search:
    """What a record must be like; whatever is None may be anything. Letter case never matters in names.

    Attributes:
        since: Written then or later, aware.
        until: Written before then, aware.
        connection: The id of a target, or a part of its name.
        tool: The tool that made the change.
        outcome: The kind of the record, the state that it led to, or the decision.
        person: A part of the name of who asked or who decided.
    """

    since: datetime | None = None
    until: datetime | None = None
    connection: str | None = None
    tool: str | None = None
    outcome: str | None = None
    person: str | None = None

    def fits(self, record: Record) -> bool:
        """Whether the record is what is looked for."""
        told, document = record.document, record.document.get
        people = (str(document("requester", "")), str(document("approver", "")))
        return (
            (self.since is None or record.at >= self.since)
            and (self.until is None or record.at < self.until)
            and (self.tool is None or document("action") == self.tool)
            and (
                self.outcome is None or self.outcome in (record.kind, document("state"), document("decision"))
            )
            and (self.person is None or any(_holds(name, self.person) for name in people))
            and (self.connection is None or _is_about(told, self.connection))
        )


def found(connection: Connection, search: Search) -> Generator[Record]:
    """The records that fit, oldest first. Close it if you leave early.

    Raises:
        StoreUnavailableError: A record cannot be read.
    """
    query = select(audit_records).where(*_narrowing(search))
    with closing(in_order(connection, query)) as rows:
        for row in rows:
            if search.fits(record := _record_from(row)):
                yield record


def _narrowing(search: Search) -> Iterator[ColumnElement[bool]]:
    """Conditions that every fitting record meets; others may meet them too."""
    columns = audit_records.c
    if search.since is not None:
        yield columns.at >= to_text(search.since)
    if search.until is not None:
        yield columns.at < to_text(search.until)
    if search.tool is not None:
        yield _has("action", search.tool)
    if search.outcome is not None:
        stated = (_has(name, search.outcome) for name in ("state", "decision"))
        yield or_(columns.kind == search.outcome, *stated)
    for part in (search.person, search.connection):
        # Databases differ in the case of letters beyond ASCII.
        if part is not None and part.isascii():
            yield func.lower(columns.document).contains(_within_json(part.lower()), autoescape=True)


def _has(name: str, value: str) -> ColumnElement[bool]:
    pair = canonical_json({name: value})[1:-1]
    return audit_records.c.document.contains(pair, autoescape=True)


def _within_json(text: str) -> str:
    return canonical_json(text)[1:-1]


def _holds(name: str, part: str) -> bool:
    return part.casefold() in name.casefold()


def _is_about(document: dict[str, JsonValue], wanted: str) -> bool:
    targets = document.get("targets")
    return isinstance(targets, list) and any(
        isinstance(target, dict)
        and (target.get("id") == wanted or _holds(str(target.get("name", "")), wanted))
        for target in targets
    )


def _record_from(row: Row[Any]) -> Record:
    try:
        document: dict[str, JsonValue] = json.loads(row.document)
        return Record(row.number, from_text(row.at), row.kind, row.plan_id, document, row.hash)
    except (ValueError, TypeError) as fault:
        raise StoreUnavailableError(
            f"Record {row.number} of the audit cannot be read; somebody changed it.",
            "Run `airbyte-mcp-server audit verify`, and restore the store from a backup.",
        ) from fault
