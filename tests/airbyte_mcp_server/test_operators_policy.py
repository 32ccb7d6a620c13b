"""The policy that settings and file make together, and the light tables that stand for what is heavy to load."""

import subprocess
import sys
from pathlib import Path

import pytest

from airbyte_guardrails.evidence import Evidence
from airbyte_mcp_server.changing.apply_plan import APPLY_PLAN
from airbyte_mcp_server.changing.model_confirmation import CONFIRMING_APPLY_PLAN
from airbyte_mcp_server.operators_policy import known_instances, policy_of, settings_digest
from airbyte_mcp_server.runtime import Runtime
from airbyte_mcp_server.server import listed_tools
from airbyte_mcp_server.settings.model import SettingsError, ToolSet
from airbyte_mcp_server.settings.sources import load_settings
from airbyte_mcp_server.tool_sets import CHANGING, TOOL_SETS, tools_hidden
from airbyte_tools.catalogue import ALL_TOOLS, public_face
from airbyte_tools.tool import MutatingTool

RULE = '[[rule]]\nname = "one"\nanswer = "deny"\n'


def test_every_tool_that_changes_something_is_in_a_set_and_nothing_else_is() -> None:
    changing = {tool.name for tool in ALL_TOOLS if isinstance(tool, MutatingTool)}

    assert TOOL_SETS.keys() == changing
    assert changing | {APPLY_PLAN.name} == CHANGING
    assert set(TOOL_SETS.values()) == set(ToolSet)


def test_rules_may_name_the_airbytes_that_the_settings_name_and_the_sandbox(tmp_path: Path) -> None:
    config = tmp_path / "settings.toml"
    tables = (f'[instances.{name}]\napi_url = "https://{name}.example.com"\n' for name in ("prod", "staging"))
    config.write_text("".join(tables))

    assert known_instances(load_settings({}, {})) == ("default", "sandbox")
    assert known_instances(load_settings({}, {}, config)) == ("prod", "staging", "sandbox")


def test_the_apply_plan_of_the_dangerous_setting_is_listed_as_the_code_says() -> None:
    (listed,) = [tool for tool in listed_tools(confirming=True) if tool.name == "apply_plan"]

    assert listed.model_dump(by_alias=True, exclude_unset=True) == public_face(CONFIRMING_APPLY_PLAN)
    assert [tool.name for tool in listed_tools(confirming=True)] == [tool.name for tool in listed_tools()]


@pytest.mark.parametrize("source", ["flag", "environment", "file"])
def test_the_policy_file_is_read_however_it_is_named(tmp_path: Path, source: str) -> None:
    file, config = tmp_path / "policy.toml", tmp_path / "settings.toml"
    file.write_text(RULE)
    config.write_text(f'policy_file = "{file}"\n')
    settings = {
        "flag": lambda: load_settings({"policy_file": str(file)}, {}),
        "environment": lambda: load_settings({}, {"AIRBYTE_MCP_POLICY_FILE": str(file)}),
        "file": lambda: load_settings({}, {}, config),
    }[source]()

    assert [rule.name for rule in policy_of(settings).rules] == ["one"]


def test_a_policy_file_in_the_home_is_found_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))

    assert load_settings({"policy_file": "~/p.toml"}, {}).policy_file == tmp_path / "p.toml"


def test_a_mistake_in_the_policy_file_stops_the_start(tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text("[[rule]]")
    with pytest.raises(SettingsError, match="rule 1: 'name' is missing"):
        Runtime(load_settings({"policy_file": str(file)}, {}))


@pytest.mark.parametrize(
    ("given", "least"),
    [
        ({}, Evidence.LOCAL_TERMINAL),
        ({"terminal_approvals": "false"}, Evidence.ELICITED),
        ({"dangerously_allow_model_confirmation": "true"}, Evidence.MODEL_ASSERTED),
    ],
    ids=str,
)
def test_what_counts_where_no_rule_asks_for_more(given: dict[str, object], least: Evidence) -> None:
    assert policy_of(load_settings(given, {})).least_evidence is least


def test_sets_that_are_not_offered_are_hidden_and_applying_with_the_last_of_them() -> None:
    assert tools_hidden(load_settings({}, {})) == set()
    assert tools_hidden(load_settings({"tool_sets": "run"}, {})) == CHANGING - {
        "trigger_sync",
        "cancel_job",
        "apply_plan",
    }
    assert tools_hidden(load_settings({"tool_sets": ""}, {})) == CHANGING
    assert tools_hidden(load_settings({"read_only": "true"}, {})) == CHANGING


def test_the_digest_of_the_settings_covers_what_is_set_and_no_secret(tmp_path: Path) -> None:
    secrets = {"client_id": "a", "client_secret": "planted", "token": "planted-token-of-this-test"}
    others = secrets | {"client_secret": "another", "token": "another-token-of-this-test"}

    assert settings_digest(load_settings(secrets, {})) == settings_digest(load_settings(others, {}))
    assert settings_digest(load_settings({}, {})) != settings_digest(load_settings({"read_only": "true"}, {}))


def test_replicas_that_listen_elsewhere_have_the_same_settings_in_force() -> None:
    one, other = (
        load_settings({"port": port, "host": host}, {}) for port, host in ((1, "::1"), (2, "127.0.0.1"))
    )

    assert settings_digest(one) == settings_digest(other)


def test_a_start_without_a_policy_file_loads_no_policy() -> None:
    probe = (
        "import sys\n"
        "from airbyte_mcp_server.server import build_server, listed_tools\n"
        "from airbyte_mcp_server.runtime import Runtime\n"
        "from airbyte_mcp_server.settings.model import Settings\n"
        "build_server(Runtime(Settings())), listed_tools()\n"
        "print([name for name in sys.modules if name.startswith('airbyte_guardrails.policy')])\n"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
