"""What the documents say is true: configurations start, links lead somewhere, tables are complete."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import click
import pytest
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from airbyte_mcp_server.cli.command import command
from airbyte_mcp_server.settings.model import SECRET_NAMES, SETTING_NAMES, flag_of, variable_of
from airbyte_mcp_server.settings.sources import load_settings
from harness import COMMAND, clean_environment

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
DOCUMENTS = [README, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
ENTRIES: dict[str, Any] = json.loads((ROOT / "claude_config.example.json").read_text())["mcpServers"]
OUR_COMMAND = "airbyte-mcp-server"
CUT = "..."

every_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
every_entry = pytest.mark.parametrize("name", ENTRIES)


def test_the_example_holds_an_entry_for_each_kind_of_airbyte() -> None:
    assert list(ENTRIES) == ["airbyte-sandbox", "airbyte-self-managed", "airbyte-cloud"]


@every_entry
def test_an_entrys_environment_is_accepted_and_every_name_in_it_is_a_setting(name: str) -> None:
    environment: dict[str, str] = ENTRIES[name].get("env", {})
    load_settings({}, environment)
    assert environment.keys() <= {variable_of(setting) for setting in SETTING_NAMES}


@every_entry
async def test_an_entry_starts_a_server_that_lists_its_tools(name: str, tmp_path: Path) -> None:
    entry = ENTRIES[name]
    assert entry["command"] == OUR_COMMAND
    environment = clean_environment() | entry.get("env", {}) | {"AIRBYTE_MCP_DATA_DIR": str(tmp_path)}
    parameters = StdioServerParameters(command=COMMAND, args=entry["args"], env=environment)
    with (tmp_path / "server.log").open("w") as log:
        async with Client(stdio_client(parameters, errlog=log)) as client:
            offered = {tool.name for tool in (await client.list_tools()).tools}
    assert {"list_connections", "trigger_sync"} <= offered


@every_document
def test_every_relative_link_leads_to_a_file_and_a_heading_of_it(document: Path) -> None:
    links = re.findall(r"\]\((?!https?://)([^)]+)\)", document.read_text())
    for link in links:
        path, _, anchor = link.partition("#")
        target = document.parent / path if path else document
        assert target.is_file(), f"{document.name} links to {link}"
        assert not anchor or anchor in _anchors(target), f"{document.name} links to {link}"


@every_document
def test_every_make_target_that_is_named_exists(document: Path) -> None:
    named = re.findall(r"(?:^|`)make ([a-z]+)", document.read_text(), re.MULTILINE)
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(named) <= set(targets)


def test_the_readme_names_the_two_commands() -> None:
    assert {"make demo", "make test"} <= {line.split("  ")[0] for line in README.read_text().splitlines()}


@every_document
def test_every_command_line_that_is_shown_is_one_that_the_command_takes(document: Path) -> None:
    for line in re.findall(rf"{OUR_COMMAND} ([a-z][^`\n]*)", "\n".join(_code(document.read_text()))):
        words = line.split()
        taken = _options(words)
        assert {word for word in words if word.startswith("--")} <= taken, f"{document.name} shows {line}"


@every_document
def test_every_json_block_is_valid(document: Path) -> None:
    for block in re.findall(r"```json\n(.*?)```", document.read_text(), re.DOTALL):
        assert json.loads(block)


@every_document
def test_every_variable_that_is_named_is_a_setting(document: Path) -> None:
    named = set(re.findall(r"\bAIRBYTE_(?:MCP_)?[A-Z_]*[A-Z]\b", document.read_text()))
    secrets = {variable_of(name) + "_FILE" for name in SECRET_NAMES}
    assert named <= {variable_of(name) for name in SETTING_NAMES} | secrets | {"AIRBYTE_MCP_CONFIG"}


@pytest.mark.parametrize("name", SETTING_NAMES)
def test_every_setting_is_on_its_page_with_flag_variable_key_and_meaning(name: str) -> None:
    rows = (ROOT / "docs/settings.md").read_text().splitlines()
    (row,) = [row for row in rows if row.startswith("| `--") and f"`{variable_of(name)}`" in row]
    flag, variables, keys, default, meaning = (cell.strip() for cell in row.strip("|").split(" | "))
    assert flag_of(name) in flag
    assert variables.startswith(f"`{variable_of(name)}`")
    assert keys.startswith(f"`{name}`")
    assert default
    assert len(meaning) > len("Refuse.")


def test_the_settings_file_that_is_shown_is_accepted(tmp_path: Path) -> None:
    (shown,) = re.findall(r"```toml\n(.*?)```", (ROOT / "docs/settings.md").read_text(), re.DOTALL)
    secret = tmp_path / "secret"
    secret.write_text("a secret")
    config = tmp_path / "settings.toml"
    config.write_text(shown.replace("/run/secrets/airbyte", str(secret)))
    assert load_settings({}, {}, config).read_only


def test_every_runtime_dependency_has_its_reason_and_nothing_else_has() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = [re.split(r"[<>=\[]", requirement)[0] for requirement in project["dependencies"]]
    assert [name for name, _ in _dependencies()] == sorted(needed)


def test_a_server_that_lists_its_tools_has_loaded_exactly_what_the_page_says() -> None:
    named = {"opentelemetry-api": "opentelemetry.trace"}
    modules = {name: named.get(name, name.replace("-", "_")) for name, _ in _dependencies()}
    script = (
        "import sys, airbyte_mcp_server.cli.command, airbyte_mcp_server.cli.serve\n"
        "import airbyte_mcp_server.serving.transports\n"
        "from airbyte_mcp_server.server import listed_tools; listed_tools()\n"
        f"print(*[name for name, module in {modules!r}.items() if module in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [name for name, imported in _dependencies() if imported.startswith("start")]


def test_the_readmes_conversation_is_what_the_demo_prints(tmp_path: Path) -> None:
    (shown,) = re.findall(r"```text\n(.*?)```", README.read_text(), re.DOTALL)
    done = subprocess.run(
        [COMMAND, "demo", "--yes"],
        env=clean_environment() | {"AIRBYTE_MCP_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=50,
        check=True,
    )
    printed = [_without_figures(line) for line in done.stdout.splitlines()]
    expected = [_without_figures(line) for line in shown.splitlines() if line and line != CUT]
    places = [printed.index(line) if line in printed else line for line in expected]
    assert all(isinstance(place, int) for place in places), places
    assert len(set(places)) == len(expected)


def _without_figures(line: str) -> str:
    """Ports and job numbers differ from run to run."""
    return re.sub(r"\d+", "0", line)


def _anchors(document: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _code(text: str) -> list[str]:
    """Fenced blocks, with continued lines joined, and inline code."""
    fenced = re.findall(r"```\w*\n(.*?)```", text, re.DOTALL)
    inline = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    return [block.replace("\\\n", " ") for block in fenced] + inline


def _options(words: list[str]) -> set[str]:
    """The options of the subcommand that `words` begin with; fails if there is none."""
    found: click.Command = command
    for word in words:
        if not isinstance(found, click.Group):
            break
        at = click.Context(found)
        assert word in found.list_commands(at), f"there is no subcommand {word}"
        found = found.get_command(at, word) or found
    return {opt for parameter in found.params for opt in (*parameter.opts, *parameter.secondary_opts)}


def _dependencies() -> list[tuple[str, str]]:
    """Each row of the page: the dependency, and when it is imported."""
    rows = re.findall(
        r"^\| `(.+?)` \|.*\| ([^|]+) \|$", (ROOT / "docs/dependencies.md").read_text(), re.MULTILINE
    )
    return [(name, imported) for name, imported in rows]
