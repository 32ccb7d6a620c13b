"""`approvals serve` and `approvals users` as commands: passwords at a terminal, addresses that are refused."""

import asyncio

import pytest

from airbyte_mcp_server.pages.serving import serve_approvals
from airbyte_mcp_server.runtime import Runtime
from airbyte_mcp_server.settings.model import SettingsError
from airbyte_mcp_server.settings.sources import load_settings
from approval_pages import NAME, PASSWORD, Browser, planned, serving_command, users
from harness import HEALTHY, Desk
from pseudo_terminal import at_a_terminal

pytestmark = pytest.mark.ci

URL = "https://approvals.example.com"


def test_a_password_is_typed_twice_and_never_shown(desk: Desk) -> None:
    types = [PASSWORD, "another password", PASSWORD, PASSWORD]
    code, shown = at_a_terminal(
        desk.environment, "approvals", "users", "add", NAME, prompt="Password", types=types
    )
    listed = users(desk, "list").stdout

    assert "do not match" in shown
    assert code == 0
    assert listed.startswith(f"{NAME}  since ")
    assert PASSWORD not in shown + listed
    assert "another password" not in shown


def test_scripts_add_and_remove_people_without_a_terminal(desk: Desk) -> None:
    asked = users(desk, "add", NAME)
    added = users(desk, "add", NAME, password=PASSWORD)
    removed = users(desk, "remove", NAME)
    listed = users(desk, "list").stdout

    assert "--password-stdin" in asked.stderr
    assert [one.returncode for one in (asked, added, removed)] == [1, 0, 0]
    assert listed == f"{NAME}  removed\n"


def test_the_command_serves_the_page_and_its_log_holds_no_secret(desk: Desk) -> None:
    users(desk, "add", NAME, password=PASSWORD)
    plan = planned(desk, "trigger_sync", {"connections": [HEALTHY]})
    with serving_command(desk, settings={"AIRBYTE_MCP_LOG_LEVEL": "debug"}) as url:
        browser = Browser(url)
        browser.sign_in()
        cookie, csrf = browser.http.cookies["approver"], browser.hidden(f"/plans/{plan.id}")["csrf"]
        browser.sign_in(password="another planted password")
        answer = browser.decide(plan, "approve", reason="as agreed")
        browser.http.close()
    log = (desk.folder / "approvals.log").read_text()

    assert answer.status_code == 303
    assert len(desk.sandbox.effects()) == 1
    assert "DEBUG" in log, "the log is the one that is looked through"
    for secret in (PASSWORD, "another planted password", cookie, csrf):
        assert secret not in log


def test_passwords_never_travel_in_the_clear(desk: Desk) -> None:
    refused = desk.command("approvals", "serve", "--approvals-host", "0.0.0.0")

    assert refused.returncode == 1
    assert "in the clear" in refused.stderr
    for url, proxies in ((None, ("10.0.0.0/8",)), (URL, ()), ("http://localhost:1", ("10.0.0.0/8",))):
        settings = load_settings({"approvals_host": "0.0.0.0", "approvals_url": url}, {})
        with pytest.raises(SettingsError, match="in the clear"):
            asyncio.run(serve_approvals(Runtime(settings), proxies, print))
    with pytest.raises(SettingsError, match="in the clear"):
        load_settings({"approvals_url": "http://approvals.example.com"}, {})


@pytest.mark.parametrize(
    "url", ["approvals.example.com", "https://a.example/below", "https://ann:pw@a.example", "ftp://a.example"]
)
def test_an_address_that_cannot_be_the_pages_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="AIRBYTE_MCP_APPROVALS_URL"):
        load_settings({"approvals_url": url}, {})


def test_a_proxy_that_is_named_by_address_may_stand_in_front_on_a_network(desk: Desk) -> None:
    arguments = ("--approvals-host", "0.0.0.0", "--approvals-url", URL, "--behind-proxy")
    unknown = desk.command("approvals", "serve", *arguments, "the proxy")
    with serving_command(desk, *arguments, "127.0.0.0/8") as announced:
        assert announced == URL

    assert "such as 10.0.0.0/8" in unknown.stderr
