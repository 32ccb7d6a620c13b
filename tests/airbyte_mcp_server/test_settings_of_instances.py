"""The tables `[instances.NAME]`: each as strict as the settings of one Airbyte, and none mistaken for another."""

import re
import subprocess
import sys
from pathlib import Path

import certifi
import pytest

from airbyte_mcp_server.operating.redacting import Redactor
from airbyte_mcp_server.operators_policy import settings_digest
from airbyte_mcp_server.settings.airbyte import AIRBYTE_NAMES, MOST_INSTANCES
from airbyte_mcp_server.settings.model import Settings, SettingsError
from airbyte_mcp_server.settings.sources import files_named, load_settings
from harness import COMMAND, clean_environment

PAGE = Path(__file__).parents[2] / "docs" / "instances.md"
TWO = """
[instances.prod]
api_url = "https://airbyte.example.com"
client_id = "me"
client_secret = "planted-secret-of-prod"

[instances.staging]
api_url = "https://staging.example.com"
username = "me"
password = "planted-password-of-staging"
"""


def loaded(folder: Path, text: str, **variables: str) -> Settings:
    """The settings of a file with this text."""
    return load_settings({}, variables, written(folder, text))


def written(folder: Path, text: str) -> Path:
    """A settings file with this text."""
    path = folder / "settings.toml"
    path.write_text(text)
    return path


def test_each_table_is_an_airbyte_of_its_name(tmp_path: Path) -> None:
    settings = loaded(tmp_path, TWO)

    assert settings.choices == ("prod", "staging")
    assert {name: airbyte.api_url for name, airbyte in settings.airbytes.items()} == {
        "prod": "https://airbyte.example.com",
        "staging": "https://staging.example.com",
    }


def test_without_tables_there_is_one_airbyte_and_nothing_to_choose() -> None:
    settings = load_settings({}, {"AIRBYTE_API_URL": "https://airbyte.example.com"})

    assert [*settings.airbytes] == ["default"]
    assert settings.airbytes["default"].api_url == "https://airbyte.example.com"
    assert settings.choices == ()


def test_one_table_is_one_airbyte_with_a_name(tmp_path: Path) -> None:
    settings = loaded(tmp_path, "[instances.prod]\napi_url = 'https://airbyte.example.com'\n")

    assert [*settings.airbytes] == ["prod"]
    assert settings.choices == ()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[instances.prod]\nclient_idd = "x"', "Did you mean instances.prod.client_id?"),
        ("[instances.prod]\nread_only = true", "read_only is for the whole server"),
        ("[instances.prod.more]", "instances.prod.more in .* is not a setting"),
        ('[instances.prod]\napi_url = "ftp://x"', r"instances\.prod\.api_url: it is not a web address"),
        (
            '[instances.prod]\napi_url = "https://a:b@x"',
            r"instances\.prod\.api_url: credentials do not belong",
        ),
        ('[instances.prod]\nca_bundle = "/no/such"', r"instances\.prod\.ca_bundle: there is no such file"),
        (f'[instances.prod]\nca_bundle = "{PAGE}"', r"instances\.prod\.ca_bundle: it cannot be read as cert"),
        ('[instances.prod]\nclient_id = "x"', r"instances\.prod: client_id and client_secret go together"),
        (
            '[instances.prod]\nsecret_access_token = "x"\nusername = "x"\npassword = "x"',
            r"instances\.prod: choose one way",
        ),
        (
            '[instances.prod]\npassword = "x"\npassword_file = "y"',
            r"instances\.prod\.password and instances\.prod\.password_file are both set",
        ),
        (
            '[instances.prod]\npassword_file = "/no/such"',
            r"instances\.prod\.password_file: .* cannot be read",
        ),
        ("instances = 3", "holds tables"),
        ("[instances]", "holds tables"),
        ('[instances]\nprod = "https://airbyte.example.com"', "holds tables"),
        ("[instance.prod]", "Did you mean instances"),
        ('[instances."Prod"]', "'Prod' cannot name an Airbyte"),
        ('[instances."prod eu"]', "lower-case letters, digits and dashes"),
        ("[instances.-prod]", "cannot name"),
        (f"[instances.{'x' * 33}]", "1 to 32"),
        ("[instances.plans]", "the addresses of plans begin with it"),
        ("[instances.prod]", r"prod\.api_url is missing"),
        *(
            (f"[instances.a]\napi_url = '{one}'\n[instances.b]\napi_url = '{other}'", "a and b have the same")
            for one, other in (
                ("https://x.example.com", "https://X.example.com/"),
                ("https://x.example.com", "http://x.example.com"),
                ("http://localhost:8000", "http://127.0.0.1:8000"),
            )
        ),
        (
            "".join(f"[instances.a{n}]\napi_url = 'https://a{n}.example.com'\n" for n in range(21)),
            "20 at most",
        ),
    ],
)
def test_a_mistake_in_a_table_stops_the_start_and_is_named(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        loaded(tmp_path, text)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://airbyte.example.com", "https://AIRBYTE.example.com/api/v1/", True),
        ("https://cloud.airbyte.com/workspaces/x", "https://api.airbyte.com/v1", True),
        ("https://airbyte.example.com", "https://airbyte.example.com:8000", False),
        ("https://airbyte.example.com/one", "https://airbyte.example.com/two", False),
    ],
)
def test_two_names_for_one_address_are_refused(tmp_path: Path, one: str, other: str, *, same: bool) -> None:
    text = f'[instances.a]\napi_url = "{one}"\n[instances.b]\napi_url = "{other}"\n'
    if not same:
        assert loaded(tmp_path, text).choices == ("a", "b")
        return
    with pytest.raises(SettingsError, match="a and b have the same address, and by it plans"):
        loaded(tmp_path, text)


