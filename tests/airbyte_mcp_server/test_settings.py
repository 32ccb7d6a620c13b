"""One vocabulary for flag, environment and file; what is mistyped stops the start and names the right one."""

import subprocess
from pathlib import Path

import pytest

from airbyte_mcp_server.settings.airbyte import DEFAULT_API_URL
from airbyte_mcp_server.settings.model import SettingsError
from airbyte_mcp_server.settings.sources import load_settings
from harness import COMMAND, Desk, clean_environment


def written(folder: Path, text: str) -> Path:
    """A settings file with this text."""
    path = folder / "settings.toml"
    path.write_text(text)
    return path


def test_without_any_setting_the_reference_documents_address_is_used() -> None:
    settings = load_settings({}, {})

    assert settings.api_url == DEFAULT_API_URL == "http://localhost:8000/api/public/v1"
    assert settings.transport == "stdio"
    assert not settings.read_only


def test_a_flag_beats_the_environment_and_the_environment_beats_the_file(tmp_path: Path) -> None:
    config = written(tmp_path, 'timezone = "Europe/Berlin"\nlog_level = "error"\nport = 1000\n')
    settings = load_settings(
        {"port": "3000"}, {"AIRBYTE_MCP_LOG_LEVEL": "debug", "AIRBYTE_MCP_PORT": "2000"}, config
    )

    assert (settings.timezone, settings.log_level, settings.port) == ("Europe/Berlin", "debug", 3000)


def test_the_file_can_be_named_in_the_environment(tmp_path: Path) -> None:
    config = written(tmp_path, "read_only = true\n")

    assert load_settings({}, {"AIRBYTE_MCP_CONFIG": str(config)}).read_only


def test_an_empty_variable_is_not_set() -> None:
    assert load_settings({}, {"AIRBYTE_CLIENT_ID": "", "AIRBYTE_CLIENT_SECRET": ""}).client_id is None


@pytest.mark.parametrize(
    ("variable", "nearest"),
    [
        ("AIRBYTE_MCP_READONLY", "AIRBYTE_MCP_READ_ONLY"),
        ("AIRBYTE_MCP_READ_ONYL", "AIRBYTE_MCP_READ_ONLY"),
        ("AIRBYTE_CLIENT_SECERT", "AIRBYTE_CLIENT_SECRET"),
        ("AIRBYTE_SECRET_ACESS_TOKEN", "AIRBYTE_SECRET_ACCESS_TOKEN"),
        ("AIRBYTE_MCP_TOKN_FILE", "AIRBYTE_MCP_TOKEN_FILE"),
        ("AIRBYTE_READ_ONLY", "AIRBYTE_MCP_READ_ONLY"),
        ("AIRBYTE_READONLY", "AIRBYTE_MCP_READ_ONLY"),
        ("airbyte_mcp_read_only", "AIRBYTE_MCP_READ_ONLY"),
        ("AIRBYTE-MCP-READ-ONLY", "AIRBYTE_MCP_READ_ONLY"),
        ("AIRBYTEMCP_READ_ONLY", "AIRBYTE_MCP_READ_ONLY"),
        ("AIRBYTE_TERMINAL_APPROVALS", "AIRBYTE_MCP_TERMINAL_APPROVALS"),
        ("AIRBYTE_COOLDOWN_SECONDS", "AIRBYTE_MCP_COOL_DOWN_SECONDS"),
    ],
)
def test_a_mistyped_variable_stops_the_start(variable: str, nearest: str) -> None:
    with pytest.raises(SettingsError, match=f"{variable} is not a setting. Did you mean {nearest}"):
        load_settings({}, {variable: "x"})


@pytest.mark.parametrize("variable", ["AIRBYTE_ROOT", "AIRBYTE_VERSION", "AIRBYTE_CLOUD_WORKSPACE", "PATH"])
def test_variables_of_other_programs_are_left_alone(variable: str) -> None:
    assert load_settings({}, {variable: "x"}).api_url == DEFAULT_API_URL


