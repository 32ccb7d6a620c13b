"""`doctor` asks the OAuth authorization server for its keys, as the server would at the first token."""

import json
import socket
from collections.abc import Generator

import pytest
from click.testing import CliRunner

from airbyte_mcp_server.cli.command import command
from issuers import KEYS, Issuer, running_issuer
from processes import clean_environment
from scripted_airbyte import answer, scripted_airbyte

pytestmark = pytest.mark.ci

OAUTH = {
    "AIRBYTE_API_URL": "http://127.0.0.1:9",
    "AIRBYTE_MCP_TRANSPORT": "http",
    "AIRBYTE_MCP_OAUTH_AUDIENCE": "http://127.0.0.1:8765/mcp",
}


@pytest.fixture
def issuer() -> Generator[Issuer]:
    with running_issuer() as running:
        yield running


def findings(**variables: str) -> list[tuple[str, str]]:
    """Verdict and words of every finding about the issuer; nobody answers as Airbyte."""
    own = {f"AIRBYTE_MCP_{name.upper()}": value for name, value in variables.items()}
    examined = CliRunner(env=clean_environment() | OAUTH | own).invoke(command, ["doctor", "--json"])
    told = json.loads(examined.stdout)["findings"]
    return [(f["verdict"], f"{f['message']} {f['next_step']}") for f in told if f["check"] == "issuer"]


def test_an_issuer_that_gives_its_keys_is_found_sound_and_asked_once(issuer: Issuer) -> None:
    ((verdict, told),) = findings(oauth_issuer=issuer.address)

    assert verdict == "OK"
    assert "keys that can sign access tokens (1)" in told, "the shared secret among them signs none"
    assert issuer.served.count(KEYS) == 1


def test_an_issuer_that_is_not_there_is_a_failure_for_nobody_could_sign_in() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}"
        ((verdict, told),) = findings(oauth_issuer=address)

    assert verdict == "FAIL"
    assert "it cannot be reached" in told
    assert "every request is answered 401" in told
    assert "AIRBYTE_MCP_OAUTH_ISSUER" in told


def test_where_other_tokens_open_the_server_an_issuer_without_keys_is_a_warning(issuer: Issuer) -> None:
    issuer.metadata_at = "/elsewhere"
    ((verdict, told),) = findings(oauth_issuer=issuer.address, token="planted-token-of-the-server")

    assert verdict == "WARN"
    assert "answered 404" in told


def test_an_issuer_of_another_name_is_a_failure(issuer: Issuer) -> None:
    issuer.claims_to_be = "https://else\x1b[31m.example.com"
    ((verdict, told),) = findings(oauth_issuer=issuer.address)

    assert verdict == "FAIL"
    assert "it calls itself" in told
    assert "\x1b" not in told


def test_keys_that_sign_no_access_token_are_a_failure(issuer: Issuer) -> None:
    with scripted_airbyte() as elsewhere:
        elsewhere.on("GET /keys", answer({"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}))
        keys_at = f"{elsewhere.base_url}/keys"
        ((verdict, told),) = findings(oauth_issuer=issuer.address, oauth_jwks_url=keys_at)

    assert verdict == "FAIL"
    assert "none of its 1 keys" in told


def test_keys_from_elsewhere_do_but_an_issuer_that_says_nothing_of_itself_is_warned_about(
    issuer: Issuer,
) -> None:
    keys_at = issuer.address + KEYS
    assert [verdict for verdict, _ in findings(oauth_issuer=issuer.address, oauth_jwks_url=keys_at)] == ["OK"]

    issuer.metadata_at = "/elsewhere"
    found = findings(oauth_issuer=issuer.address, oauth_jwks_url=keys_at)
    assert [verdict for verdict, _ in found] == ["OK", "WARN"]
    assert "where to sign in" in found[1][1]


def test_over_stdio_nobody_signs_in_so_no_issuer_is_asked(issuer: Issuer) -> None:
    assert findings(oauth_issuer=issuer.address, transport="stdio") == []
    assert issuer.served == []
