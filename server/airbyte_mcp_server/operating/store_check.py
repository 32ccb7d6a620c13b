"""Whether plans and audit can be kept where the settings say. It creates nothing and migrates nothing."""

import os
import pwd
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.exc import SQLAlchemyError

from airbyte_guardrails.engines import Database, database_at
from airbyte_guardrails.errors import StoreUnavailableError
from airbyte_guardrails.migrating import stored_revision
from airbyte_guardrails.schema import REVISION, approvers
from airbyte_mcp_server.operating.findings import Finding, Findings, fail, ok, warn
from airbyte_mcp_server.runtime import STORE_FILE, data_folder
from airbyte_mcp_server.settings.model import Settings, variable_of

LOCK_SECONDS = 5.0


def store(settings: Settings) -> Findings:
    """Kind, place, revision and owner of the store, and whether the approvals page has anybody to let in."""
    try:
        if settings.store is not None:
            yield from _opened(database_at(settings.store.get_secret_value(), LOCK_SECONDS), settings)
            return
        path = data_folder(settings) / STORE_FILE
        if not path.exists():
            yield _not_yet(path)
            return
        yield from _opened(database_at(path, LOCK_SECONDS), settings)
        yield _owned(path, settings)
    except StoreUnavailableError as error:
        yield fail("store", error.message, error.next_step)


def _not_yet(path: Path) -> Finding:
    nearest = next(folder for folder in path.parents if folder.exists())
    if nearest.is_dir() and os.access(nearest, os.W_OK):
        return ok("store", f"SQLite; {path} is made with the first change.")
    return fail(
        "store",
        f"The store would be {path}, and {nearest} cannot be written.",
        f"Let the server's user write it, or name another folder ({variable_of('data_dir')}).",
    )


def _opened(database: Database, settings: Settings) -> Findings:
    """What stands in a store that exists.

    Raises:
        StoreUnavailableError: It cannot be used.
    """
    try:
        with _engine(database) as engine, engine.begin() as connection:
            found = stored_revision(connection)
            people = _approvers(connection) if found == REVISION else None
    except (SQLAlchemyError, OSError) as fault:
        raise database.refusal(fault) from fault
    yield _revision(database.name, found)
    if settings.approvals_url is not None and people == 0:
        yield warn(
            "approvals",
            "The approvals page has nobody to let in.",
            "Add a person: airbyte-mcp-server approvals users add NAME.",
        )


@contextmanager
def _engine(database: Database) -> Generator[Engine]:
    engine = database.connect()
    try:
        yield engine
    finally:
        engine.dispose()


def _revision(name: str, found: str | None) -> Finding:
    if found is None:
        return ok("store", f"{name} can be opened; its tables are made with the first change.")
    if found > REVISION:
        return fail(
            "store",
            f"{name} was made by a newer version of this program.",
            f"Update this program, or name another ({variable_of('data_dir')}, {variable_of('store')}).",
        )
    if found < REVISION:
        return ok("store", f"{name} can be opened; the first change migrates it from {found} to {REVISION}.")
    return ok("store", f"{name} can be opened and is up to date (revision {found}).")


def _approvers(connection: Connection) -> int:
    return connection.scalar(select(func.count()).where(approvers.c.disabled == 0)) or 0


def _owned(path: Path, settings: Settings) -> Finding:
    owner = pwd.getpwuid(path.stat().st_uid).pw_name
    if settings.transport == "stdio":
        return warn(
            "store",
            f"{path} belongs to {owner}. Over stdio the client starts this server as its own user, so an"
            " agent with a shell could write approvals into it.",
            "Where that matters, serve over HTTP as a user of its own, and let no agent run as that user.",
        )
    return ok("store", f"{path} belongs to {owner} alone; let no agent run as that user.")
