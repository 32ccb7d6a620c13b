"""Calm under faults: reads are tried again within bounds, effects never are."""

import gzip
import zlib
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from airbyte_answers import CONNECTION_ID, WORKSPACE_ID
from airbyte_client import (
    AirbyteClient,
    AirbyteError,
    InvalidAnswerError,
    NoAuth,
    NotAirbyteError,
    RateLimitedError,
    RequestTimeoutError,
    RetryPolicy,
    ServerFaultError,
    UnreachableError,
)
from instant_clocks import InstantClock
from scripted_airbyte import RESET, Reply, ScriptedAirbyte, answer, html, page

GOOD = page({"workspaceId": WORKSPACE_ID, "name": "Default"})
PASSING = {
    "reset": RESET,
    "cut off": Reply(body=b'{"data": []}' * 10, cut=True),
    "502 web page": html(502),
    "503": answer({}, 503),
    "504": html(504),
    "429": answer({"message": "You are being rate limited."}, 429),
    "429 with a wait": answer({}, 429, Retry_After="3"),
    "503 with a wait": answer({}, 503, Retry_After="2"),
}
LASTING: dict[str, tuple[Reply, type[AirbyteError]]] = {
    "500": (answer({"errorId": "e"}, 500), ServerFaultError),
    "501": (answer({}, 501), ServerFaultError),
    "web page": (html(), NotAirbyteError),
    "redirect": (Reply(status=301, headers={"Location": "https://elsewhere.invalid/"}), NotAirbyteError),
    "truncated json": (Reply(body=b'{"data": [{"workspaceId": '), InvalidAnswerError),
    "empty": (Reply(), InvalidAnswerError),
    "null": (answer(None), InvalidAnswerError),
    "text": (answer("hello"), InvalidAnswerError),
    "no data": (answer({"rows": []}), InvalidAnswerError),
    "wrong types": (answer({"data": [{"workspaceId": 1, "name": 3}]}), InvalidAnswerError),
    "rows that are no objects": (answer({"data": [1, 2]}), InvalidAnswerError),
    "deep nesting": (Reply(body=b"[" * 200_000), InvalidAnswerError),
    "no utf-8": (Reply(body=b'{"data": [{"workspaceId": "\xff", "name": "x"}]}'), InvalidAnswerError),
}


@pytest.mark.parametrize("fault", PASSING)
def test_a_read_outlives_a_passing_fault(
    client: AirbyteClient, server: ScriptedAirbyte, clock: InstantClock, fault: str
) -> None:
    server.on("GET /workspaces", [PASSING[fault], GOOD])

    assert [workspace.name for workspace in client.list_workspaces()] == ["Default"]
    assert len(clock.waits) == 1


@pytest.mark.parametrize("fault", LASTING)
def test_a_lasting_fault_is_not_tried_again(
    client: AirbyteClient, server: ScriptedAirbyte, clock: InstantClock, fault: str
) -> None:
    reply, kind = LASTING[fault]
    server.on("GET /workspaces", reply)

    with pytest.raises(kind) as refused:
        client.list_workspaces()

    assert clock.waits == []
    assert len(server.log) == 1
    assert "Traceback" not in str(refused.value)
    assert "pydantic" not in str(refused.value).lower()


def test_a_wrong_field_is_named(client: AirbyteClient, server: ScriptedAirbyte) -> None:
    server.on("GET /workspaces", answer({"data": [{"workspaceId": 1, "name": "x"}]}))

    with pytest.raises(InvalidAnswerError, match=r"data\.0\.workspaceId"):
        client.list_workspaces()


def test_waits_grow_are_capped_and_end(server: ScriptedAirbyte, clock: InstantClock) -> None:
    server.on("GET /workspaces", html(502))
    policy = RetryPolicy(attempts=6, first_wait=1.0, max_wait=4.0)

    with (
        AirbyteClient(server.base_url, auth=NoAuth(), clock=clock, retries=policy) as client,
        pytest.raises(ServerFaultError),
    ):
        client.list_workspaces()

    assert len(clock.waits) == 5
    assert all(
        longest / 2 <= wait <= longest for wait, longest in zip(clock.waits, [1, 2, 4, 4, 4], strict=True)
    )


def test_no_attempt_starts_after_the_deadline(server: ScriptedAirbyte, clock: InstantClock) -> None:
    server.on("GET /workspaces", answer({}, 503, Retry_After="25"))

    with (
        AirbyteClient(
            server.base_url, auth=NoAuth(), clock=clock, retries=RetryPolicy(attempts=100)
        ) as client,
        pytest.raises(ServerFaultError),
    ):
        client.list_workspaces()

    assert clock.waits == [25.0, 25.0]


