"""The four ways to say who one is, the environment, and the life of a token."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from airbyte_client import (
    AirbyteClient,
    AirbyteError,
    Auth,
    AuthenticationError,
    BasicAuth,
    BearerToken,
    ClientCredentials,
    ConfigurationError,
    InvalidAnswerError,
    NoAuth,
)
from airbyte_client.auth import auth_from_environment
from instant_clocks import InstantClock
from scripted_airbyte import Reply, Request, ScriptedAirbyte, answer, html, page

CREDENTIALS = ClientCredentials("id", "s3cret")


def _tokens(server: ScriptedAirbyte, **grant: object) -> None:
    """Hand out t1, t2, ... one by one, and accept only the newest."""
    issued: list[str] = []

    def issue(_: Request) -> Reply:
        issued.append(f"t{len(issued) + 1}")
        return answer({"access_token": issued[-1], **grant})

    def workspaces(request: Request) -> Reply:
        good = bool(issued) and request.authorization == f"Bearer {issued[-1]}"
        return page() if good else answer({"message": "Unauthorized"}, 401)

    server.on("POST /applications/token", issue)
    server.on("GET /workspaces", workspaces)


def _fetches(server: ScriptedAirbyte) -> int:
    return sum(line == "POST /applications/token" for line in server.lines())


@pytest.mark.parametrize(
    ("auth", "header"),
    [
        (NoAuth(), None),
        (BearerToken("t"), "Bearer t"),
        (BasicAuth("airbyte", "pass:word"), "Basic YWlyYnl0ZTpwYXNzOndvcmQ="),
    ],
)
def test_each_kind_sends_its_header(server: ScriptedAirbyte, auth: Auth, header: str | None) -> None:
    server.on("GET /workspaces", page())

    with AirbyteClient(server.base_url, auth=auth) as client:
        client.list_workspaces()

    assert server.log[0].authorization == header


@pytest.mark.parametrize("auth", [BearerToken("s3cret"), BasicAuth("me", "s3cret"), CREDENTIALS])
def test_no_repr_shows_a_secret(auth: Auth) -> None:
    assert "s3cret" not in repr(auth)


@pytest.mark.parametrize("token", ["", "two words", "line\r\nX-Injected: 1", "ümlaut"])
def test_what_cannot_be_a_token_is_refused(server: ScriptedAirbyte, token: str) -> None:
    server.on("POST /applications/token", answer({"access_token": token}))

    with pytest.raises(ConfigurationError, match="access token"):
        BearerToken(token)
    with AirbyteClient(server.base_url, auth=CREDENTIALS) as client, pytest.raises(InvalidAnswerError):
        client.list_workspaces()

    assert set(server.lines()) == {"POST /applications/token"}


def test_a_token_is_fetched_once_and_kept(server: ScriptedAirbyte) -> None:
    _tokens(server, expires_in=900)

    with AirbyteClient(server.base_url, auth=CREDENTIALS) as client:
        client.list_workspaces()
        client.list_workspaces()
        assert client.access_token == "t1"

    assert _fetches(server) == 1


def test_a_token_is_renewed_before_it_expires(server: ScriptedAirbyte, clock: InstantClock) -> None:
    _tokens(server, expires_in=900)

    with AirbyteClient(server.base_url, auth=CREDENTIALS, clock=clock) as client:
        client.list_workspaces()
        clock.now += 900 - 46
        client.list_workspaces()
        assert _fetches(server) == 1
        clock.now += 2
        client.list_workspaces()

    assert _fetches(server) == 2


def test_a_very_short_lived_token_is_renewed_at_half_its_life(
    server: ScriptedAirbyte, clock: InstantClock
) -> None:
    _tokens(server, expires_in=20)

    with AirbyteClient(server.base_url, auth=CREDENTIALS, clock=clock) as client:
        client.list_workspaces()
        clock.now += 9
        client.list_workspaces()
        assert _fetches(server) == 1
        clock.now += 2
        client.list_workspaces()

    assert _fetches(server) == 2


def test_a_refused_token_is_renewed_once(server: ScriptedAirbyte) -> None:
    server.on("POST /applications/token", answer({"access_token": "t"}))
    server.on("GET /workspaces", [answer({}, 401), page()])

    with AirbyteClient(server.base_url, auth=CREDENTIALS) as client:
        assert client.list_workspaces() == []

    assert _fetches(server) == 2


def test_a_token_that_stays_refused_is_an_error_after_one_renewal(server: ScriptedAirbyte) -> None:
    server.on("POST /applications/token", answer({"access_token": "t"}))
    server.on("GET /workspaces", answer({}, 401))

    with AirbyteClient(server.base_url, auth=CREDENTIALS) as client, pytest.raises(AuthenticationError):
        client.list_workspaces()

    assert server.lines().count("GET /workspaces") == 2


def test_a_static_token_is_never_tried_twice(server: ScriptedAirbyte) -> None:
    server.on("GET /workspaces", html(401))

    with (
        AirbyteClient(server.base_url, auth=BearerToken("t")) as client,
        pytest.raises(AuthenticationError) as refused,
    ):
        client.list_workspaces()

    assert server.lines() == ["GET /workspaces"]
    assert "AIRBYTE_CLIENT_ID" in refused.value.next_step


def test_any_number_of_waiters_cause_one_renewal(server: ScriptedAirbyte) -> None:
    _tokens(server, expires_in=900)

    with AirbyteClient(server.base_url, auth=CREDENTIALS) as client, ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(lambda: client.access_token) for _ in range(16)]
        tokens = {future.result(timeout=10) for future in asked}

    assert tokens == {"t1"}
    assert _fetches(server) == 1


def test_wrong_credentials_are_an_authentication_error_without_the_secret(server: ScriptedAirbyte) -> None:
    server.on("POST /applications/token", answer({"errorId": "e", "message": "s3cret is wrong"}, 401))

    with (
        AirbyteClient(server.base_url, auth=CREDENTIALS) as client,
        pytest.raises(AuthenticationError) as refused,
    ):
        client.list_workspaces()

    assert "s3cret" not in str(refused.value)


def test_the_config_api_hands_out_tokens_where_the_public_one_does_not(server: ScriptedAirbyte) -> None:
    server.on("POST /api/v1/applications/token", answer({"access_token": "old"}))

    with AirbyteClient(server.base_url, auth=CREDENTIALS) as client:
        assert client.access_token == "old"


@pytest.mark.parametrize("auth", [NoAuth(), BasicAuth("me", "s3cret")])
def test_without_a_token_asking_for_one_says_so(auth: Auth) -> None:
    with (
        AirbyteClient("localhost:8000", auth=auth) as client,
        pytest.raises(ConfigurationError, match="no access token"),
    ):
        _ = client.access_token


@pytest.mark.parametrize(
    ("environment", "auth"),
    [
        ({}, NoAuth()),
        ({"AIRBYTE_CLIENT_ID": "id", "AIRBYTE_CLIENT_SECRET": "s3cret"}, CREDENTIALS),
        ({"AIRBYTE_SECRET_ACCESS_TOKEN": "t"}, BearerToken("t")),
        ({"AIRBYTE_USERNAME": "me", "AIRBYTE_PASSWORD": "p"}, BasicAuth("me", "p")),
        ({"AIRBYTE_SECRET_ACCESS_TOKEN": ""}, NoAuth()),
    ],
)
def test_the_environment_names_one_kind(environment: dict[str, str], auth: Auth) -> None:
    assert auth_from_environment(environment) == auth


@pytest.mark.parametrize(
    "environment",
    [
        {"AIRBYTE_CLIENT_ID": "id"},
        {"AIRBYTE_PASSWORD": "p4ss"},
        {"AIRBYTE_CLIENT_ID": "id", "AIRBYTE_CLIENT_SECRET": "p4ss", "AIRBYTE_SECRET_ACCESS_TOKEN": "p4ss"},
    ],
)
def test_half_or_double_credentials_stop_at_once(environment: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError) as refused:
        auth_from_environment(environment)

    assert "p4ss" not in str(refused.value)


def test_explicit_credentials_keep_the_environment_out(
    server: ScriptedAirbyte, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRBYTE_API_URL", server.base_url)
    monkeypatch.setenv("AIRBYTE_CLIENT_ID", "half a pair, which would be an error")
    server.on("GET /workspaces", page())

    with AirbyteClient(auth=BearerToken("mine")) as client:
        client.list_workspaces()

    assert server.log[0].authorization == "Bearer mine"


def test_the_environments_credentials_never_go_to_an_explicit_address(
    server: ScriptedAirbyte, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRBYTE_SECRET_ACCESS_TOKEN", "not-for-you")
    server.on("GET /workspaces", page())

    with AirbyteClient(server.base_url) as client:
        client.list_workspaces()

    assert server.log[0].authorization is None


@pytest.mark.parametrize(
    "place", ["http://elsewhere.invalid/api/public/v1/workspaces", "/login", "//evil.invalid/"]
)
def test_no_redirect_is_followed_and_no_credentials_leave(server: ScriptedAirbyte, place: str) -> None:
    server.on("GET /workspaces", Reply(status=302, headers={"Location": place}, content_type=None))

    with (
        AirbyteClient(server.base_url, auth=BearerToken("t")) as client,
        pytest.raises(AirbyteError, match="redirects to"),
    ):
        client.list_workspaces()

    assert server.lines() == ["GET /workspaces"]
