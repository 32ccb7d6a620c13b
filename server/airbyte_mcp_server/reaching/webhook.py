"""Tells one web address about plans, in the background.

It never delays or fails a call: what cannot be delivered after a few tries is
lost, and the log says so. The address is a secret (Slack's lets anybody post),
so it is never logged. Signed as https://www.standardwebhooks.com describes, so
that receivers can check with a stock library.
"""

import atexit
import base64
import binascii
import contextlib
import hashlib
import hmac
import json
import logging
import queue
import secrets
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import JsonValue

if TYPE_CHECKING:
    import httpx

logger = logging.getLogger(__name__)

PAUSES = (0.5, 2.0, 8.0)
"""Seconds before the second, third and fourth try."""
TIMEOUT_SECONDS = 5.0
CLOSING_SECONDS = 2.0
MOST_WAITING = 100
SECRET_PREFIX = "whsec_"  # noqa: S105 - the prefix of a secret, not one
THREAD = "webhook"
CHATTY = ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.proxy")
"""Loggers that tell addresses, and headers that may repeat them; nothing of our thread passes them."""
TOO_MANY_REQUESTS = 429
SERVER_FAULT = 500

Content = Callable[[], dict[str, JsonValue]]
"""Makes what is told, right before it is sent and in the thread that sends it."""


@dataclass(frozen=True)
class Message:
    """One thing to tell; its id stays the same however often it is tried, so that a receiver can tell."""

    id: str
    body: bytes


class Webhook:
    """Sends messages to one address, one after the other, from a thread of its own.

    Args:
        address: Where to; a secret.
        secret: Signs each message, if there is one; `whsec_` and base64, or any text.
        ca_bundle: Certificates to trust instead of the usual ones.
    """

    def __init__(self, address: str, secret: str | None, ca_bundle: Path | None) -> None:
        self._address = address
        self._key = None if secret is None else key_of(secret)
        self._ca_bundle = ca_bundle
        self._waiting: queue.Queue[Content | None] = queue.Queue(MOST_WAITING)
        self._starting, self._stopping = threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._run, name=THREAD, daemon=True)

    def send(self, content: Content) -> None:
        """Put a message in the queue. Never blocks and never fails; any thread may call it."""
        if self._stopping.is_set():
            return
        try:
            self._waiting.put_nowait(content)
        except queue.Full:
            logger.warning("The webhook is too slow; one message is lost.")
        with self._starting:
            if self._thread.ident is None:
                self._start()

    def close(self) -> None:
        """Try what is in the queue once, for at most two seconds, and stop."""
        atexit.unregister(self.close)
        self._stopping.set()
        if self._thread.is_alive():
            with contextlib.suppress(queue.Full):
                self._waiting.put_nowait(None)
            self._thread.join(CLOSING_SECONDS)

    def _start(self) -> None:
        # A command that ends right after a decision still tells of it.
        atexit.register(self.close)
        for name in CHATTY:
            logging.getLogger(name).addFilter(_is_of_another_thread)
        self._thread.start()

    def _run(self) -> None:
        import httpx  # noqa: PLC0415 - loads with the first message

        try:
            trust = ssl.create_default_context(cafile=str(self._ca_bundle)) if self._ca_bundle else True
        except OSError as fault:
            logger.warning("The webhook is told nothing: %s cannot be read (%s).", self._ca_bundle, fault)
            return
        with httpx.Client(verify=trust, timeout=TIMEOUT_SECONDS, follow_redirects=False) as http:
            while (content := self._waiting.get()) is not None:
                self._deliver(http, content)

    def _deliver(self, http: "httpx.Client", content: Content) -> None:
        body = json.dumps(content(), ensure_ascii=False, separators=(",", ":")).encode()
        message = Message(f"msg_{secrets.token_hex(12)}", body)
        problem, again = self._tried(http, message)
        for pause in PAUSES:
            if not again or self._stopping.wait(pause):
                break
            problem, again = self._tried(http, message)
        if problem:
            logger.warning("The webhook %s; one message is lost.", problem)

    def _tried(self, http: "httpx.Client", message: Message) -> tuple[str, bool]:
        """What went wrong, if anything, and whether it may go better later."""
        import httpx  # noqa: PLC0415 - as above

        headers = {"Content-Type": "application/json"} | signature(message, self._key, int(time.time()))
        try:
            # Streamed, so that nobody waits for the rest of an answer that is of no interest.
            with http.stream("POST", self._address, content=message.body, headers=headers) as answer:
                status = answer.status_code
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return f"cannot be reached ({type(error).__name__})", isinstance(error, httpx.TransportError)
        if answer.is_success:
            return "", False
        return f"answered {status}", status == TOO_MANY_REQUESTS or status >= SERVER_FAULT


def _is_of_another_thread(record: logging.LogRecord) -> bool:
    return record.threadName != THREAD


def key_of(secret: str) -> bytes:
    """The key that a secret stands for: what `whsec_` encodes, else the text itself."""
    if secret.startswith(SECRET_PREFIX):
        try:
            return base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
        except binascii.Error:
            pass
    return secret.encode()


def signature(message: Message, key: bytes | None, timestamp: int) -> dict[str, str]:
    """The headers that say which message this is, when it was sent and, with a key, that it is ours.

    The signature covers id, time and body: a receiver that refuses old times cannot be told the same twice.
    """
    headers = {"webhook-id": message.id, "webhook-timestamp": str(timestamp)}
    if key is not None:
        signed = f"{message.id}.{timestamp}.".encode() + message.body
        digest = hmac.new(key, signed, hashlib.sha256).digest()
        headers["webhook-signature"] = f"v1,{base64.b64encode(digest).decode()}"
    return headers
