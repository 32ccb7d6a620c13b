"""Approving and denying on the page, over real HTTP; what it did is read from Airbyte's request log."""

import html
from concurrent.futures import ThreadPoolExecutor

import httpx
from markupsafe import escape

from airbyte_guardrails.wording import quoted
from approval_pages import Browser, Page, page_of, planned
from harness import HEALTHY, TOKEN, Desk, network_server, running_sandbox

ELSEWHERE = "http://127.0.0.1:9/api/public/v1"


def test_a_yes_is_carried_out_at_once_and_the_page_shows_what_came_of_it(page: Page) -> None:
    plan, browser = page.plan(), page.inside()
    answer = browser.decide(plan, "approve", reason="as agreed")
    shown = browser.get(answer.headers["location"]).text

    assert answer.status_code == 303
    assert "Done." in shown
    assert "sync started as job" in shown
    (effect,) = page.desk.sandbox.effects()
    assert effect.body["connectionId"] == plan.targets[0].id


def test_a_yes_is_on_record_with_the_approvers_name_and_the_strongest_evidence(page: Page) -> None:
    page.inside().decide(page.plan(), "approve", reason="as agreed")
    record = page.desk.command("audit", "export").stdout

    assert '"approver": "ann"' in record
    assert '"evidence": "out_of_band"' in record
    assert '"reason": "as agreed"' in record


def test_a_no_sends_nothing_and_its_reason_reaches_the_assistant(page: Page) -> None:
    plan, browser = page.plan(), page.inside()
    browser.decide(plan, "deny", reason="not during\nthe month-end close")
    shown = browser.get(f"/plans/{plan.id}").text
    told = page.desk.command("approvals", "show", plan.id).stdout

    assert "Denied, nothing was changed" in shown
    assert "not during the month-end close" in shown
    assert "not during the month-end close" in told
    assert page.desk.sandbox.effects() == []


def test_the_first_decision_stays_whatever_comes_after_it(page: Page) -> None:
    plan, browser, other = page.plan(), page.inside(), page.inside()
    form = other.hidden(f"/plans/{plan.id}")
    browser.decide(plan, "deny")
    late = other.post(f"/plans/{plan.id}", form | {"decision": "approve"})

    assert late.status_code == 409
    assert "Denied, nothing was changed" in late.text
    assert page.desk.sandbox.effects() == []


def test_a_second_yes_changes_nothing_more(page: Page) -> None:
    plan, browser = page.plan(), page.inside()
    form = browser.hidden(f"/plans/{plan.id}") | {"decision": "approve"}
    first, second = (browser.post(f"/plans/{plan.id}", form) for _ in range(2))

    assert (first.status_code, second.status_code) == (303, 409)
    assert len(page.desk.sandbox.effects()) == 1


def test_a_form_without_this_sessions_token_decides_nothing(page: Page) -> None:
    plan, browser = page.plan(), page.inside()
    of_another_session = page.inside().hidden(f"/plans/{plan.id}")["csrf"]
    answers = [browser.decide(plan, "approve", csrf=csrf) for csrf in ("", "0" * 43, of_another_session)]

    assert {answer.status_code for answer in answers} == {403}
    assert page.state_of(plan) == "proposed"
    assert page.desk.sandbox.effects() == []


def test_the_form_of_one_plan_does_not_decide_another(page: Page) -> None:
    shown, other, browser = (
        page.plan(),
        page.plan("update_schedule", connections=[HEALTHY], manual=True),
        page.inside(),
    )
    form = browser.hidden(f"/plans/{shown.id}") | {"decision": "approve"}
    answer = browser.post(f"/plans/{other.id}", form)

    assert answer.status_code == 409
    assert page.state_of(other) == "proposed"
    assert page.desk.sandbox.effects() == []


def test_only_one_exact_word_is_a_yes(page: Page) -> None:
    plan, browser = page.plan(), page.inside()
    answers = [browser.decide(plan, word) for word in ("", "yes", "APPROVE", "approve ", "true")]

    assert {answer.status_code for answer in answers} == {400}
    assert page.state_of(plan) == "proposed"
    assert page.desk.sandbox.effects() == []


def many(page: Page) -> dict[str, object]:
    """The arguments of a plan that a click is not enough for: more than five targets."""
    found = page.desk.sandbox.get("/api/public/v1/connections", limit=100)["data"]
    return {"connections": [c["connectionId"] for c in found][:10], "every_hours": 8}


