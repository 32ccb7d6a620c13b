"""`airbyte-mcp-server audit`: what was proposed, decided and done, and whether the record is whole."""

import json
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from airbyte_guardrails.errors import GuardrailError
from airbyte_mcp_server.cli.options import refusing_clearly, settings_from, settings_options
from airbyte_mcp_server.settings.model import SettingsError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from airbyte_guardrails.audit import Head
    from airbyte_guardrails.searching import Record

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
    from airbyte_guardrails.searching import Search, found  # noqa: PLC0415 - loads when used

    told: dict[str, str | None] = {
        name: options.pop(name) for name in ("connection", "tool", "outcome", "person")
    }
    search = Search(since=_in_utc(since), until=_in_utc(until), **told)
    with _store(options) as connection:
        for record in found(connection, search):
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
    from airbyte_guardrails.searching import Search, found  # noqa: PLC0415 - loads when used

    with _store(options) as connection:
        for record in found(connection, Search()):
            click.echo(
                json.dumps(
                    {
                        "number": record.number,
                        "at": record.at.isoformat(),
                        "kind": record.kind,
                        "plan_id": record.plan_id,
                        **record.document,
                        "hash": record.hash,
                    }
                )
            )


@contextmanager
def _store(options: dict[str, Any]) -> "Generator[Connection]":
    from airbyte_mcp_server.runtime import store_of  # noqa: PLC0415 - loads when used

    store = store_of(settings_from(options))
    try:
        with store.reading() as connection:
            yield connection
    finally:
        store.close()


def _in_utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=UTC)


def _line(record: "Record") -> str:
    from airbyte_guardrails.wording import clean  # noqa: PLC0415 - loads when used

    told = _about_plan(record) if record.plan_id else f"{record.kind} {record.document.get('changed')}"
    return f"{record.number:>6}  {record.at:%Y-%m-%d %H:%M:%S}  {clean(told, 200)}  {record.plan_id}".rstrip()


def _about_plan(record: "Record") -> str:
    document = record.document
    result = document.get("state") or document.get("decision") or ""
    who = document.get("approver") or document.get("requester")
    targets = document.get("targets")
    names = (
        ", ".join(str(t.get("name")) for t in targets if isinstance(t, dict))
        if isinstance(targets, list)
        else ""
    )
    airbyte = document.get("instance")
    where = f" of {airbyte.get('name')}" if isinstance(airbyte, dict) else ""
    return f"{record.kind:<8} {result!s:<9} {document.get('action')} on {names}{where} by {who}"


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