@pytest.mark.parametrize("name", ["AIRBYTE_API_URL", "AIRBYTE_CLIENT_ID", "AIRBYTE_PASSWORD_FILE"])
def test_one_more_airbyte_in_the_environment_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingsError, match=r"for which Airbyte\? The settings file has tables"):
        loaded(tmp_path, TWO, **{name: "x"})


def test_one_more_airbyte_by_flag_or_above_the_tables_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"^api_url: for which"):
        load_settings({"api_url": "https://x.example.com"}, {}, written(tmp_path, TWO))
    with pytest.raises(SettingsError, match=r"^workspace_id: for which"):
        loaded(tmp_path, f'workspace_id = "x"\n{TWO}')


def test_a_companys_certificates_are_said_once_for_all_and_differently_for_one(tmp_path: Path) -> None:
    common, own = tmp_path / "common.pem", tmp_path / "own.pem"
    for bundle in (common, own):
        bundle.write_bytes(Path(certifi.where()).read_bytes())
    settings = loaded(tmp_path, f'ca_bundle = "{common}"\n{TWO}ca_bundle = "{own}"\n')

    assert [airbyte.ca_bundle for airbyte in settings.airbytes.values()] == [common, own]
    assert settings.ca_bundle == common


def test_a_secret_of_a_table_comes_from_a_file_that_the_doctor_hears_of(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("planted-secret\n")
    text = f'[instances.prod]\napi_url = "x.example.com"\nclient_id = "me"\nclient_secret_file = "{secret}"\n'
    given = loaded(tmp_path, text).airbytes["prod"].client_secret

    assert given is not None
    assert given.get_secret_value() == "planted-secret"
    assert files_named({}, {}, tmp_path / "settings.toml")["instances.prod.client_secret_file"] == secret


def test_no_secret_of_any_table_is_shown_logged_or_in_the_digest(tmp_path: Path) -> None:
    settings = loaded(tmp_path, TWO)
    redact = Redactor(settings)
    others = loaded(tmp_path, TWO.replace("planted", "another"))

    assert "planted" not in repr(settings)
    assert redact("planted-secret-of-prod, planted-password-of-staging") == "***, ***"
    assert settings_digest(settings) == settings_digest(others)
    assert settings_digest(settings) != settings_digest(loaded(tmp_path, TWO.replace("staging", "stage")))


def test_several_airbytes_load_no_client_at_the_start(tmp_path: Path) -> None:
    probe = (
        "import sys, pathlib\n"
        "from airbyte_mcp_server.runtime import Runtime\n"
        "from airbyte_mcp_server.server import build_server\n"
        "from airbyte_mcp_server.settings.sources import load_settings\n"
        f"build_server(Runtime(load_settings({{}}, {{}}, pathlib.Path({str(written(tmp_path, TWO))!r}))))\n"
        "print([name for name in ('airbyte_client', 'airbyte_tools', 'httpx') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_a_sandbox_is_not_started_in_the_place_of_named_airbytes(tmp_path: Path) -> None:
    refused = subprocess.run(
        [COMMAND, "serve", "--sandbox"],
        env=clean_environment() | {"AIRBYTE_MCP_CONFIG": str(written(tmp_path, TWO))},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
        timeout=30,
    )

    assert refused.returncode == 1
    assert "has Airbytes of its own (prod, staging): leave --sandbox out" in refused.stderr


def test_the_settings_file_on_the_page_is_accepted_and_the_page_says_its_limits(tmp_path: Path) -> None:
    page = PAGE.read_text()
    (shown,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    (tmp_path / "secret").write_text("a secret")
    settings = loaded(tmp_path, re.sub(r"/run/secrets/[\w-]+", str(tmp_path / "secret"), shown))

    assert settings.choices == ("prod", "staging")
    assert f"There can be {MOST_INSTANCES}." in page
    (keys,) = re.findall(r"A table takes (.*?);", page, re.DOTALL)
    assert set(re.findall(r"`(\w+)`", keys)) == AIRBYTE_NAMES
