"""`airbyte-mcp-server audit`: what was proposed, decided and done, and whether the record is whole."""

import json
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from airbyte_guardrails.errors import GuardrailError
from airbyte_mcp_server.cli.options import refusing_clearly, settings_from, settings_options
from airbyte_mcp_server.settings import SettingsError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from airbyte_guardrails.audit import Head, Record

_MOMENT = click.DateTime(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"])


@click.group()
def audit() -> None:
    """Look at the record of every change that was proposed, decided or made."""


@audit.command("list")
@click.option("--since", type=_MOMENT, help="Only records from then on, UTC.")
@click.option("--until", type=_MOMENT, help="Only records before then, UTC.")
@click.option("--connection", help="Only of a connection: its id, or a part of its name.")
@click.option("--tool", help="Only of one tool, such as trigger_sync.")
@click.option("--outcome", help="Only of one kind or outcome, such as intent, executed, denied, stale.")
@click.option("--person", help="Only where this person asked or decided; a part of the name will do.")
@settings_options
@refusing_clearly(SettingsError, GuardrailError)
def list_records(
    since: datetime | None,
    until: datetime | None,
    **options: Any,  # noqa: ANN401 - one per filter and setting
) -> None:
    """List the records, oldest first."""
    filters = {name: options.pop(name) for name in ("connection", "tool", "outcome", "person")}
    with _store(options) as connection:
        for record in _records(connection):
            if _within(record, since, until) and _fits(record, filters):
                click.echo(_line(record))


@audit.command("verify")
@click.option("--head", metavar="NUMBER:HASH", help="A head that was noted earlier: it must still be there.")
@settings_options
@refusing_clearly(SettingsError, GuardrailError)
def verify(head: str | None, **options: Any) -> None:  # noqa: ANN401 - one per setting
    """Check that no record was changed, removed, inserted, reordered or cut off; exits 1 if one was."""
    from airbyte_guardrails.audit import broken_at, head_of  # noqa: PLC0415 - loads when used

    noted = _noted(head)
    with _store(options) as connection:
        wrong = broken_at(connection, noted)
        newest = head_of(connection)
    if wrong:
        raise click.ClickException(f"The record is not whole: {wrong}.")
    click.echo(
        f"The record is whole: {newest.number} records. Head to note down: {newest.number}:{newest.hash}"
    )


@audit.command("export")
@settings_options
@refusing_clearly(SettingsError, GuardrailError)
def export(**options: Any) -> None:  # noqa: ANN401 - one per setting
    """Write every record to stdout, one JSON object a line, oldest first."""
    with _store(options) as connection:
        for record in _records(connection):
            click.echo(
                json.dumps(
                    {
                        "number": record.number,
                        "at": record.at.isoformat(),
                        "kind": record.kind.value,
                        "plan_id": record.plan_id,
                        **record.document,
                        "hash": record.hash,
                    }
                )
            )


@contextmanager
def _store(options: dict[str, Any]) -> "Generator[Connection]":
    from airbyte_guardrails.store import Store  # noqa: PLC0415 - SQLAlchemy is heavy, and `--help` needs none
    from airbyte_mcp_server.runtime import STORE_FILE, data_folder  # noqa: PLC0415 - as above

    store = Store(data_folder(settings_from(options)) / STORE_FILE)
    with store.reading() as connection:
        yield connection
    store.close()


def _records(connection: "Connection") -> "Iterator[Record]":
    from airbyte_guardrails.audit import records  # noqa: PLC0415 - loads when used

    return records(connection)


def _within(record: "Record", since: datetime | None, until: datetime | None) -> bool:
    after = since is None or record.at >= since.replace(tzinfo=UTC)
    return after and (until is None or record.at < until.replace(tzinfo=UTC))


def _fits(record: "Record", filters: dict[str, str | None]) -> bool:
    document = record.document
    told = {
        "connection": json.dumps(document.get("targets"), ensure_ascii=False),
        "tool": str(document.get("action")),
        "outcome": " ".join(str(document.get(k, "")) for k in ("state", "decision")) + f" {record.kind}",
        "person": f"{document.get('requester')} {document.get('approver', '')}",
    }
    exact = {"tool", "outcome"}
    return all(
        wanted is None
        or (wanted in told[name].split() if name in exact else wanted.casefold() in told[name].casefold())
        for name, wanted in filters.items()
    )


def _line(record: "Record") -> str:
    from airbyte_guardrails.wording import clean  # noqa: PLC0415 - loads when used

    document = record.document
    result = document.get("state") or document.get("decision") or ""
    who = document.get("approver") or document.get("requester")
    targets = document.get("targets")
    names = (
        ", ".join(str(t.get("name")) for t in targets if isinstance(t, dict))
        if isinstance(targets, list)
        else ""
    )
    told = f"{record.kind:<8} {result!s:<9} {document.get('action')} on {names} by {who}"
    return f"{record.number:>6}  {record.at:%Y-%m-%d %H:%M:%S}  {clean(told, 200)}  {record.plan_id}"


def _noted(head: str | None) -> "Head | None":
    from airbyte_guardrails.audit import Head  # noqa: PLC0415 - loads when used

    if head is None:
        return None
    number, _, digest = head.partition(":")
    if not number.isdecimal() or not digest:
        raise click.BadParameter(
            "it is written as NUMBER:HASH, as `audit verify` prints it", param_hint="--head"
        )
    return Head(int(number), digest)
