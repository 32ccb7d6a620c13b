"""What surrounds every page: headers, hosts, origins, bounds; and that looking changes nothing."""

import socket
import sqlite3
from contextlib import ExitStack, closing

import httpx
import pytest

from airbyte_guardrails.sign_ins import SignInLimits
from airbyte_mcp_server.pages.serving import BROWSERS_AT_ONCE
from approval_pages import NAME, PASSWORD, Page, page_of
from harness import Desk

pytestmark = pytest.mark.ci

HTTPS = {"Host": "approvals.example.com", "X-Forwarded-Proto": "https"}


def test_whoever_connects_and_says_nothing_makes_room_again(desk: Desk) -> None:
    with page_of(desk, {"AIRBYTE_MCP_REQUEST_SECONDS": "1"}) as page, ExitStack() as sockets:
        address = httpx.URL(page.url)
        silent = [
            sockets.enter_context(socket.create_connection((address.host, address.port or 80)))
            for _ in range(BROWSERS_AT_ONCE)
        ]
        assert page.browser().get("/sign-in").status_code == 503

        for one in silent:
            one.settimeout(10)
            assert one.recv(1) == b"", "it was cut off"
        assert page.browser().get("/sign-in").status_code == 200


def test_every_answer_carries_the_headers_errors_too(page: Page) -> None:
    plan, browser, stranger = page.plan(), page.inside(), page.browser()
    answers = {
        "list": browser.get("/"),
        "plan": browser.get(f"/plans/{plan.id}"),
        "sign-in": stranger.get("/sign-in"),
        "redirect": stranger.get("/"),
        "style": stranger.get("/static/page.css"),
        "no file": stranger.get("/static/../app.py"),
        "no page": stranger.get("/nothing"),
        "no method": stranger.http.delete("/", headers={"Origin": page.url}),
        "no form": stranger.http.post("/sign-in", json={}, headers={"Origin": page.url}),
        "wrong host": stranger.get("/", Host="evil.example"),
        "wrong origin": stranger.post("/sign-in", {}, {"Origin": "https://evil.example"}),
        "wrong form": browser.post(f"/plans/{plan.id}", {"csrf": "wrong"}),
        "wrong password": stranger.sign_in(password="wrong"),
    }

    for what, answer in answers.items():
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy, what
        assert "frame-ancestors 'none'" in policy, what
        assert "unsafe" not in policy, what
        assert answer.headers["x-content-type-options"] == "nosniff", what
        assert answer.headers["x-frame-options"] == "DENY", what
        assert answer.headers["cache-control"] == "no-store", what
        assert answer.headers["referrer-policy"] == "same-origin", what
        assert "access-control-allow-origin" not in answer.headers, what
        assert "server" not in answer.headers, what


def test_a_store_that_is_gone_is_said_to_be_with_the_headers_on(page: Page) -> None:
    browser = page.inside()
    with closing(sqlite3.connect(page.store_file)) as file:
        file.execute("DROP TABLE approver_sessions")
    answer = browser.get("/")

    assert answer.status_code == 503
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "sqlalchemy" not in answer.text.lower()


def test_nothing_in_a_page_is_inline_or_from_elsewhere(page: Page) -> None:
    plan, browser = page.plan(), page.inside()
    for path in ("/", f"/plans/{plan.id}", "/sign-in"):
        text = browser.get(path).text
        assert "<style" not in text
        assert " style=" not in text
        assert " on" not in "".join(text.partition("<main")[2].split('"')[::2]).replace(" on <", "")
        assert text.count("<script") == 1
        assert "//" not in text.replace(page.desk.sandbox.api_url, "")


def stored(page: Page) -> str:
    """All that the store holds of plans, decisions and people."""
    tables = ("plans", "approvals", "approvers", "audit_records", "refusals", "sign_in_failures")
    with closing(sqlite3.connect(page.store_file)) as file:
        return repr([file.execute(f"SELECT * FROM {table}").fetchall() for table in tables])  # noqa: S608 - fixed names


def test_looking_changes_nothing(page: Page) -> None:
    plan, browser = page.plan(), page.inside()
    before = stored(page)
    form = browser.hidden(f"/plans/{plan.id}") | {"decision": "approve"}
    asked = "&".join(f"{name}={value}" for name, value in form.items())
    answers = [
        browser.get(path)
        for path in ("/", f"/plans/{plan.id}?{asked}", f"/plans/{plan.id}/lift?{asked}", f"/sign-out?{asked}")
    ]
    browser.http.head(f"/plans/{plan.id}?{asked}")

    assert [answer.status_code for answer in answers] == [200, 200, 405, 405]
    assert stored(page) == before
    assert page.desk.sandbox.effects() == []
    assert browser.get("/").status_code == 200


