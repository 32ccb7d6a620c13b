"""Secrets in configurations and log lines are blanked out, by the field's name and by the value's shape."""

import json
import time

import pytest

from airbyte_client.details import AttemptAnswer
from airbyte_client.job_details import told
from airbyte_tools.jobs import failure_rows
from airbyte_tools.redaction import MASK, redacted, without_secrets

PLANTED = "S3cr3t-planted-value"
SECONDS = 2
"""Of processor time for 100 kB: a shape that goes over the text again and again takes minutes."""


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
        "x-api-key",
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
        f'ERROR {{\\"password\\": \\"{PLANTED}\\", \\"user\\": \\"x\\"}}',
        f'\\\\\\"password\\\\\\": \\\\\\"with spaces {PLANTED}\\\\\\"',
        f'"password": "with a \\" quote {PLANTED}"',
        f'"password" => "{PLANTED}"',
        f"['password'] = 'with spaces {PLANTED}'",
        f'password="cut off {PLANTED}',
        f"password=with,comma;{PLANTED}",
        f"x-api-key: {PLANTED}",
        f"Authorization: Token {PLANTED}",
        f"passphrase: {PLANTED}",
        f'"pass": "{PLANTED}"',
        f"DefaultEndpointsProtocol=https;AccountName=x;AccountKey={PLANTED}==;EndpointSuffix=core.windows.net",
        f"https://hooks.slack.com/services/T00000000/B00000000/{PLANTED}",
        f"postgresql://airbyte:p@{PLANTED}@db.internal/analytics",
        f"postgresql://airbyte:p/{PLANTED}@db.internal/analytics",
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


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (
            '\\"password\\": \\"x y\\", \\"host\\": \\"db\\"',
            '\\"password\\": \\"***\\", \\"host\\": \\"db\\"',
        ),
        ("host=db;password=x;user=y", "host=db;password=***;user=y"),
        ("{password=x, user=y}", "{password=***, user=y}"),
        ("postgresql://airbyte:p@ss@db.internal:5432/x", "postgresql://***@db.internal:5432/x"),
        ("http://db.internal:8080/mail?to=x@example.com", "http://db.internal:8080/mail?to=x@example.com"),
        ("primary_key: id, bypass: yes, 5 tokens: fine", "primary_key: id, bypass: yes, 5 tokens: fine"),
    ],
)
def test_of_a_line_nothing_but_the_secret_is_taken_out(line: str, shown: str) -> None:
    assert without_secrets(line) == shown


@pytest.mark.parametrize(
    "piece",
    ["x", " ", "\\", '"', "://:", "://a:b@", "://a:1/", "eyJ-", "password", "password=", 'password="', "password=;",
     "password=\\", "-----BEGIN ", "-----BEGIN PRIVATE KEY-----", "token ", "sk-", ",a", "=,", "hooks.slack.com/"],
)  # fmt: skip
@pytest.mark.parametrize("start", ["", "password", "password=", "://", "eyJ"])
def test_a_long_line_takes_no_time_whatever_is_in_it(start: str, piece: str) -> None:
    line = start + piece * (100_000 // len(piece))
    begun = time.process_time()

    without_secrets(line)

    assert time.process_time() - begun < SECONDS


def test_the_reason_of_a_failed_job_is_told_without_its_secrets() -> None:
    message = f'could not connect: {{\\"password\\": \\"{PLANTED}\\"}}'
    summary = {"failures": [{"failureOrigin": "source", "externalMessage": message}]}
    attempt = AttemptAnswer.model_validate({"attempt": {"id": 0, "failureSummary": summary}})
    details = told(1, [attempt])

    (row,) = failure_rows(details)

    assert row.message == 'could not connect: {\\"password\\": \\"***\\"}'


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