def test_a_mistyped_key_of_the_file_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"readonly in .* is not a setting\. Did you mean read_only"):
        load_settings({}, {}, written(tmp_path, "readonly = true\n"))


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"AIRBYTE_MCP_READ_ONLY": "maybe"}, "read_only"),
        ({"AIRBYTE_MCP_PORT": "http"}, "port"),
        ({"AIRBYTE_MCP_TRANSPORT": "websocket"}, "transport"),
        ({"AIRBYTE_MCP_TIMEZONE": "Berlin"}, "IANA"),
        ({"AIRBYTE_MCP_APPROVE_SECONDS": "0"}, "approve_seconds"),
        ({"AIRBYTE_MCP_TOKEN": "short"}, "guessed"),
        ({"AIRBYTE_MCP_ALLOWED_HOSTS": "*"}, "not the name of a host"),
        ({"AIRBYTE_MCP_ALLOWED_HOSTS": "https://mcp.example.com"}, "not the name of a host"),
        ({"AIRBYTE_MCP_OAUTH_ISSUER": "http://id.example.com"}, "must begin with https://"),
        ({"AIRBYTE_MCP_OAUTH_ISSUER": "https://id.example.com"}, "go together"),
        ({"AIRBYTE_API_URL": "ftp://airbyte.example.com"}, "web address"),
        ({"AIRBYTE_API_URL": "https://me:secret@airbyte.example.com"}, "do not belong into the address"),
        ({"AIRBYTE_MCP_DATA_DIR": "plans"}, "absolute"),
        ({"AIRBYTE_CA_BUNDLE": "/no/such/file.pem"}, "no such file"),
        ({"AIRBYTE_CLIENT_ID": "only"}, "go together"),
        ({"AIRBYTE_USERNAME": "only"}, "go together"),
        (
            {"AIRBYTE_CLIENT_ID": "a", "AIRBYTE_CLIENT_SECRET": "b", "AIRBYTE_SECRET_ACCESS_TOKEN": "c"},
            "choose one way",
        ),
    ],
    ids=str,
)
def test_a_wrong_value_stops_the_start_and_is_named(variables: dict[str, str], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        load_settings({}, variables)


def test_a_secret_comes_from_a_file_and_is_never_shown(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("planted-secret\n")
    settings = load_settings({}, {"AIRBYTE_CLIENT_ID": "me", "AIRBYTE_CLIENT_SECRET_FILE": str(secret)})

    assert settings.client_secret is not None
    assert settings.client_secret.get_secret_value() == "planted-secret"
    assert "planted-secret" not in repr(settings)


@pytest.mark.parametrize(
    ("content", "words"), [(None, "cannot be read"), ("", "is empty"), ("x" * 100_000, "too large")]
)
def test_an_unusable_secret_file_is_named(tmp_path: Path, content: str | None, words: str) -> None:
    path = tmp_path / "secret"
    if content is not None:
        path.write_text(content)
    with pytest.raises(SettingsError, match=words):
        load_settings({}, {"AIRBYTE_SECRET_ACCESS_TOKEN_FILE": str(path)})


def test_a_secret_and_its_file_together_are_refused(tmp_path: Path) -> None:
    variables = {"AIRBYTE_SECRET_ACCESS_TOKEN": "x", "AIRBYTE_SECRET_ACCESS_TOKEN_FILE": str(tmp_path)}
    with pytest.raises(SettingsError, match="both set"):
        load_settings({}, variables)


def test_credentials_of_the_environment_replace_those_of_the_file(tmp_path: Path) -> None:
    config = written(tmp_path, 'client_id = "a"\nclient_secret = "b"\n')
    settings = load_settings({}, {"AIRBYTE_SECRET_ACCESS_TOKEN": "token"}, config)

    assert settings.client_id is None
    assert settings.secret_access_token is not None


def test_the_halves_of_one_way_to_sign_in_may_come_from_different_places(tmp_path: Path) -> None:
    config = written(tmp_path, 'client_id = "a"\nsecret_access_token = "replaced"\n')
    settings = load_settings({}, {"AIRBYTE_CLIENT_SECRET": "b"}, config)

    assert settings.client_id == "a"
    assert settings.client_secret is not None
    assert settings.secret_access_token is None


def test_a_data_folder_in_the_home_is_found_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))

    assert load_settings({"data_dir": "~/plans"}, {}).data_dir == tmp_path / "plans"


def test_credentials_given_by_flag_replace_those_of_the_environment() -> None:
    settings = load_settings(
        {"client_id": "a", "client_secret": "b"}, {"AIRBYTE_SECRET_ACCESS_TOKEN": "token"}
    )

    assert settings.client_id == "a"
    assert settings.secret_access_token is None


@pytest.mark.parametrize("text", ["read_only = tru", "\x00", "[[["])
def test_a_file_that_is_not_toml_is_named(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError, match="is not valid TOML"):
        load_settings({}, {}, written(tmp_path, text))


@pytest.mark.parametrize("arguments", [["serve"], [], ["approvals", "list"]], ids=str)
def test_every_command_refuses_a_mistyped_setting(arguments: list[str]) -> None:
    refused = subprocess.run(
        [COMMAND, *arguments],
        env=clean_environment() | {"AIRBYTE_MCP_REDONLY": "true"},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
        timeout=30,
    )

    assert refused.returncode == 1
    assert "Did you mean AIRBYTE_MCP_READ_ONLY?" in refused.stderr
    assert refused.stdout == ""


def test_an_unknown_flag_is_refused(desk: Desk) -> None:
    refused = desk.command("serve", "--readonly")

    assert refused.returncode == 2
    assert "--read-only" in refused.stderr


@pytest.mark.parametrize(
    "url", ["https://u:planted@h:badport/", "https://h:99999/", "ftp://h/", "not an address", "https://"]
)
def test_a_webhook_that_could_never_be_reached_stops_the_start_without_being_repeated(url: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load_settings({}, {"AIRBYTE_MCP_WEBHOOK_URL": url})

    assert "--webhook-url-file, AIRBYTE_MCP_WEBHOOK_URL" in str(refused.value)
    assert "planted" not in str(refused.value)