def test_high_risk_wants_the_exact_words_typed(page: Page) -> None:
    plan, browser = page.plan("update_schedule", **many(page)), page.inside()
    asked = browser.get(f"/plans/{plan.id}").text
    without = browser.decide(plan, "approve")
    wrong = browser.decide(plan, "approve", confirm_name="yes", reason="kept while it is typed again")

    assert f"the number of targets, {len(plan.targets)}" in asked
    assert (without.status_code, wrong.status_code) == (422, 422)
    assert "kept while it is typed again" in wrong.text
    assert page.desk.sandbox.effects() == []

    right = browser.decide(plan, "approve", confirm_name=str(len(plan.targets)))

    assert right.status_code == 303
    assert len(page.desk.sandbox.effects()) == len(plan.targets)


def test_high_risk_is_denied_without_typing(page: Page) -> None:
    plan = page.plan("update_schedule", **many(page))

    assert page.inside().decide(plan, "deny").status_code == 303
    assert page.state_of(plan) == "denied"


def test_a_plan_that_nobody_made_is_not_found(page: Page) -> None:
    browser = page.inside()
    answers = [browser.get(f"/plans/{name}") for name in ("plan_of_nobody", "%00", "a" * 100, "plän")]

    assert {answer.status_code for answer in answers} == {404}
    assert all("There is no such" in answer.text for answer in answers)


def test_a_plan_whose_time_is_over_is_not_approved(page: Page) -> None:
    plan, browser = page.plan(), page.inside()
    form = browser.hidden(f"/plans/{plan.id}") | {"decision": "approve"}
    page.clock.move(minutes=11)
    answer = browser.post(f"/plans/{plan.id}", form)

    assert answer.status_code == 409
    assert "has expired" in answer.text
    assert page.desk.sandbox.effects() == []


def test_a_plan_whose_object_moved_is_closed_and_says_what_moved(page: Page) -> None:
    plan, browser = page.plan("update_schedule", connections=[HEALTHY], manual=True), page.inside()
    page.desk.sandbox.patch(
        plan.targets[0].id, {"schedule": {"scheduleType": "cron", "cronExpression": "0 0 7 * * ? UTC"}}
    )
    sandbox = page.desk.sandbox.from_here()
    browser.decide(plan, "approve")
    shown = browser.get(f"/plans/{plan.id}").text

    assert "Out of date, nothing was changed" in shown
    assert sandbox.effects() == []


def test_read_only_lets_nobody_approve_and_everybody_deny(desk: Desk) -> None:
    plan, other = (
        planned(desk, "trigger_sync", {"connections": [HEALTHY]}),
        planned(desk, "update_schedule", {"connections": [HEALTHY], "manual": True}),
    )
    with page_of(desk, {"AIRBYTE_MCP_READ_ONLY": "true"}) as page:
        browser = page.inside()
        shown = browser.get(f"/plans/{plan.id}").text
        refused = browser.decide(plan, "approve")
        denied = browser.decide(other, "deny")
        states = page.state_of(plan), page.state_of(other)

    assert 'value="approve"' not in shown
    assert "read-only" in shown
    assert refused.status_code == 403
    assert denied.status_code == 303
    assert states == ("proposed", "denied")
    assert desk.sandbox.effects() == []


def test_a_yes_while_airbyte_is_out_of_reach_waits_for_the_assistant(desk: Desk) -> None:
    plan = planned(desk, "trigger_sync", {"connections": [HEALTHY]})
    with page_of(desk, {"AIRBYTE_API_URL": ELSEWHERE}) as page:
        browser = page.inside()
        before = browser.get(f"/plans/{plan.id}").text
        answer = browser.decide(plan, "approve")

    assert "for another Airbyte" in before
    assert "Approved, not done yet" in answer.text
    assert "apply_plan" in answer.text
    assert desk.sandbox.effects() == []


def test_a_plan_for_one_airbyte_is_never_applied_to_another(desk: Desk) -> None:
    plan = planned(desk, "trigger_sync", {"connections": [HEALTHY]})
    with (
        running_sandbox(desk.folder / "other-sandbox") as other,
        page_of(desk, {"AIRBYTE_API_URL": other.api_url}) as page,
    ):
        answer = page.inside().decide(plan, "approve")
        effects = other.effects()

    assert "not for" in answer.text
    assert effects == desk.sandbox.effects() == []


def test_a_yes_that_was_not_used_can_be_taken_back(desk: Desk) -> None:
    plan = planned(desk, "trigger_sync", {"connections": [HEALTHY]})
    with page_of(desk, {"AIRBYTE_API_URL": ELSEWHERE}) as page:
        browser = page.inside()
        approved = browser.decide(plan, "approve").text
        taken_back = browser.decide(plan, "deny")
        state = page.state_of(plan)

    assert "Take back" in approved
    assert taken_back.status_code == 303
    assert state == "denied"


