"""`doctor` says how a person would be reached, by clients that can ask and by those that cannot."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from airbyte_mcp_server.cli.command import command
from processes import clean_environment

pytestmark = pytest.mark.ci

PAGE = "http://127.0.0.1:9"
WITHOUT_TERMINALS = {"terminal_approvals": "false"}
HTTP = {"transport": "http", "token": "planted-token-of-the-server"}


def findings(folder: Path, **variables: str) -> list[tuple[str, str]]:
    """Verdict and words of every finding about people; nobody answers as Airbyte."""
    own = {"open_browser": "never", "data_dir": str(folder)} | variables
    environment = {f"AIRBYTE_MCP_{name.upper()}": value for name, value in own.items()}
    environment |= clean_environment() | {"AIRBYTE_API_URL": "http://127.0.0.1:9"}
    examined = CliRunner(env=environment).invoke(command, ["doctor", "--json"])
    told = json.loads(examined.stdout)["findings"]
    return [(f["verdict"], f"{f['message']} {f['next_step']}") for f in told if f["check"] == "people"]


def words(found: list[tuple[str, str]], verdict: str) -> str:
    return " ".join(told for level, told in found if level == verdict)


def policy(folder: Path, asked: str) -> dict[str, str]:
    file = folder / "policy.toml"
    file.write_text(
        f'[[rule]]\nname = "Clearing"\naction = "clear_connection"\nanswer = "confirm"\n{asked}\n'
    )
    return {"policy_file": str(file)}


def test_each_kind_of_client_is_told_of_with_its_ways(tmp_path: Path) -> None:
    found = findings(tmp_path, approvals_url=PAGE)

    assert [verdict for verdict, _ in found] == ["OK", "OK", "OK"]
    forms, addresses, others = (told for _, told in found)
    assert "shows forms" in forms
    assert f"leads its person to {PAGE}/plans/PLAN" in addresses
    assert f"{PAGE}/plans/PLAN, or on a terminal: airbyte-mcp-server approvals approve PLAN" in others


def test_clients_that_cannot_ask_are_warned_about_where_nobody_else_could_be_reached(tmp_path: Path) -> None:
    assert "on a terminal" in words(findings(tmp_path), "OK")

    found = findings(tmp_path, **WITHOUT_TERMINALS)
    assert "shows forms" in words(found, "OK")
    assert "nobody can approve it from here" in words(found, "WARN")
    assert "AIRBYTE_MCP_APPROVALS_URL" in words(found, "WARN")


def test_the_browser_of_this_desktop_counts_over_stdio_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROWSER", "true")
    assert "in the browser window" in words(
        findings(tmp_path, **WITHOUT_TERMINALS, open_browser="always"), "OK"
    )

    served = findings(tmp_path, **WITHOUT_TERMINALS, **HTTP, open_browser="always")
    assert "browser" not in words(served, "OK")
    assert words(served, "WARN")


def test_with_replicas_only_newer_clients_can_ask(tmp_path: Path) -> None:
    found = findings(tmp_path, **HTTP, state_key="k" * 32)

    assert "A client of MCP 2026-07-28 or later that shows forms" in words(found, "OK")


def test_a_rule_that_asks_for_more_than_any_client_can_give_is_warned_about(tmp_path: Path) -> None:
    asked = policy(tmp_path, 'least_evidence = "out_of_band"')
    told = words(findings(tmp_path, **asked), "WARN")
    assert '"Clearing"' in told
    assert "an approval of the kind out_of_band, and there is no way to give one" in told

    assert words(findings(tmp_path, **asked, approvals_url=PAGE), "WARN") == ""


def test_a_second_person_needs_requesters_with_names(tmp_path: Path) -> None:
    asked = policy(tmp_path, "second_person = true") | {"approvals_url": PAGE}
    assert "it asks for a second person" in words(findings(tmp_path, **asked, **HTTP), "WARN")

    named = {"transport": "http", "tokens_file": str(tmp_path / "tokens.toml")}
    assert words(findings(tmp_path, **asked, **named), "WARN") == ""


def test_where_the_models_word_counts_nobody_has_to_be_reached(tmp_path: Path) -> None:
    found = findings(tmp_path, **WITHOUT_TERMINALS, dangerously_allow_model_confirmation="true")

    assert words(found, "WARN") == ""
    assert "the model's own word counts" in words(found, "OK")


@pytest.mark.parametrize(
    "nothing", [{"read_only": "true"}, {"tool_sets": ","}], ids=["read-only", "no tools"]
)
def test_where_every_change_is_refused_nobody_has_to_be_reached(
    nothing: dict[str, str], tmp_path: Path
) -> None:
    ((verdict, told),) = findings(tmp_path, **nothing)

    assert verdict == "OK"
    assert "Nobody needs to be reached" in told
