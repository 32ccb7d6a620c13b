"""What a webhook does with receivers that fail, hang, send it elsewhere, or cannot be trusted."""

import base64
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from airbyte_mcp_server.reaching.webhook import MOST_WAITING, Webhook, key_of
from certificates import self_signed, server_tls
from webhook_receiver import Receiver, webhook_receiver

LOST = "one message is lost"


@contextmanager
def telling(receiver: Receiver, ca_bundle: Path | None = None) -> Generator[Webhook]:
    """A webhook for this receiver, closed at the end."""
    webhook = Webhook(receiver.url, None, ca_bundle)
    yield webhook
    webhook.close()


def tell(webhook: Webhook, number: int) -> None:
    """One message."""
    webhook.send(lambda: {"number": number})


@pytest.mark.parametrize("status", [301, 302, 307, 400, 401, 404, 410])
def test_what_will_not_go_better_is_tried_once_and_no_redirect_is_followed(
    status: int, caplog: pytest.LogCaptureFixture
) -> None:
    with webhook_receiver() as receiver, telling(receiver) as webhook:
        receiver.answers = iter([status])
        tell(webhook, 1)
        tell(webhook, 2)
        first, second = receiver.next(), receiver.next()

    assert (first.told, second.told) == ({"number": 1}, {"number": 2})
    assert first.path == second.path == "/hooks/planted-secret-path"
    assert f"The webhook answered {status}; {LOST}." in caplog.text
    assert "planted-secret-path" not in caplog.text


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_may_go_better_is_tried_again(status: int) -> None:
    with webhook_receiver() as receiver, telling(receiver) as webhook:
        receiver.answers = iter([status])
        tell(webhook, 1)
        first, second = receiver.next(), receiver.next()

    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body


def test_only_a_receiver_behind_a_trusted_authority_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    certificate = self_signed(tmp_path / "company.pem")
    with webhook_receiver(server_tls(certificate)) as receiver:
        with telling(receiver) as webhook:
            tell(webhook, 1)
        with telling(receiver, certificate) as webhook:
            tell(webhook, 2)
            taken = receiver.next()

    assert taken.told == {"number": 2}
    assert receiver.rest() == []
    assert f"The webhook cannot be reached (ConnectError); {LOST}." in caplog.text


def test_the_end_waits_two_seconds_at_most_and_nothing_is_sent_after_it() -> None:
    let_go = threading.Event()
    with webhook_receiver() as receiver:
        receiver.while_answering = lambda: let_go.wait(60)
        with telling(receiver) as webhook:
            tell(webhook, 1)
            tell(webhook, 2)
            receiver.next()
            begun = time.monotonic()
        took = time.monotonic() - begun
        tell(webhook, 3)
        let_go.set()
        rest = receiver.rest()

    assert took < 8
    assert all(delivery.told != {"number": 3} for delivery in rest)


def test_a_receiver_that_is_too_slow_loses_messages_and_holds_nobody_up(
    caplog: pytest.LogCaptureFixture,
) -> None:
    let_go = threading.Event()
    with webhook_receiver() as receiver:
        receiver.while_answering = lambda: let_go.wait(60)
        with telling(receiver) as webhook:
            tell(webhook, 0)
            receiver.next()
            for number in range(MOST_WAITING + 1):
                tell(webhook, number)
            let_go.set()

    assert caplog.text.count("The webhook is too slow") == 1


def test_a_secret_is_the_text_itself_or_what_its_base64_stands_for() -> None:
    assert key_of("a plain secret") == b"a plain secret"
    assert key_of("whsec_" + base64.b64encode(b"key").decode()) == b"key"
    assert key_of("whsec_no base64!") == b"whsec_no base64!"
