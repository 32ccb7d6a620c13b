"""Which doors the settings open, and by which names they are knocked at."""

from pathlib import Path

import pytest

from airbyte_mcp_server.access.door import door_of
from airbyte_mcp_server.access.one_token import OneToken
from airbyte_mcp_server.runtime import utc_now
from airbyte_mcp_server.settings.model import Settings, SettingsError
from doors import bearer, knock
from harness import TOKEN, Desk, network_server

pytestmark = pytest.mark.ci

NAME = "airbyte-mcp.example.com"


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "airbyte.example.com", "::", ""])
def test_a_generated_token_does_not_open_an_address_that_others_reach(host: str) -> None:
    settings = Settings.model_validate({"host": host, "allowed_hosts": NAME})

    with pytest.raises(SettingsError, match="is reached from elsewhere, where a token made up at the start"):
        door_of(settings, utc_now)


def test_an_address_that_others_reach_needs_a_name(desk: Desk) -> None:
    refused = desk.command(
        "serve", "--transport", "http", "--port", "0", "--host", "0.0.0.0", AIRBYTE_MCP_TOKEN=TOKEN
    )

    assert refused.returncode == 1
    assert "say by which name with --allowed-hosts" in refused.stderr


def test_one_token_and_a_file_of_tokens_are_not_mixed(tmp_path: Path) -> None:
    settings = Settings.model_validate({"token": TOKEN, "tokens_file": tmp_path / "tokens.toml"})

    with pytest.raises(SettingsError, match="token and tokens_file are both set"):
        door_of(settings, utc_now)


def test_the_audience_is_an_address_of_this_server() -> None:
    oauth = {"oauth_issuer": "https://id.example.com", "oauth_audience": f"https://{NAME}/mcp"}

    with pytest.raises(SettingsError, match=f"add it with --allowed-hosts {NAME}"):
        door_of(Settings.model_validate(oauth), utc_now)
    assert door_of(Settings.model_validate(oauth | {"allowed_hosts": NAME}), utc_now).announcements == []


async def test_the_one_token_has_a_name_that_does_not_show_it() -> None:
    access = await OneToken(TOKEN).verify_token(TOKEN)

    assert access is not None
    assert access.client_id.startswith("token:")
    assert TOKEN not in access.client_id
    assert await OneToken(TOKEN).verify_token(TOKEN + "x") is None


@pytest.mark.parametrize("transport", ["sse", "http"])
def test_host_and_origin_are_checked_before_anything_else_on_every_route(desk: Desk, transport: str) -> None:
    settings = {"AIRBYTE_MCP_HOST": "0.0.0.0", "AIRBYTE_MCP_ALLOWED_HOSTS": f"{NAME}, other.example.com:8443"}
    with network_server(desk, transport, settings) as url:
        assert knock(transport, url, Host=NAME) == 200
        assert knock(transport, url, Host=f"{NAME}:443", Origin=f"https://{NAME}") == 200
        assert knock(transport, url, Host="other.example.com:8443") == 200
        assert knock(transport, url, Host="other.example.com") == 421
        assert knock(transport, url, Host="0.0.0.0") == 421
        assert knock(transport, url, Host=f"{NAME}.evil.example.com") == 421
        assert knock(transport, url, Host=NAME, Origin=f"http://{NAME}") == 403
        assert knock(transport, url, Host=NAME, Origin="https://evil.example.com") == 403
        assert knock(transport, url, Host=NAME, Origin="null") == 403
        for path in ("", "/", "/messages/", "/healthz", "/.well-known/oauth-protected-resource"):
            elsewhere = url.rsplit("/", 1)[0] + path
            assert knock("sse", elsewhere, Host="evil.example.com", Authorization=None) == 421
            assert knock("http", elsewhere, Host=NAME, Origin="https://evil.example.com") == 403
        assert knock(transport, url, Host=NAME, Authorization=bearer("wrong")) == 401

    assert "only through a proxy that speaks HTTPS" in desk.log()