def test_retry_after_is_honoured_in_both_forms(
    client: AirbyteClient, server: ScriptedAirbyte, clock: InstantClock
) -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
    server.on("GET /workspaces", [answer({}, 429, Retry_After="7"), answer({}, 503, Retry_After=soon), GOOD])

    client.list_workspaces()

    assert clock.waits[0] == 7.0
    assert 15 < clock.waits[1] <= 20


@pytest.mark.parametrize("nonsense", ["soon", "-5", "1e99", ""])
def test_a_nonsense_retry_after_is_as_none(
    client: AirbyteClient, server: ScriptedAirbyte, clock: InstantClock, nonsense: str
) -> None:
    server.on("GET /workspaces", [answer({}, 503, Retry_After=nonsense), GOOD])

    client.list_workspaces()

    assert clock.waits[0] <= 0.5


def test_a_rate_limit_without_a_wait_is_not_hammered(
    client: AirbyteClient, server: ScriptedAirbyte, clock: InstantClock
) -> None:
    server.on("GET /workspaces", answer({"message": "You are being rate limited."}, 429))

    with pytest.raises(RateLimitedError):
        client.list_workspaces()

    assert clock.waits == [8.0]
    assert len(server.log) == 2


@pytest.mark.parametrize("reply", [RESET, html(502), answer({}, 429), answer({}, 503)])
def test_an_effect_is_sent_once_whatever_happens(
    client: AirbyteClient, server: ScriptedAirbyte, clock: InstantClock, reply: Reply
) -> None:
    server.on(f"PATCH /connections/{CONNECTION_ID}", reply)

    with pytest.raises(AirbyteError):
        client.update_connection(CONNECTION_ID, name="x")

    assert len(server.effects) == 1
    assert clock.waits == []


def test_a_timed_out_effect_says_that_it_may_have_happened(server: ScriptedAirbyte) -> None:
    server.on(f"PATCH /connections/{CONNECTION_ID}", Reply(hold=True))

    with (
        AirbyteClient(server.base_url, auth=NoAuth(), timeout=0.2) as client,
        pytest.raises(RequestTimeoutError) as refused,
    ):
        client.update_connection(CONNECTION_ID, name="x")

    assert "look before trying again" in refused.value.next_step


def test_a_body_that_is_too_large_is_not_read(client: AirbyteClient, server: ScriptedAirbyte) -> None:
    server.on("GET /workspaces", Reply(body=b" " * (33 * 1024 * 1024)))

    with pytest.raises(InvalidAnswerError, match="larger than 32 MiB"):
        client.list_workspaces()


@pytest.mark.parametrize(
    ("named", "body"),
    [
        ("gzip", gzip.compress(GOOD.body)),
        ("GZip", gzip.compress(GOOD.body)),
        ("deflate", zlib.compress(GOOD.body)),
        ("identity", GOOD.body),
        ("", GOOD.body),
    ],
)
def test_an_answer_compressed_as_it_was_asked_for_is_read(
    client: AirbyteClient, server: ScriptedAirbyte, named: str, body: bytes
) -> None:
    server.on("GET /workspaces", Reply(body=body, headers={"Content-Encoding": named}))

    assert len(client.list_workspaces()) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Encoding": "gzip, gzip"},
        {"Content-Encoding": "GZIP,Deflate"},
        {"Content-Encoding": "gzip", "content-encoding": "gzip"},
        {"Content-Encoding": "br"},
        {"Content-Encoding": "zstd"},
    ],
)
def test_an_answer_compressed_in_another_way_is_not_unpacked(
    client: AirbyteClient, server: ScriptedAirbyte, headers: dict[str, str]
) -> None:
    twice = gzip.compress(gzip.compress(GOOD.body))
    server.on("GET /workspaces", Reply(body=twice, headers=headers))

    with pytest.raises(InvalidAnswerError, match="compressed in a way that was not asked for") as refused:
        client.list_workspaces()

    assert "proxy" in refused.value.next_step


def test_an_airbyte_that_is_down_is_tried_a_few_times_and_named(clock: InstantClock) -> None:
    with (
        AirbyteClient("http://127.0.0.1:9", auth=NoAuth(), clock=clock) as client,
        pytest.raises(UnreachableError, match="No connection to Airbyte") as refused,
    ):
        client.list_workspaces()

    assert not refused.value.sent
    assert len(clock.waits) == 3


def test_the_client_names_itself(client: AirbyteClient, server: ScriptedAirbyte) -> None:
    server.on("GET /workspaces", GOOD)

    client.list_workspaces()

    assert (server.log[0].user_agent or "").startswith("airbyte-mcp-server/")


def test_a_ca_bundle_that_cannot_be_read_is_a_configuration_error() -> None:
    with pytest.raises(AirbyteError, match="CA bundle"):
        AirbyteClient("localhost", ca_bundle="/nowhere/at/all.pem")
