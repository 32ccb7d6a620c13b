"""`doctor` looks into a store without making, migrating or trusting it."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from airbyte_guardrails.approvers import Approvers
from airbyte_guardrails.store import Store
from airbyte_mcp_server.cli.command import command
from postgres_server import PASSWORD, PostgresServer
from processes import clean_environment

pytestmark = pytest.mark.ci

BEFORE_MIGRATIONS = Path(__file__).parents[1] / "airbyte_guardrails" / "before_migrations.sql"


def findings(folder: Path, **variables: str) -> list[tuple[str, str]]:
    """Verdict and words of every finding about store and approvals; nobody answers as Airbyte."""
    own = {"AIRBYTE_API_URL": "http://127.0.0.1:9", "AIRBYTE_MCP_DATA_DIR": str(folder)}
    examined = CliRunner(env=clean_environment() | own | variables).invoke(command, ["doctor", "--json"])
    assert PASSWORD not in examined.output
    told = json.loads(examined.stdout)["findings"]
    return [
        (f["verdict"], f"{f['message']} {f['next_step']}")
        for f in told
        if f["check"] in ("store", "approvals")
    ]


def words(found: list[tuple[str, str]], verdict: str) -> str:
    return " ".join(told for level, told in found if level == verdict)


def made(folder: Path) -> Path:
    """A store as the server makes it."""
    folder.mkdir(mode=0o700)
    store = Store(folder / "plans.sqlite")
    with store.reading():
        pass
    store.close()
    return folder / "plans.sqlite"


def test_a_store_in_use_is_up_to_date_and_warned_about_where_the_agent_could_write_it(tmp_path: Path) -> None:
    made(tmp_path / "data")
    found = findings(tmp_path / "data")

    assert "is up to date" in words(found, "OK")
    assert "an agent with a shell could write approvals into it" in words(found, "WARN")
    over_http = findings(tmp_path / "data", AIRBYTE_MCP_TRANSPORT="http")
    assert "let no agent run as that user" in words(over_http, "OK")
    assert "could write approvals" not in words(over_http, "WARN")


def test_a_page_without_approvers_is_warned_about(tmp_path: Path) -> None:
    file = made(tmp_path / "data")
    page = {"AIRBYTE_MCP_APPROVALS_URL": "http://localhost:9"}
    assert "approvals users add" in words(findings(tmp_path / "data", **page), "WARN")

    store = Store(file)
    Approvers(store, lambda: datetime.now(UTC)).add("ann", "a long enough password")
    store.close()
    assert "approvals users add" not in words(findings(tmp_path / "data", **page), "WARN")


def test_a_store_that_others_can_read_is_a_failure(tmp_path: Path) -> None:
    file = made(tmp_path / "data")
    file.chmod(0o644)

    assert "chmod 600" in words(findings(tmp_path / "data"), "FAIL")


def test_a_file_that_is_no_store_is_a_failure_and_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o700)
    file = tmp_path / "data" / "plans.sqlite"
    file.write_text("a letter, and no database at all" * 100)
    file.chmod(0o600)

    assert "it is no database" in words(findings(tmp_path / "data"), "FAIL")
    assert file.read_text().startswith("a letter")


def test_a_folder_that_cannot_be_made_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    assert "AIRBYTE_MCP_DATA_DIR" in words(findings(tmp_path / "file" / "data"), "FAIL")


@pytest.mark.ci
def test_a_database_is_opened_and_neither_made_nor_migrated(postgres: PostgresServer, tmp_path: Path) -> None:
    address = postgres.fresh_database()
    for _ in range(2):
        assert "its tables are made with the first change" in words(
            findings(tmp_path, AIRBYTE_MCP_STORE=address), "OK"
        )
    store = Store(address)
    with store.reading():
        pass
    store.close()

    assert "is up to date" in words(findings(tmp_path, AIRBYTE_MCP_STORE=address), "OK")


@pytest.mark.ci
def test_a_database_that_does_not_let_us_in_is_a_failure(postgres: PostgresServer, tmp_path: Path) -> None:
    address = postgres.address(password="planted-other-password")
    found = findings(tmp_path, AIRBYTE_MCP_STORE=address)

    assert "AIRBYTE_MCP_STORE" in words(found, "FAIL")
    assert "planted-other-password" not in str(found)
