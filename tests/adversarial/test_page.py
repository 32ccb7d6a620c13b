"""The approvals page without its approver: no session, no form of its own, another origin, an MCP token, a guess."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from approval_pages import PASSWORD, Browser
from harness import CLIENT_SECRET, HEALTHY, TOKEN
from siege import CHANGES, Attempt, Siege, assert_repelled, each

pytestmark = pytest.mark.ci

Form = dict[str, str]


def stranger_with(headers: dict[str, str], siege: Siege) -> None:
    """A form that looks right, sent by somebody who is not signed in."""
    plan = siege.page.plan()
    form = siege.page.inside().hidden(f"/plans/{plan.id}") | {"decision": "approve"}
    siege.page.browser().post(f"/plans/{plan.id}", form, headers)


def signed_in_with(change: Callable[[Form], Form], action: str, siege: Siege) -> None:
    """A signed-in browser that sends a form which is not the page's own."""
    plan = siege.page.plan(action, **CHANGES[action])
    browser = siege.page.inside()
    form = browser.hidden(f"/plans/{plan.id}") | {"decision": "approve"}
    browser.post(f"/plans/{plan.id}", change(form))


def from_elsewhere(headers: dict[str, str], siege: Siege) -> None:
    """The right form, from a page of another site."""
    plan = siege.page.plan()
    browser = siege.page.inside()
    form = browser.hidden(f"/plans/{plan.id}") | {"decision": "approve"}
    browser.http.post(f"/plans/{plan.id}", data=form, headers=headers)


def by_another_method(method: str, siege: Siege) -> None:
    plan = siege.page.plan()
    browser = siege.page.inside()
    form = browser.hidden(f"/plans/{plan.id}") | {"decision": "approve", "_method": "POST"}
    path = f"/plans/{plan.id}"
    browser.http.request(
        method, path, params=form, headers={"Origin": browser.url, "X-HTTP-Method-Override": "POST"}
    )


def with_form_of_another_session(siege: Siege) -> None:
    plan = siege.page.plan()
    form = siege.page.inside().hidden(f"/plans/{plan.id}") | {"decision": "approve"}
    siege.page.inside().post(f"/plans/{plan.id}", form)


def with_form_of_another_plan(siege: Siege) -> None:
    plan, other = siege.page.plan(), siege.page.plan("update_schedule", **CHANGES["update_schedule"])
    browser = siege.page.inside()
    browser.post(f"/plans/{other.id}", browser.hidden(f"/plans/{plan.id}") | {"decision": "approve"})


def guesses_the_password(siege: Siege) -> None:
    browser: Browser = siege.page.browser()
    for guess in ("", "ann", PASSWORD.upper(), PASSWORD + " ", "' OR '1'='1", TOKEN, CLIENT_SECRET):
        browser.sign_in(password=guess)
    plan = siege.page.plan()
    browser.post(f"/plans/{plan.id}", {"decision": "approve", "digest": plan.digest})


def without(name: str) -> Callable[[Form], Form]:
    return lambda form: {key: value for key, value in form.items() if key != name}


def changed(**values: str) -> Callable[[Form], Form]:
    return lambda form: form | values


STRANGERS: dict[str, dict[str, str]] = {
    "nothing": {},
    "the bearer token of MCP": {"Authorization": f"Bearer {TOKEN}"},
    "the bearer token of MCP as the cookie": {"Cookie": f"approver={TOKEN}"},
    "an invented cookie": {"Cookie": "approver=" + "A" * 43},
    "an empty cookie": {"Cookie": "approver="},
    "Airbyte's secret": {"Authorization": f"Bearer {CLIENT_SECRET}"},
    "a name in a header": {"X-Forwarded-User": "ann", "Remote-User": "ann"},
}

FORMS: dict[str, Callable[[Form], Form]] = {
    "without the session's token": without("csrf"),
    "with an empty token": changed(csrf=""),
    "with an invented token": changed(csrf="A" * 43),
    "without the digest": without("digest"),
    "with another digest": changed(digest="0" * 64),
    "with yes for approve": changed(decision="yes"),
    "with APPROVE in capitals": changed(decision="APPROVE"),
    "with an empty decision": changed(decision=""),
    "with approve and a space": changed(decision="approve "),
}

MISTYPED: dict[str, Callable[[Form], Form]] = {
    "without the name typed": without("confirm_name"),
    "with an empty name": changed(confirm_name=""),
    "with yes for the name": changed(confirm_name="yes"),
    "with part of the name": changed(confirm_name=HEALTHY[:6]),
    "with another connection's name": changed(confirm_name="Clickstream backfill"),
}

ELSEWHERE: dict[str, dict[str, str]] = {
    "another site": {"Origin": "https://evil.example.com"},
    "no origin at all": {},
    "a file": {"Origin": "null"},
    "another port of this machine": {"Origin": "http://127.0.0.1:1"},
    "a host name that only points here": {"Host": "evil.example.com", "Origin": "http://evil.example.com"},
}


def attempt(name: str, run: Callable[[Siege], None]) -> Attempt:
    return Attempt(name, "out_of_band", run)


ATTEMPTS = [
    *(
        attempt(f"a stranger with {what}", partial(stranger_with, headers))
        for what, headers in STRANGERS.items()
    ),
    *(
        attempt(f"a form {how}, for {action}", partial(signed_in_with, change, action))
        for action in ("trigger_sync", "set_connection_status")
        for how, change in FORMS.items()
    ),
    *(
        attempt(f"a form {how}, for clear_connection", partial(signed_in_with, change, "clear_connection"))
        for how, change in MISTYPED.items()
    ),
    *(
        attempt(f"a form from {where}", partial(from_elsewhere, headers))
        for where, headers in ELSEWHERE.items()
    ),
    *(
        attempt(f"a form by {method}", partial(by_another_method, method))
        for method in ("GET", "HEAD", "PUT", "DELETE")
    ),
    attempt("the form of another session", with_form_of_another_session),
    attempt("the form of another plan", with_form_of_another_plan),
    attempt("guessed passwords", guesses_the_password),
]


@each(ATTEMPTS)
def test_only_the_signed_in_approver_with_the_pages_own_form_approves(
    attempt: Attempt, siege: Siege, record_property: Any
) -> None:
    assert_repelled(attempt, siege, record_property)
