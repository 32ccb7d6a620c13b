"""Secrets in configurations and log lines are blanked out, by the field's name and by the value's shape."""

import json

import pytest

from airbyte_tools.redaction import MASK, redacted, without_secrets

PLANTED = "S3cr3t-planted-value"


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "db_password",
        "api_key",
        "apiKey",
        "client_secret",
        "access_token",
        "refresh_token",
        "private_key",
        "aws_secret_access_key",
        "sas_url",
        "connection_string",
        "Authorization",
        "webhook_url",
        "passphrase",
    ],
)
def test_a_field_with_a_secret_name_is_blanked_out_however_deep(name: str) -> None:
    shown = redacted({name: PLANTED, "tunnel": {"options": [{name: PLANTED}]}, f"{name}s": [PLANTED]})

    assert PLANTED not in json.dumps(shown)
    assert shown[name] == MASK


@pytest.mark.parametrize(
    "value",
    [
        f"postgresql://airbyte:{PLANTED}@db.internal:5432/analytics",
        f"host=db password={PLANTED} user=x",
        f"https://api.example.com/v1?api_key={PLANTED}&page=2",
        f"Bearer {PLANTED}",
        f'{{"token": "{PLANTED}"}}',
        f"-----BEGIN RSA PRIVATE KEY-----\n{PLANTED}\n-----END RSA PRIVATE KEY-----",
        f"ghp_{PLANTED}1234567890",
        f"xoxb-{PLANTED}",
    ],
)
def test_a_value_that_looks_like_a_secret_is_blanked_out_whatever_its_field_is_called(value: str) -> None:
    assert PLANTED not in json.dumps(redacted({"note": value, "list": [value]}))
    assert PLANTED not in without_secrets(f"2026-11-23 ERROR could not connect with {value}")


@pytest.mark.parametrize(
    "value",
    ["AKIAIOSFODNN7EXAMPLE", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2ln", "f" * 20 + "0" * 20],
)
def test_keys_and_tokens_are_known_by_their_shape(value: str) -> None:
    assert value not in json.dumps(redacted({"anything": value}))


def test_what_is_no_secret_is_shown() -> None:
    shown = redacted(
        {
            "host": "db.internal",
            "port": 5432,
            "ssl": True,
            "auth_type": "oauth",
            "token_uri": "https://oauth.example.com/token",
            "credentials": {"auth_method": "password", "password": PLANTED},
            "workspace": "a1b2c3d4-e5f6-7890-abcd-ef1234567890",
            "nothing": None,
        }
    )

    assert shown["host"] == "db.internal"
    assert (shown["port"], shown["ssl"], shown["nothing"]) == (5432, True, None)
    assert (shown["auth_type"], shown["token_uri"]) == ("oauth", "https://oauth.example.com/token")
    assert shown["credentials"] == {"auth_method": "password", "password": MASK}
    assert shown["workspace"] == "a1b2c3d4-e5f6-7890-abcd-ef1234567890"


def test_text_in_a_configuration_cannot_act_on_a_display_and_does_not_fill_the_answer() -> None:
    shown = redacted({"note\u202e": "line\nbreak\u202e" + "x" * 5000, "many": list(range(500))})

    assert "\u202e" not in json.dumps(shown, ensure_ascii=False)
    assert "\n" not in str(shown)
    assert len(json.dumps(shown)) < 2000
