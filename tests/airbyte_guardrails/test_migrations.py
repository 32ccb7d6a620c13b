"""A store of any age becomes today's, with everything in it, whoever else opens it at the same time."""

import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from airbyte_guardrails import migrations
from airbyte_guardrails.audit import broken_at
from airbyte_guardrails.engines import WRITES, database_at
from airbyte_guardrails.errors import StoreUnavailableError
from airbyte_guardrails.migrating import FIRST_REVISION, migrate
from airbyte_guardrails.schema import REVISION, metadata
from airbyte_guardrails.states import PlanState
from airbyte_guardrails.store import Store
from plan_books import Clock, approved, book_on, proposed
from raw_store import raw_rows, run_raw

FOLDER = Path(str(migrations.__file__)).parent
BEFORE_MIGRATIONS = Path(__file__).with_name("before_migrations.sql")
OF_BEFORE = "plan_ycbOho0ft97KjfntcDL4cgf9"


def on_a_new_engine(address: Path | str, work: Callable[[Connection], object]) -> Any:
    """What `work` gives in a write transaction on a database that nothing brought up to date."""
    engine = database_at(address, 10).connect()
    try:
        with engine.execution_options(**{WRITES: True}).begin() as connection:
            return work(connection)
    finally:
        engine.dispose()


def schema_of(connection: Connection) -> dict[str, object]:
    """Tables, columns, keys and indexes as the database itself tells them."""
    tables = inspect(connection)
    return {
        name: (
            [{**column, "type": str(column["type"])} for column in tables.get_columns(name)],
            tables.get_pk_constraint(name),
            tables.get_foreign_keys(name),
            sorted(map(str, tables.get_indexes(name))),
        )
        for name in tables.get_table_names()
    }


def store_from_before_migrations(file: Path) -> None:
    """The file that the last version without migrations left: one plan approved, one denied, five records."""
    file.parent.mkdir(mode=0o700)
    file.touch(mode=0o600)
    with closing(sqlite3.connect(file)) as raw:
        raw.executescript(BEFORE_MIGRATIONS.read_text(encoding="utf-8"))


def test_the_newest_revision_is_the_one_that_the_schema_names() -> None:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    script = ScriptDirectory.from_config(config)

    assert script.get_heads() == [REVISION]
    assert script.get_bases() == [FIRST_REVISION]
    assert all(re.fullmatch(r"\d{4}", step.revision) for step in script.walk_revisions())


def test_made_at_once_and_migrated_step_by_step_are_one_schema(
    address: Path | str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    other = (
        tmp_path / "other" / "plans.sqlite"
        if isinstance(address, Path)
        else request.getfixturevalue("postgres").fresh_database()
    )
    on_a_new_engine(address, migrate)
    migrated = on_a_new_engine(address, schema_of)
    store = Store(other)
    with store.reading() as connection:
        made = schema_of(connection)
    store.close()

    assert migrated == made
    assert set(made) == set(metadata.tables)


def test_a_file_from_before_migrations_is_taken_over_without_loss(file: Path, clock: Clock) -> None:
    store_from_before_migrations(file)
    tables = ("plans", "approvals", "refusals", "audit_head", "audit_records")
    before = {table: raw_rows(file, f"SELECT * FROM {table} ORDER BY 1, 2") for table in tables}  # noqa: S608 - our own names
    book = book_on(file, clock)
    plan = book.get(OF_BEFORE)
    after = {table: raw_rows(file, f"SELECT * FROM {table} ORDER BY 1, 2") for table in tables}  # noqa: S608 - our own names
    store = Store(file)
    with store.reading() as connection:
        wrong = broken_at(connection)
    store.close()

    assert plan.state is PlanState.APPROVED
    assert after["plans"] == [(*row, None, None, None, "{}") for row in before.pop("plans")]
    assert {table: after[table] for table in before} == before
    assert all(before.values())
    assert wrong is None
    assert book.begin(plan.id, plan.digest).id == plan.id


def test_the_program_from_before_migrations_leaves_a_newer_file_alone(file: Path, clock: Clock) -> None:
    proposed(book_on(file, clock))

    assert raw_rows(file, "PRAGMA user_version") > [(1,)], "it refuses any number above 1"


def test_processes_that_migrate_an_old_store_at_once_all_get_it(address: Path | str) -> None:
    on_a_new_engine(address, lambda connection: migrate(connection, FIRST_REVISION))
    child = (
        "import sys\n"
        "from pathlib import Path\n"
        "from airbyte_guardrails.store import Store\n"
        "print('ready', flush=True)\n"
        "sys.stdin.readline()\n"
        "store = Store(sys.argv[1] if '://' in sys.argv[1] else Path(sys.argv[1]))\n"
        "with store.reading() as connection:\n"
        "    print(connection.exec_driver_sql('SELECT begun_at FROM plans').all())\n"
    )
    command = [sys.executable, "-c", child, str(address)]
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(5)
    ]
    for process in processes:
        assert process.stdout is not None
        process.stdout.readline()
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    told = [process.communicate(timeout=30)[0] for process in processes]

    assert told == ["[]\n"] * 5
    assert raw_rows(address, "SELECT version_num FROM airbyte_mcp_revision") == [(REVISION,)]


def test_a_migration_that_breaks_off_leaves_the_old_store(address: Path | str) -> None:
    on_a_new_engine(address, lambda connection: migrate(connection, FIRST_REVISION))
    before = on_a_new_engine(address, schema_of)
    run_raw(address, "CREATE TABLE settings_seen (in_the_way INTEGER)")
    store = Store(address)
    with pytest.raises(StoreUnavailableError), store.reading():
        pass
    store.close()
    run_raw(address, "DROP TABLE settings_seen")

    assert on_a_new_engine(address, schema_of) == before
    assert raw_rows(address, "SELECT version_num FROM airbyte_mcp_revision") == [(FIRST_REVISION,)]


def test_a_store_of_a_newer_version_is_left_alone(address: Path | str, clock: Clock) -> None:
    plan = approved(book_on(address, clock))
    run_raw(address, "UPDATE airbyte_mcp_revision SET version_num = '0999'")
    with pytest.raises(StoreUnavailableError, match="newer version") as refused:
        book_on(address, clock).begin(plan.id, plan.digest)

    assert "Update this program" in refused.value.next_step
    assert raw_rows(address, "SELECT state FROM plans") == [("approved",)]


def test_neither_a_new_nor_a_known_store_loads_alembic(address: Path | str) -> None:
    child = (
        "import sys\n"
        "from pathlib import Path\n"
        "from airbyte_guardrails.store import Store\n"
        "for _ in range(2):\n"
        "    store = Store(sys.argv[1] if '://' in sys.argv[1] else Path(sys.argv[1]))\n"
        "    with store.reading(): pass\n"
        "    store.close()\n"
        "print('alembic' in sys.modules)\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", child, str(address)], capture_output=True, text=True, check=True
    )

    assert told.stdout == "False\n"
