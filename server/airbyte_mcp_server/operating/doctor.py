"""Runs every check at the same time, each in bounded time, and keeps the order of what they find."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from airbyte_mcp_server.operating import (
    addresses,
    airbyte_checks,
    issuer_checks,
    local_checks,
    people_checks,
    start_checks,
    store_check,
)
from airbyte_mcp_server.operating.findings import Finding, Findings, about, fail
from airbyte_mcp_server.settings.model import Settings

logger = logging.getLogger(__name__)

CHECK_SECONDS = 30.0


def examine(settings: Settings, files: Mapping[str, Path], seconds: float = CHECK_SECONDS) -> list[Finding]:
    """Everything that can be found out without changing anything, here or in Airbyte.

    Args:
        settings: The operator's.
        files: The files that they came from, by the setting that names them.
        seconds: How long all of them together may take.
    """
    checks = [
        _Check("settings", lambda: local_checks.settings_read(settings)),
        _Check("files", lambda: local_checks.files(files)),
        _Check("start", lambda: start_checks.start(settings)),
        _Check("access", lambda: local_checks.access(settings)),
        _Check("issuer", lambda: issuer_checks.issuer(settings)),
        *(_check_of(settings, name) for name in settings.airbytes),
        _Check("store", lambda: store_check.store(settings)),
        _Check("policy", lambda: local_checks.policy(settings)),
        _Check("people", lambda: people_checks.people(settings)),
        _Check("approvals", lambda: addresses.page(settings)),
        _Check("webhook", lambda: addresses.webhook(settings)),
    ]
    for check in checks:
        check.start()
    until = time.monotonic() + seconds
    return [finding for check in checks for finding in check.findings(until - time.monotonic())]


def _check_of(settings: Settings, name: str) -> "_Check":
    """The check of one Airbyte, which names it where there are several."""
    airbyte, key_of = settings.airbytes[name], partial(settings.key_of, name)
    if name in settings.choices:
        return _Check(f"airbyte {name}", lambda: about(name, airbyte_checks.airbyte(airbyte, key_of)))
    return _Check("airbyte", lambda: airbyte_checks.airbyte(airbyte, key_of))


@dataclass
class _Check:
    """One check in a thread of its own, which the end of the process does not wait for."""

    name: str
    run: Callable[[], Findings]
    _found: list[Finding] = field(default_factory=list[Finding])
    _ended: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        threading.Thread(target=self._collect, name=f"check {self.name}", daemon=True).start()

    def findings(self, seconds: float) -> list[Finding]:
        """What it has found when these seconds are over, or sooner when it has ended."""
        if self._ended.wait(max(seconds, 0)):
            return list(self._found)
        late = fail(
            self.name,
            "This check gave no answer in time.",
            "Look at what it looks at, and ask again.",
        )
        return [*self._found, late]

    def _collect(self) -> None:
        try:
            for finding in self.run():
                self._found.append(finding)
        except Exception:
            logger.exception("The check of %s broke off", self.name)
            self._found.append(
                fail(self.name, "This check broke off; the log tells where.", "Report it as a defect.")
            )
        finally:
            self._ended.set()