def test_an_approver_lifts_a_no_for_everybody(page: Page) -> None:
    plan, browser = page.plan(), page.inside()
    browser.decide(plan, "deny")
    path = f"/plans/{plan.id}/lift"
    without = browser.post(path, {"csrf": ""})
    lifted = browser.post(path, browser.hidden(f"/plans/{plan.id}"))
    again = browser.post(path, browser.hidden(f"/plans/{plan.id}"))

    assert (without.status_code, lifted.status_code, again.status_code) == (403, 200, 409)
    assert "may be asked for again" in lifted.text
    assert page.plan().id != plan.id


def test_the_bearer_token_of_mcp_opens_nothing_here(page: Page) -> None:
    plan, browser = page.plan(), page.browser()
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    seen = browser.get(f"/plans/{plan.id}", **bearer)
    decided = browser.post(
        f"/plans/{plan.id}", {"decision": "approve", "digest": plan.digest, "csrf": TOKEN}, bearer
    )

    assert seen.headers["location"] == f"/sign-in?to=%2Fplans%2F{plan.id}"
    assert plan.summary not in seen.text
    assert decided.headers["location"].startswith("/sign-in")
    assert page.state_of(plan) == "proposed"
    assert page.desk.sandbox.effects() == []


def test_the_pages_cookie_opens_nothing_at_mcp(page: Page) -> None:
    cookie = page.inside().http.cookies["approver"]
    with network_server(page.desk, "http") as url:
        for headers in ({"Cookie": f"approver={cookie}"}, {"Authorization": f"Bearer {cookie}"}):
            answer = httpx.post(url, json={"jsonrpc": "2.0", "id": 1, "method": "ping"}, headers=headers)
            assert answer.status_code == 401


def test_of_many_who_approve_at_once_one_carries_it_out(page: Page) -> None:
    plan, browsers = page.plan(), [page.inside() for _ in range(5)]
    path = f"/plans/{plan.id}"
    forms = [browser.hidden(path) | {"decision": "approve"} for browser in browsers]

    def send(browser: Browser, form: dict[str, str]) -> int:
        return browser.post(path, form).status_code

    with ThreadPoolExecutor(len(forms)) as pool:
        statuses = sorted(pool.map(send, browsers, forms))

    assert statuses == [303, 409, 409, 409, 409]
    assert len(page.desk.sandbox.effects()) == 1


def test_the_list_shows_what_waits_and_what_was_approved_apart(desk: Desk) -> None:
    waits = planned(desk, "trigger_sync", {"connections": [HEALTHY]})
    approved = planned(desk, "update_schedule", {"connections": [HEALTHY], "manual": True})
    with page_of(desk, {"AIRBYTE_API_URL": ELSEWHERE}) as page:
        browser = page.inside()
        browser.decide(approved, "approve")
        waiting, _, going_on = browser.get("/").text.partition("<h2>Approved, not done yet</h2>")

    assert waits.id in waiting
    assert approved.id not in waiting
    assert approved.id in going_on


def test_a_policy_that_asks_for_two_people_says_so_where_it_is_not_known_who_asked(desk: Desk) -> None:
    rules = desk.folder / "policy.toml"
    rules.write_text('[[rule]]\nname = "two people"\nanswer = "confirm"\nsecond_person = true\n')
    policy = {"AIRBYTE_MCP_POLICY_FILE": str(rules)}
    with page_of(desk, policy) as page:
        plan = planned(desk, "trigger_sync", {"connections": [HEALTHY]})
        refused = page.inside().decide(plan, "approve")

    assert refused.status_code == 403
    assert "two people" in html.unescape(refused.text)
    assert desk.sandbox.effects() == []


HOSTILE = (
    '<script>alert("x")</script>',
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 191 }} {% raw %}",
    "Approved\nRisk: Low\n\u202eelbisrever\u202c",
    "</bdi></h3><form action=https://evil.example>",
)


def test_a_hostile_name_stays_a_name(page: Page) -> None:
    connection, browser = page.desk.sandbox.connection(HEALTHY)["connectionId"], page.inside()
    for name in HOSTILE:
        page.desk.sandbox.patch(connection, {"name": name})
        plan = page.plan(connections=[connection])
        for path in ("/", f"/plans/{plan.id}"):
            text = browser.get(path).text
            assert escape(quoted(name)) in text
            for act in ("<script>alert", "<img", "1337", "Approved\n", "\u202e", "<form action=https"):
                assert act not in text
