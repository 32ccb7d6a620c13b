"""What people paste as the address of their Airbyte."""

import pytest

from airbyte_client import AirbyteClient, ConfigurationError, NoAuth, normalise_base_url
from airbyte_client.base_url import config_base_url

LOCAL = "http://localhost:8000/api/public/v1"
CLOUD = "https://api.airbyte.com/v1"


@pytest.mark.parametrize(
    ("pasted", "base_url"),
    [
        (LOCAL, LOCAL),
        (f"{LOCAL}/", LOCAL),
        (f"  {LOCAL}//\n", LOCAL),
        ("http://localhost:8000", LOCAL),
        ("http://localhost:8000/", LOCAL),
        ("localhost:8000", LOCAL),
        ("HTTP://LOCALHOST:8000/api/public", LOCAL),
        ("http://localhost:8000/api/v1", LOCAL),
        ("http://localhost:8000/api", LOCAL),
        ("http://localhost:8000/workspaces/0f3/connections/8a1/status?tab=1#top", LOCAL),
        ("http://localhost:8000/login", LOCAL),
        ("127.0.0.1:8001", "http://127.0.0.1:8001/api/public/v1"),
        ("[::1]:8000", "http://[::1]:8000/api/public/v1"),
        ("airbyte", "http://airbyte/api/public/v1"),
        ("airbyte.example.com", "https://airbyte.example.com/api/public/v1"),
        ("https://airbyte.example.com:443", "https://airbyte.example.com/api/public/v1"),
        ("https://data.example.com/airbyte", "https://data.example.com/airbyte/api/public/v1"),
        ("https://data.example.com/airbyte/api/public/v1/", "https://data.example.com/airbyte/api/public/v1"),
        ("https://data.example.com/airbyte/workspaces/1", "https://data.example.com/airbyte/api/public/v1"),
        ("https://airbyte-api.example.com/v1", "https://airbyte-api.example.com/v1"),
        (CLOUD, CLOUD),
        ("https://api.airbyte.com", CLOUD),
        ("https://api.airbyte.com/v1/", CLOUD),
        ("api.airbyte.com", CLOUD),
        ("https://cloud.airbyte.com/workspaces/0f3/connections", CLOUD),
        ("https://cloud.airbyte.com/api/v1", CLOUD),
    ],
)
def test_a_pasted_address_becomes_the_base_url(pasted: str, base_url: str) -> None:
    assert normalise_base_url(pasted) == base_url


@pytest.mark.parametrize(
    "pasted",
    [
        "",
        "   ",
        "ftp://localhost",
        "http://",
        "http://user:secret@localhost:8000",
        "http://local host",
        "http://[::1",
        "http://.",
        "http://xn--",
        "http://airbyte..example",
        f"http://{'a' * 64}.example",
    ],
)
def test_an_address_that_cannot_work_is_a_configuration_error_without_secrets(pasted: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        AirbyteClient(pasted, auth=NoAuth())

    assert refused.value.next_step
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("base_url", "config_url"),
    [
        (LOCAL, "http://localhost:8000/api/v1"),
        (CLOUD, "https://cloud.airbyte.com/api/v1"),
        ("https://airbyte-api.example.com/v1", None),
    ],
)
def test_the_config_api_is_looked_for_beside_the_public_one(base_url: str, config_url: str | None) -> None:
    assert config_base_url(base_url) == config_url
