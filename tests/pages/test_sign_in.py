"""Signing in on the page: who gets in, how often one may guess, and how long a session lasts."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from airbyte_guardrails.sign_ins import SignInLimits
from approval_pages import NAME, PASSWORD, Browser, Page, page_of
from harness import Desk

pytestmark = pytest.mark.ci


def is_in(browser: Browser, **headers: str) -> bool:
    """Whether the list of plans is shown to this browser."""
    answer = browser.get("/", **headers)
    assert answer.status_code in (200, 303)
    return answer.status_code == 200


def test_the_right_password_leads_to_where_the_person_wanted_to_go(page: Page) -> None:
    plan, browser = page.plan(), page.browser()
    sent_away = browser.get(f"/plans/{plan.id}")
    form = browser.hidden(sent_away.headers["location"])
    answer = browser.sign_in(to=form["to"])

    assert sent_away.status_code == 303
    assert answer.headers["location"] == f"/plans/{plan.id}"
    assert plan.summary in browser.get(answer.headers["location"]).text


def test_the_way_on_after_a_sign_in_never_leads_out(page: Page) -> None:
    for to in ("https://evil.example/", "//evil.example", "/\\evil.example", "/plans/../x", "/sign-out"):
        assert page.browser().sign_in(to=to).headers["location"] == "/"


def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(page: Page) -> None:
    wrong, unknown = page.browser().sign_in(password="another password"), page.browser().sign_in("nobody")

    assert (wrong.status_code, unknown.status_code) == (401, 401)
    assert wrong.text == unknown.text
    assert "set-cookie" not in wrong.headers


def test_the_sign_in_page_says_nothing_about_who_or_what_is_behind_it(page: Page) -> None:
    plan = page.plan()
    shown = page.browser().get("/sign-in").text

    assert NAME not in shown.partition("<main")[2]
    assert plan.id not in shown
    assert page.desk.sandbox.api_url not in shown


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(page: Page) -> None:
    cookie = page.browser().sign_in().headers["set-cookie"]

    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie


def test_behind_https_the_cookie_is_bound_to_https_and_this_host(desk: Desk) -> None:
    url = "https://approvals.example.com"
    with page_of(desk, {"AIRBYTE_MCP_APPROVALS_URL": url}) as page:
        answer = page.browser().post(
            "/sign-in",
            {"name": NAME, "password": PASSWORD, "to": "/"},
            {"Origin": url, "Host": "approvals.example.com", "X-Forwarded-Proto": "https"},
        )

    assert answer.status_code == 303
    assert answer.headers["set-cookie"].startswith("__Host-approver=")
    assert "Secure" in answer.headers["set-cookie"]
    assert "max-age" in answer.headers["strict-transport-security"]


def test_a_session_that_somebody_planted_is_not_the_one_that_is_signed_in(page: Page) -> None:
    browser, attacker = page.browser(), page.browser()
    for one in (browser, attacker):
        one.http.cookies.set("approver", "planted-session", domain="127.0.0.1")
    browser.sign_in()

    assert browser.http.cookies.get("approver") != "planted-session"
    assert not is_in(attacker)


def test_signing_in_again_ends_the_session_before(page: Page) -> None:
    browser, copy = page.signed_in(), page.browser()
    copy.http.cookies.update(browser.http.cookies)
    assert is_in(copy)
    browser.sign_in()

    assert not is_in(copy)
    assert is_in(browser)


def test_after_signing_out_the_old_cookie_opens_nothing(page: Page) -> None:
    browser, copy = page.signed_in(), page.browser()
    copy.http.cookies.update(browser.http.cookies)
    csrf = browser.hidden("/")["csrf"]
    refused = browser.post("/sign-out", {"csrf": "wrong"})
    answer = browser.post("/sign-out", {"csrf": csrf})

    assert refused.status_code == 403
    assert answer.headers["location"] == "/sign-in"
    assert not is_in(copy)


def test_a_session_ends_when_nobody_opens_a_page_for_half_an_hour(page: Page) -> None:
    browser = page.signed_in()
    page.clock.move(minutes=29)
    assert is_in(browser)
    page.clock.move(minutes=29)
    assert is_in(browser)
    page.clock.move(minutes=31)
    assert not is_in(browser)


def test_a_page_that_refreshes_itself_keeps_no_session_alive(page: Page) -> None:
    browser = page.signed_in()
    for _ in range(3):
        page.clock.move(minutes=9)
        assert is_in(browser, **{"X-Refresh": "1"})
    page.clock.move(minutes=4)

    assert not is_in(browser)


def test_no_session_lasts_longer_than_twelve_hours(page: Page) -> None:
    browser = page.signed_in()
    for _ in range(25):
        page.clock.move(minutes=28)
        assert is_in(browser)
    page.clock.move(minutes=21)

    assert not is_in(browser)


def test_who_is_removed_or_reset_is_out_at_once(page: Page) -> None:
    removed, reset = page.signed_in(), page.signed_in()
    page.approvers.reset(NAME, "another planted password")
    assert not is_in(reset)
    assert page.browser().sign_in().status_code == 401
    assert page.browser().sign_in(password="another planted password").status_code == 303
    page.approvers.remove(NAME)

    assert not is_in(removed)
    assert page.browser().sign_in(password="another planted password").status_code == 401


def guesses(page: Page, name: str, count: int) -> list[int]:
    """The statuses that so many wrong guesses at once get, sorted."""
    browsers = [page.browser() for _ in range(count)]

    def guess(browser: Browser) -> int:
        return browser.sign_in(name, "a wrong guess").status_code

    with ThreadPoolExecutor(count) as pool:
        return sorted(pool.map(guess, browsers))


def test_guesses_run_out_however_many_come_at_once_and_come_back_in_time(desk: Desk) -> None:
    with page_of(desk, limits=SignInLimits(per_name=3)) as page:
        assert guesses(page, NAME, 8) == [401] * 3 + [429] * 5
        assert page.browser().sign_in().status_code == 429, "the right password is not tried any more either"
        page.clock.move(minutes=16)
        assert page.browser().sign_in().status_code == 303


def test_guesses_run_out_for_a_name_that_nobody_has_just_the_same(desk: Desk) -> None:
    with page_of(desk, limits=SignInLimits(per_name=2)) as page:
        assert guesses(page, "nobody", 4) == [401, 401, 429, 429]


def test_guesses_run_out_for_an_address_whatever_name_it_tries(desk: Desk) -> None:
    with page_of(desk, limits=SignInLimits(per_address=3)) as page:
        statuses = [
            page.browser().sign_in(f"name{number}", "a wrong guess").status_code for number in range(4)
        ]
        right = page.browser().sign_in()

    assert statuses == [401, 401, 401, 429]
    assert right.status_code == 429


def test_right_sign_ins_use_up_no_guesses(desk: Desk) -> None:
    with page_of(desk, limits=SignInLimits(per_name=2)) as page:
        assert {page.browser().sign_in().status_code for _ in range(4)} == {303}


def test_the_store_knows_no_password_and_no_cookie_wherever_they_were_typed(page: Page) -> None:
    secret = page.signed_in().http.cookies["approver"]
    page.browser().sign_in(name=PASSWORD, password=PASSWORD)
    with closing(sqlite3.connect(page.store_file)) as file:
        stored = "\n".join(file.iterdump())

    assert "$argon2id$" in stored
    assert PASSWORD not in stored
    assert secret not in stored


def test_a_link_from_a_chat_finds_its_way_although_the_cookie_stays_behind(page: Page) -> None:
    plan = page.plan()
    from_a_chat = {"Sec-Fetch-Site": "cross-site"}
    arriving = page.browser().get(f"/plans/{plan.id}", **from_a_chat)
    (onward,) = [line for line in arriving.text.splitlines() if "refresh" in line]
    once_more = page.browser().get(f"/plans/{plan.id}?arrived=1", **from_a_chat)

    assert arriving.status_code == 200
    assert f"0;url=/plans/{plan.id}?arrived=1" in onward
    assert plan.summary not in arriving.text
    assert once_more.headers["location"] == f"/sign-in?to=%2Fplans%2F{plan.id}"