def test_a_name_that_only_points_here_is_turned_away(page: Page) -> None:
    for host in ("evil.example", "evil.example:80", "127.0.0.1", "", "127.0.0.1:1", "127.0.0.1.nip.io"):
        assert page.browser().get("/sign-in", Host=host).status_code in (400, 421), host


def test_this_machine_is_reached_by_its_usual_names(page: Page) -> None:
    fields, port = {"name": NAME, "password": PASSWORD}, page.url.rsplit(":", 1)[1]
    for name in ("localhost", "127.0.0.1", "[::1]"):
        here = {"Host": f"{name}:{port}", "Origin": f"http://{name}:{port}"}
        assert page.browser().post("/sign-in", fields, here).status_code == 303


def test_a_form_on_another_page_is_turned_away(page: Page) -> None:
    plan, browser = page.plan(), page.inside()
    form = browser.hidden(f"/plans/{plan.id}") | {"decision": "approve"}
    for origin in ("https://evil.example", "null", "", "http://127.0.0.1", "http://localhost:1"):
        assert browser.post(f"/plans/{plan.id}", form, {"Origin": origin}).status_code == 403, origin

    assert page.state_of(plan) == "proposed"
    assert page.desk.sandbox.effects() == []


def test_a_form_from_nowhere_is_turned_away(page: Page) -> None:
    assert page.browser().http.post("/sign-in", data={"name": NAME, "password": PASSWORD}).status_code == 403


def test_a_form_is_short_and_says_each_thing_once(page: Page) -> None:
    browser = page.browser()
    long = browser.post("/sign-in", {"name": "a" * 20_000})
    many = browser.post("/sign-in", {f"field{number}": "" for number in range(50)})
    kind = {"Origin": page.url, "Content-Type": "application/x-www-form-urlencoded"}
    twice = browser.http.post("/sign-in", content="name=ann&name=ben", headers=kind)
    broken = browser.http.post("/sign-in", content=b"name=%ff", headers=kind)

    assert [answer.status_code for answer in (long, many, twice, broken)] == [413, 400, 400, 400]


def test_headers_without_end_are_cut_off(page: Page) -> None:
    with socket.create_connection(("127.0.0.1", int(page.url.rsplit(":", 1)[1])), timeout=20) as wire:
        wire.sendall(b"GET / HTTP/1.1\r\n" + b"X-Long: " + b"a" * 40_000)
        answered = wire.recv(1_000)

    assert answered.startswith(b"HTTP/1.1 4")


@pytest.mark.ci
def test_a_form_that_never_ends_is_given_up(page: Page) -> None:
    address = page.url.removeprefix("http://")
    head = f"POST /sign-in HTTP/1.1\r\nHost: {address}\r\nOrigin: {page.url}\r\nContent-Length: 100\r\n"
    with socket.create_connection(("127.0.0.1", int(address.rsplit(":", 1)[1])), timeout=40) as wire:
        wire.sendall(head.encode() + b"Content-Type: application/x-www-form-urlencoded\r\n\r\nname=")
        answered = wire.recv(1_000)

    assert answered.startswith(b"HTTP/1.1 408")


def test_behind_https_only_what_came_by_https_is_answered(desk: Desk) -> None:
    with page_of(desk, {"AIRBYTE_MCP_APPROVALS_URL": "https://approvals.example.com"}) as page:
        by_https = page.browser().get("/sign-in", **HTTPS)
        around_the_proxy = page.browser().get("/sign-in", Host="approvals.example.com")
        by_its_port = page.browser().get("/sign-in")

    assert (by_https.status_code, around_the_proxy.status_code, by_its_port.status_code) == (200, 403, 421)


def test_only_the_named_proxy_is_believed(desk: Desk) -> None:
    settings = {"AIRBYTE_MCP_APPROVALS_URL": "https://approvals.example.com"}
    with page_of(desk, settings, proxies=("10.1.2.3",)) as page:
        assert page.browser().get("/sign-in", **HTTPS).status_code == 403


def test_behind_a_proxy_guesses_are_counted_for_the_address_that_it_names(desk: Desk) -> None:
    url = "https://approvals.example.com"
    with page_of(desk, {"AIRBYTE_MCP_APPROVALS_URL": url}, limits=SignInLimits(per_address=3)) as page:

        def guess(name: str, address: str) -> httpx.Response:
            fields = {"name": name, "password": "a wrong guess"}
            return page.browser().post(
                "/sign-in", fields, HTTPS | {"Origin": url, "X-Forwarded-For": address}
            )

        # An IPv6 network of 2^64 addresses is one guesser's.
        statuses = [guess(f"name{number}", f"2001:db8::{number:x}").status_code for number in range(4)]
        elsewhere = guess("name1", "198.51.100.7").status_code

    assert statuses == [401, 401, 401, 429]
    assert elsewhere == 401
