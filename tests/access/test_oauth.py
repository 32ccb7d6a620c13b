"""Access tokens of an authorization server: real keys, real tokens, real HTTP; whatever is wrong with one opens nothing."""

import time
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import httpx
import jwt
import pytest
from jwt.utils import base64url_encode

from airbyte_guardrails.evidence import Evidence
from airbyte_guardrails.verdicts import are_two_people, principal_of
from airbyte_mcp_server.access.issuer import Issuer as KnownIssuer
from airbyte_mcp_server.access.oauth import OAuthVerifier
from airbyte_mcp_server.access.signing_keys import ASKED_AGAIN_AFTER, FRESH_FOR, USABLE_FOR, SigningKeys
from doors import WITHOUT_ONE_TOKEN, answer_to, bearer, client_with, knock, new_token, with_tokens
from harness import HEALTHY, Desk, Person, data_of, network_server, text_of
from issuers import KEYS, OAUTH, Issuer, running_issuer

pytestmark = pytest.mark.ci

AUDIENCE = "http://127.0.0.1:8765/mcp"


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def issuer() -> Generator[Issuer]:
    with running_issuer() as issuer:
        issuer.audience = AUDIENCE
        yield issuer


def settings_for(issuer: Issuer) -> dict[str, str]:
    return WITHOUT_ONE_TOKEN | {
        "AIRBYTE_MCP_OAUTH_ISSUER": issuer.address,
        "AIRBYTE_MCP_OAUTH_AUDIENCE": AUDIENCE,
    }


def verifier_of(issuer: Issuer, clock: Clock | None = None) -> OAuthVerifier:
    keys = SigningKeys(KnownIssuer(issuer.address), clock or Clock())
    return OAuthVerifier(issuer.address, AUDIENCE, keys)


async def test_the_subject_of_a_token_is_the_requester_and_its_scopes_are_theirs(
    desk: Desk, issuer: Issuer
) -> None:
    reader = issuer.token(sub="eve", scope="openid read")
    with network_server(desk, "http", settings_for(issuer)) as url:
        async with client_with(issuer.token(sub="ann"), url, person=Person()) as client:
            done = await client.call_tool("trigger_sync", {"connections": [HEALTHY]})
        async with client_with(reader, url, person=Person()) as client:
            offered = [tool.name for tool in (await client.list_tools()).tools]
            refused = await client.call_tool("trigger_sync", {"connections": [HEALTHY]})

    assert data_of(done)["status"] == "executed"
    assert "oauth:ann" in desk.command("audit", "list").stdout
    assert "trigger_sync" not in offered
    assert "a token with the scope operate" in text_of(refused)
    assert len(desk.sandbox.effects()) == 1


@pytest.mark.parametrize("transport", [pytest.param("sse", marks=pytest.mark.ci), "http"])
def test_whoever_has_no_token_learns_who_gives_one(desk: Desk, issuer: Issuer, transport: str) -> None:
    with network_server(desk, transport, settings_for(issuer)) as url:
        refused = answer_to(transport, url, Authorization=None)
        useless = answer_to(transport, url, Authorization=bearer(issuer.token(scope="openid")))
        path = "/.well-known/oauth-protected-resource/mcp"
        metadata = httpx.get(url.rsplit("/", 1)[0] + path).json()

    assert refused.status_code == 401
    assert f'resource_metadata="http://127.0.0.1:8765{path}"' in refused.headers["www-authenticate"]
    assert useless.status_code == 403
    assert "insufficient_scope" in useless.headers["www-authenticate"]
    assert metadata["resource"] == AUDIENCE
    assert metadata["authorization_servers"] == [issuer.address]
    assert metadata["scopes_supported"] == ["read", "operate"]


def test_tokens_that_are_not_for_here_and_now_get_401_and_stand_in_no_log(desk: Desk, issuer: Issuer) -> None:
    past = int(time.time()) - 3_600
    settings = settings_for(issuer) | {"AIRBYTE_MCP_LOG_LEVEL": "debug"}
    tokens = {
        "good": issuer.token(),
        "wrong audience": issuer.token(aud="https://other.example.com/mcp"),
        "expired": issuer.token(exp=past),
        "not yet": issuer.token(nbf=past + 7_200),
    }
    with network_server(desk, "http", settings) as url:
        statuses = {name: knock("http", url, Authorization=bearer(token)) for name, token in tokens.items()}

    assert statuses == {"good": 200, "wrong audience": 401, "expired": 401, "not yet": 401}
    log = desk.log()
    assert "An access token was refused: InvalidAudienceError" in log
    for token in tokens.values():
        assert token not in log
        assert token.rsplit(".", 1)[1] not in log


@pytest.mark.ci
async def test_named_tokens_and_those_of_an_issuer_are_taken_side_by_side(desk: Desk, issuer: Issuer) -> None:
    bot = new_token(desk, "bot", "read")
    settings = settings_for(issuer) | with_tokens(desk)
    with network_server(desk, "http", settings) as url:
        assert knock("http", url, Authorization=bearer(bot)) == 200
        assert knock("http", url, Authorization=bearer(issuer.token())) == 200


@pytest.mark.ci
async def test_the_server_starts_and_refuses_while_its_issuer_cannot_be_reached(desk: Desk) -> None:
    with running_issuer() as issuer:
        issuer.audience = AUDIENCE
        token = issuer.token()
        settings = settings_for(issuer)
    with network_server(desk, "http", settings) as url:
        assert knock("http", url, Authorization=bearer(token)) == 401

    assert "cannot be reached" in desk.log()


