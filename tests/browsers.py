"""A real Chromium for tests, which sees everything that a person would and reports what a person would not."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
ARTEFACTS = Path(__file__).resolve().parent.parent / "artefacts" / "approvals"
SECONDS = 20


@contextmanager
def running_chromium() -> Generator[Browser]:
    """Debian's Chromium, headless.

    Skips the test, or with CI set fails it, where it is not installed.
    """
    if not CHROMIUM.exists():
        missing = "Chromium is not installed (Debian: apt-get install chromium)"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    expect.set_options(timeout=SECONDS * 1_000)
    with sync_playwright() as playwright:
        # Chromium refuses to sandbox itself as root.
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


@dataclass
class Window:
    """One window of one person, and what went wrong in it."""

    page: Page
    complaints: list[str] = field(default_factory=list[str])
    addresses: list[str] = field(default_factory=list[str])

    def keep(self, name: str) -> None:
        """Keep a picture of the whole page."""
        ARTEFACTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=ARTEFACTS / f"{name}.png", full_page=True)


@contextmanager
def window(browser: Browser, url: str, **options: object) -> Generator[Window]:
    """A window in a profile of its own, at `url`; at its end no error was logged and no other origin asked."""
    context: BrowserContext = browser.new_context(base_url=url, **options)  # type: ignore[arg-type]  # its own options
    context.set_default_timeout(SECONDS * 1_000)
    opened = Window(context.new_page())
    opened.page.on("console", lambda message: opened.complaints.append(message.text))
    opened.page.on("pageerror", lambda error: opened.complaints.append(str(error)))
    opened.page.on("request", lambda request: opened.addresses.append(request.url))
    try:
        yield opened
    finally:
        context.close()
    assert opened.complaints == []
    assert [address for address in opened.addresses if not address.startswith(f"{url}/")] == []
