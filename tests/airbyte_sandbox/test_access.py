from datetime import UTC, datetime, timedelta

import httpx
import pytest

from airbyte_sandbox import ManualClock, SandboxSettings, start_in_thread
from sandbox_user import SandboxUser


def test_a_token_says_what_it_is_and_how_long_it_lives(reader: SandboxUser) -> None:
    address = reader.address
    body = {"client_id": address.client_id, "client_secret": address.client_secret}
    answer = httpx.post(f"{address.api_url}/applications/token", json=body)
    assert answer.status_code == 200
    assert answer.json()["token_type"] == "Bearer"
    assert answer.json()["expires_in"] == 900


@pytest.mark.parametrize("authorization", [None, "Bearer wrong", "Bearer", "Basic YTpi"])
@pytest.mark.parametrize(
    "path",
    [
        "/api/public/v1/workspaces",
        "/api/public/v1/streams",
        "/api/public/v1/nonsense",
        "/api/v1/jobs/get_without_logs",
        "/_sandbox/requests",
    ],
)
def test_every_call_without_a_good_token_is_401(
    reader: SandboxUser, path: str, authorization: str | None
) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = httpx.get(reader.address.url + path, headers=headers)
    assert answer.status_code == 401
    assert answer.json()["message"] == "Unauthorized"


def test_wrong_client_credentials_are_401_with_nothing_but_an_error_id(reader: SandboxUser) -> None:
    body = {"client_id": reader.address.client_id, "client_secret": "guess"}
    answer = httpx.post(f"{reader.address.api_url}/applications/token", json=body)
    assert answer.status_code == 401
    assert list(answer.json()) == ["errorId"]


def test_a_token_dies_at_its_time_and_a_new_one_works() -> None:
    clock = ManualClock(datetime(2026, 5, 4, 12, 0, 30, tzinfo=UTC))
    with start_in_thread(SandboxSettings(token_seconds=60), clock=clock) as sandbox:
        user = SandboxUser(sandbox.address)
        clock.advance(timedelta(seconds=59))
        assert user.call("GET", "/workspaces").status_code == 200
        clock.advance(timedelta(seconds=1))
        assert user.call("GET", "/workspaces").status_code == 401
        user.http.headers["Authorization"] = f"Bearer {user.new_token()}"
        assert user.call("GET", "/workspaces").status_code == 200
        user.close()


def test_without_required_authentication_no_header_is_needed() -> None:
    with start_in_thread(SandboxSettings(require_auth=False)) as sandbox:
        assert httpx.get(f"{sandbox.address.api_url}/workspaces").status_code == 200


def test_given_credentials_are_used() -> None:
    settings = SandboxSettings(client_id="me", client_secret="mine")
    with start_in_thread(settings) as sandbox:
        answer = httpx.post(
            f"{sandbox.address.api_url}/applications/token",
            json={"client_id": "me", "client_secret": "mine"},
        )
        assert answer.status_code == 200


def test_health_needs_no_token(reader: SandboxUser) -> None:
    answer = httpx.get(f"{reader.address.api_url}/health")
    assert (answer.status_code, answer.text) == (200, "Successful operation")


@pytest.mark.parametrize("path", ["/", "/v1/workspaces", "/api/public/workspaces", "/api/v2/jobs", "/apixyz"])
def test_a_wrong_base_url_answers_200_with_html(reader: SandboxUser, path: str) -> None:
    answer = httpx.get(reader.address.url + path)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/connector_definitions"),
        ("POST", "/sources"),
        ("POST", "/connections"),
        ("DELETE", "/connections/d4e5f6a7-b8c9-0123-def0-1234567890ab"),
        ("PUT", "/sources/d4e5f6a7-b8c9-0123-def0-1234567890ab"),
    ],
)
def test_what_only_a_real_airbyte_has_is_501_from_the_sandbox(
    reader: SandboxUser, method: str, path: str
) -> None:
    answer = reader.call(method, path)
    assert answer.status_code == 501
    assert "sandbox" in answer.json()["data"]["message"]


def test_a_path_of_no_api_call_is_404_with_json(reader: SandboxUser) -> None:
    answer = reader.call("GET", "/nonsense")
    assert answer.status_code == 404
    assert answer.json()["_embedded"]["errors"] == [{"message": "Not Found"}]


@pytest.mark.parametrize(
    "headers",
    [{"Host": "evil.example"}, {"Host": "127.0.0.1.evil.example:80"}, {"Origin": "https://evil.example"}],
)
def test_foreign_host_names_and_foreign_pages_are_refused(
    reader: SandboxUser, headers: dict[str, str]
) -> None:
    answer = reader.http.get(f"{reader.address.api_url}/workspaces", headers=headers)
    assert answer.status_code == 403
    assert "127.0.0.1" in answer.json()["message"]


def test_localhost_is_as_good_as_127_0_0_1(reader: SandboxUser) -> None:
    answer = reader.http.get(f"{reader.address.api_url}/workspaces", headers={"Host": "localhost:1234"})
    assert answer.status_code == 200


def test_a_body_over_one_mebibyte_is_413(reader: SandboxUser) -> None:
    answer = reader.http.post(f"{reader.address.api_url}/jobs", content=b" " * (1024 * 1024 + 1))
    assert answer.status_code == 413


@pytest.mark.parametrize("body", [b"{", b"[1]", b'"x"', b"", b"[" * 100_000])
def test_a_body_that_is_no_json_object_is_422_with_an_error_id(reader: SandboxUser, body: bytes) -> None:
    answer = reader.http.post(f"{reader.address.api_url}/jobs", content=body)
    assert answer.status_code == 422
    assert list(answer.json()) == ["errorId"]