BAD_CLAIMS = {
    "another issuer": {"iss": "https://other.example.com"},
    "no issuer": {"iss": None},
    "no audience": {"aud": None},
    "no expiry": {"exp": None},
    "no subject": {"sub": None},
    "a subject of two words": {"sub": "ann token:bob"},
    "a subject of two lines": {"sub": "ann\noauth:bob"},
    "an endless subject": {"sub": "a" * 201},
    "a subject that is no text": {"sub": 7},
    "scopes that are no words": {"scp": 7},
}


@pytest.mark.parametrize("claims", BAD_CLAIMS.values(), ids=BAD_CLAIMS)
async def test_a_token_that_says_something_wrong_opens_nothing(
    issuer: Issuer, claims: dict[str, Any]
) -> None:
    verifier = verifier_of(issuer)

    assert await verifier.verify_token(issuer.token()) is not None
    assert await verifier.verify_token(issuer.token(**claims)) is None


async def test_a_signature_that_anybody_could_make_opens_nothing(issuer: Issuer) -> None:
    verifier = verifier_of(issuer)
    claims = jwt.decode(issuer.token(), options={"verify_signature": False})
    forger = Issuer(issuer.address, AUDIENCE)
    forged = [
        jwt.encode(claims, "", algorithm="none", headers={"kid": issuer.kid}),
        jwt.encode(claims, "s" * 32, algorithm="HS256", headers={"kid": issuer.kid}),
        jwt.encode(claims, "secret" * 6, algorithm="HS256", headers={"kid": "shared"}),
        forger.token(),
        forger.token(headers={"jku": "http://127.0.0.1:1/keys", "jwk": forger.public_key}),
        forger.token(headers={"kid": "unknown"}),
        issuer.token()[:-8] + "AAAAAAAA",
        issuer.token().rsplit(".", 1)[0] + ".",
        "",
        "a.b.c",
        "[" * 20_000 + ".e.e",
        base64url_encode(b"[" * 20_000).decode() + ".e.e",
    ]

    assert [await verifier.verify_token(token) for token in forged] == [None] * len(forged)


@pytest.mark.parametrize(
    ("claims", "scopes"),
    [
        ({"scope": "operate"}, ["read", "operate"]),
        ({"scope": None, "scp": "read"}, ["read"]),
        ({"scope": None, "scp": ["read", "email"]}, ["read"]),
        ({"scope": "approve admin READ"}, []),
        ({"scope": None}, []),
    ],
)
async def test_scopes_are_read_as_issuers_write_them_and_none_approves(
    issuer: Issuer, claims: dict[str, Any], scopes: list[str]
) -> None:
    access = await verifier_of(issuer).verify_token(issuer.token(**claims))

    assert access is not None
    assert access.scopes == scopes


@pytest.mark.parametrize("metadata_at", ["/.well-known/openid-configuration", OAUTH])
async def test_the_issuer_says_where_its_keys_are(issuer: Issuer, metadata_at: str) -> None:
    issuer.metadata_at = metadata_at

    assert await verifier_of(issuer).verify_token(issuer.token()) is not None


async def test_an_issuer_that_calls_itself_another_is_not_believed(issuer: Issuer) -> None:
    issuer.claims_to_be = "https://other.example.com"

    assert await verifier_of(issuer).verify_token(issuer.token()) is None
    assert KEYS not in issuer.served


async def test_a_new_key_is_fetched_and_junk_does_not_make_us_ask_again_and_again(issuer: Issuer) -> None:
    clock = Clock()
    verifier = verifier_of(issuer, clock)
    assert await verifier.verify_token(issuer.token()) is not None
    for number in range(100):
        assert await verifier.verify_token(issuer.token(headers={"kid": f"junk {number}"})) is None
    assert issuer.served.count(KEYS) == 1

    issuer.rotate()
    clock.now += ASKED_AGAIN_AFTER
    assert await verifier.verify_token(issuer.token()) is not None
    assert issuer.served.count(KEYS) == 2


async def test_a_key_that_the_issuer_withdrew_opens_nothing_after_ten_minutes(issuer: Issuer) -> None:
    clock = Clock()
    verifier = verifier_of(issuer, clock)
    old = issuer.token()
    assert await verifier.verify_token(old) is not None
    issuer.rotate()
    clock.now += FRESH_FOR + 1

    assert await verifier.verify_token(old) is None


async def test_keys_outlive_an_issuer_that_cannot_be_reached_by_an_hour_at_most(issuer: Issuer) -> None:
    clock = Clock()
    verifier = verifier_of(issuer, clock)
    token = issuer.token()
    assert await verifier.verify_token(token) is not None
    issuer.metadata_at = "/nowhere"
    clock.now += FRESH_FOR + 1
    assert await verifier.verify_token(token) is not None
    clock.now += USABLE_FOR

    assert await verifier.verify_token(token) is None


def test_rules_may_name_who_came_by_oauth_but_names_alone_never_make_them_a_second_person() -> None:
    assert principal_of("oauth:ann") == "oauth:ann"
    assert not are_two_people("oauth:00u1ab", "ann", Evidence.OUT_OF_BAND)
    assert are_two_people("token:bob", "ann", Evidence.OUT_OF_BAND)
