"""What was in force when a record was written: digests of policy and settings, never a secret.

A change of either since the last start is announced when this process first
proposes something: in the log, and as a record of its own.
"""

import logging
from dataclasses import asdict
from datetime import datetime

from pydantic import JsonValue
from sqlalchemy import Connection, insert, select, update

from airbyte_guardrails import audit
from airbyte_guardrails.audit import RecordKind
from airbyte_guardrails.schema import settings_seen
from airbyte_guardrails.timestamps import to_text

logger = logging.getLogger(__name__)


def announce_changes(connection: Connection, now: datetime) -> None:
    """Compare what is in force on this connection with what was at the last start, and note it."""
    for name, digest in asdict(audit.in_force(connection)).items():
        before = connection.scalar(select(settings_seen.c.digest).where(settings_seen.c.name == name))
        if before == digest:
            continue
        seen = {"digest": digest, "at": to_text(now)}
        if before is None:
            connection.execute(insert(settings_seen).values(name=name, **seen))
            continue
        connection.execute(update(settings_seen).where(settings_seen.c.name == name).values(seen))
        logger.warning("The %s changed since the last start: %s, was %s.", name, digest[:12], before[:12])
        document: dict[str, JsonValue] = {"changed": name, "before": before, "after": digest}
        audit.notice(connection, RecordKind.POLICY_CHANGED, document, now)
