"""The `reference` dialect: exactly as the reference document shows."""

import json
import re
from collections.abc import Generator

import httpx
import pytest

from airbyte_sandbox import Dialect, SandboxSettings, start_in_thread
from reference_examples import DOCUMENT, HOST, Example, differences, examples
from sandbox_user import DEFAULT_WORKSPACE, Json, SandboxUser

TICKETS = "Support tickets to warehouse"
EXAMPLES = examples()


@pytest.fixture
def old_hand() -> Generator[SandboxUser]:
    """A user of a sandbox that speaks as the reference document."""
    settings = SandboxSettings(dialect=Dialect.REFERENCE, schedules=False, time_factor=0)
    with start_in_thread(settings) as sandbox:
        user = SandboxUser(sandbox.address)
        yield user
        user.close()


def replaced_ids(user: SandboxUser) -> dict[str, str]:
    """What the ids and placeholders of the document become: rules 2 to 4 of `reference_examples`."""
    connection = user.connection(TICKETS)
    job = user.get("/jobs", connectionId=connection["connectionId"], limit=1)["data"][0]["jobId"]
    return {
        HOST: user.address.api_url,
        "a1b2c3d4-e5f6-7890-abcd-ef1234567890": DEFAULT_WORKSPACE,
        "b2c3d4e5-f6a7-8901-bcde-f12345678901": connection["sourceId"],
        "c3d4e5f6-a7b8-9012-cdef-123456789012": connection["destinationId"],
        "d4e5f6a7-b8c9-0123-def0-1234567890ab": connection["connectionId"],
        "<ID>": connection["connectionId"],
        "<JOB_ID>": job,
        "$JOB_ID": job,
        "/jobs/123": f"/jobs/{job}",
        "$AIRBYTE_SECRET_ACCESS_TOKEN": user.new_token(),
        "$MODIFIED_CONFIG": json.dumps(user.get(f"/connections/{connection['connectionId']}")),
    }


def sent(user: SandboxUser, example: Example) -> httpx.Response:
    ids = replaced_ids(user)
    pattern = re.compile("|".join(re.escape(text) for text in sorted(ids, key=len, reverse=True)))

    def real(text: str) -> str:
        return pattern.sub(lambda found: ids[found[0]], text)

    headers = {name: real(value) for name, value in example.headers.items()}
    body = real(example.body) if example.body is not None else None
    return httpx.request(example.method, real(example.url), headers=headers, content=body, timeout=30)


def test_every_curl_of_the_document_is_an_example() -> None:
    commands = re.findall(r"\bcurl (?=-|\\)", DOCUMENT.read_text(encoding="utf-8"))
    assert len(EXAMPLES) == len(commands) > 15


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_an_example_is_answered_in_exactly_the_shape_that_is_shown(
    old_hand: SandboxUser, example: Example
) -> None:
    answer = sent(old_hand, example)
    assert answer.status_code in {200, 201}, answer.text
    assert differences(example.response, answer.json()) == []


def test_a_difference_of_shape_is_seen() -> None:
    shown = {"jobId": "123", "createdAt": "1738483200000", "status": "running", "rowsSynced": 1}
    assert differences(shown, shown) == []
    for wrong in (
        {"jobId": 123},
        {"createdAt": "2026-01-01T10:00Z"},
        {"status": "queued"},
        {"rowsSynced": None},
    ):
        assert differences(shown, {**shown, **wrong})
    assert differences(shown, {**shown, "duration": "PT1S"})


def test_an_error_has_the_documented_body(old_hand: SandboxUser) -> None:
    nobody = "d4e5f6a7-b8c9-0123-def0-1234567890ab"
    answer = old_hand.call("GET", f"/connections/{nobody}")
    assert answer.status_code == 404
    assert answer.json() == {
        "error": "Invalid connection ID",
        "message": f"Connection {nobody} not found",
    }


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/connections/mine", None, 400),
        ("GET", "/jobs/x", None, 400),
        ("POST", "/jobs", {"connectionId": "x"}, 400),
        ("GET", "/nothing", None, 404),
        ("POST", "/sources", {}, 501),
    ],
)
def test_every_error_has_two_words(
    old_hand: SandboxUser, method: str, path: str, body: Json, status: int
) -> None:
    answer = old_hand.call(method, path, body)
    assert answer.status_code == status
    assert set(answer.json()) == {"error", "message"}


def test_a_missing_token_is_401_in_the_same_form(old_hand: SandboxUser) -> None:
    answer = httpx.get(f"{old_hand.address.api_url}/workspaces")
    assert (answer.status_code, set(answer.json())) == (401, {"error", "message"})


def test_a_basic_schedule_is_written_and_read_back(old_hand: SandboxUser) -> None:
    path = f"/connections/{old_hand.connection('Orders to warehouse')['connectionId']}"
    schedule = {"scheduleType": "basic", "basicTiming": "every_12_hours"}
    assert old_hand.call("PATCH", path, {"schedule": schedule}).json()["schedule"] == schedule
    assert old_hand.get(path)["schedule"] == schedule
    bad = {"scheduleType": "basic", "basicTiming": "sometimes"}
    assert old_hand.call("PATCH", path, {"schedule": bad}).status_code == 400


def test_next_is_followed_to_the_end(old_hand: SandboxUser) -> None:
    everything = old_hand.get("/jobs", limit=100)["data"]
    seen: list[Json] = []
    url = f"{old_hand.address.api_url}/jobs?limit=9"
    while url:
        page = old_hand.http.get(url).json()
        seen += page["data"]
        url = page["next"]
    assert seen == everything
    assert [int(job["createdAt"]) for job in seen] == sorted(
        (int(j["createdAt"]) for j in seen), reverse=True
    )


def test_a_job_shows_its_start_and_counts_once_it_runs(old_hand: SandboxUser) -> None:
    identifier = old_hand.connection("Clickstream backfill")["connectionId"]
    new = old_hand.call("POST", "/jobs", {"connectionId": identifier, "jobType": "sync"})
    assert (new.status_code, new.json()["status"]) == (201, "pending")
    job_id = new.json()["jobId"]
    old_hand.running(int(job_id), records=1)
    running = old_hand.get(f"/jobs/{job_id}")
    assert running["status"] == "running"
    assert running["rowsSynced"] > 0
    assert old_hand.call("POST", "/jobs", {"connectionId": identifier, "jobType": "sync"}).json() == {
        "error": "Conflict",
        "message": f"A sync is already running for: {identifier}",
    }
