"""The approvals page in a real Chromium: by mouse, by keyboard, without scripts, on a phone, in the dark."""

from collections.abc import Generator
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Browser, expect
from playwright.sync_api import Page as Tab

from approval_pages import NAME, PASSWORD, Page, planned, serving_command, users
from browsers import Window, running_chromium, window
from harness import HEALTHY, Desk

pytestmark = [pytest.mark.ci, pytest.mark.timeout(180)]

SYNC = {"connections": [HEALTHY]}
DESKTOP = {"viewport": {"width": 1100, "height": 900}}
PHONE = {
    "viewport": {"width": 320, "height": 640},
    "device_scale_factor": 2,
    "has_touch": True,
    "is_mobile": True,
}
NO_SCRIPTS = {"java_script_enabled": False}
DARK = {"color_scheme": "dark"}


@pytest.fixture(scope="module")
def chromium() -> Generator[Browser]:
    with running_chromium() as browser:
        yield browser


def sign_in(tab: Tab) -> None:
    """Fill in the sign-in page and send it."""
    tab.get_by_label("Name").fill(NAME)
    tab.get_by_label("Password").fill(PASSWORD)
    tab.get_by_role("button", name="Sign in").click()


def test_from_the_sign_in_to_the_row_in_the_sink(desk: Desk, chromium: Browser) -> None:
    plan = planned(desk, "trigger_sync", SYNC)
    connection = plan.targets[0].id
    rows = desk.sandbox.rows_in_sink(connection)
    assert users(desk, "add", NAME, password=PASSWORD).returncode == 0
    with serving_command(desk) as url, window(chromium, url, **DESKTOP) as opened:
        tab = opened.page
        tab.goto("/")
        opened.keep("sign-in")
        sign_in(tab)
        expect(tab.get_by_role("heading", name="Waiting for a decision")).to_be_visible()
        opened.keep("list")
        tab.get_by_role("link", name="Start a sync of 1 connection now").click()
        expect(tab.get_by_text(HEALTHY)).to_be_visible()
        opened.keep("plan")
        tab.get_by_label("Reason").fill("as agreed in the stand-up")
        tab.get_by_role("button", name="Approve").click()
        expect(tab.get_by_text("sync started as job")).to_be_visible()
        opened.keep("done")
        (effect,) = desk.sandbox.effects()
        job = int(tab.get_by_text("sync started as job").inner_text().rsplit(" ", 1)[1])

    assert effect.body["connectionId"] == connection
    assert desk.sandbox.ended_job(job)["job"]["status"] == "succeeded"
    assert desk.sandbox.rows_in_sink(connection) > rows


def test_a_no_with_its_reason(page: Page, chromium: Browser) -> None:
    plan = page.plan("update_schedule", connections=[HEALTHY], manual=True)
    with window(chromium, page.url, **DESKTOP) as opened:
        opened.page.goto(f"/plans/{plan.id}")
        sign_in(opened.page)
        opened.page.get_by_label("Reason").fill("not during the month-end close")
        opened.page.get_by_role("button", name="Deny").click()
        expect(opened.page.get_by_text("Denied, nothing was changed.", exact=True)).to_be_visible()
        expect(opened.page.get_by_text("not during the month-end close")).to_be_visible()
        opened.keep("denied")

    assert page.desk.sandbox.effects() == []


def test_everything_essential_works_without_scripts(page: Page, chromium: Browser) -> None:
    plan = page.plan()
    with window(chromium, page.url, **NO_SCRIPTS) as opened:
        tab = opened.page
        tab.goto(f"/plans/{plan.id}")
        sign_in(tab)
        expect(tab.get_by_role("timer")).to_contain_text("9 minutes and")
        tab.get_by_role("link", name="All waiting changes").click()
        tab.get_by_role("link", name="Refresh").click()
        tab.get_by_role("link", name="Start a sync of 1 connection now").click()
        opened.keep("without-scripts")
        tab.get_by_role("button", name="Approve").click()
        expect(tab.get_by_text("sync started as job")).to_be_visible()
        tab.get_by_role("button", name="Sign out").click()
        expect(tab.get_by_role("heading", name="Sign in")).to_be_visible()

    assert len(page.desk.sandbox.effects()) == 1


def tab_to(tab: Tab, name: str) -> None:
    """Press Tab until what is so named has the focus, and can be seen to have it."""
    for _ in range(30):
        tab.keyboard.press("Tab")
        focused: str = tab.evaluate(
            "(e => (e.labels && e.labels[0] ? e.labels[0] : e).innerText || '')(document.activeElement)"
        )
        if name in focused:
            outline: str = tab.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline == "solid", f"the focus on {name} cannot be seen"
            return
    raise AssertionError(f"Tab never reaches {name}")


def test_the_keyboard_alone_is_enough(page: Page, chromium: Browser) -> None:
    plan = page.plan()
    with window(chromium, page.url, **DESKTOP) as opened:
        tab = opened.page
        tab.goto(f"/plans/{plan.id}")
        tab_to(tab, "Name")
        tab.keyboard.type(NAME)
        tab_to(tab, "Password")
        tab.keyboard.type(PASSWORD)
        tab.keyboard.press("Enter")
        expect(tab.get_by_role("heading", name="Your decision")).to_be_visible()
        tab_to(tab, "Skip to content")
        opened.keep("keyboard-skip-link")
        tab.keyboard.press("Enter")
        tab_to(tab, "Reason")
        tab.keyboard.type("first line")
        tab.keyboard.press("Enter")
        tab.keyboard.type("second line")
        assert page.desk.sandbox.effects() == [], "Enter in the reason decides nothing"
        tab_to(tab, "Approve")
        opened.keep("keyboard-approve")
        tab.keyboard.press("Enter")
        expect(tab.get_by_text("sync started as job")).to_be_visible()

    assert len(page.desk.sandbox.effects()) == 1


def many(page: Page) -> dict[str, Any]:
    """The arguments of a plan of high risk."""
    found = page.desk.sandbox.get("/api/public/v1/connections", limit=100)["data"]
    return {"connections": [c["connectionId"] for c in found][:10], "every_hours": 8}


def test_high_risk_is_typed_and_a_slip_leads_back_to_the_field(page: Page, chromium: Browser) -> None:
    plan = page.plan("update_schedule", **many(page))
    with window(chromium, page.url, **DESKTOP) as opened:
        tab = opened.page
        tab.goto(f"/plans/{plan.id}")
        sign_in(tab)
        opened.keep("high-risk")
        field = tab.get_by_label("To approve, type")
        tab.get_by_role("button", name="Approve").click()
        assert field.evaluate("e => e.validity.valueMissing"), "the browser asks for it by itself"
        field.fill("yes")
        tab.get_by_role("button", name="Approve").click()
        expect(tab.get_by_role("alert")).to_have_text(
            "That is not what has to be typed; nothing was approved."
        )
        expect(field).to_be_focused()
        expect(field).to_have_accessible_description(
            "That is not what has to be typed; nothing was approved."
        )
        opened.keep("high-risk-slip")
        # Chromium writes every answer of an error status to the console.
        opened.complaints = [told for told in opened.complaints if "422" not in told]
        assert page.desk.sandbox.effects() == []
        field.fill(str(len(plan.targets)))
        tab.get_by_role("button", name="Approve").click()
        expect(tab.get_by_text("Done.", exact=True)).to_be_visible()

    assert len(page.desk.sandbox.effects()) == len(plan.targets)


def test_an_open_list_tells_of_a_new_plan_by_itself(page: Page, chromium: Browser) -> None:
    with window(chromium, page.url, **DESKTOP) as opened:
        opened.page.goto("/")
        sign_in(opened.page)
        expect(opened.page.get_by_text("Nothing waits for a decision.")).to_be_visible()
        opened.keep("empty")
        plan = page.plan()
        expect(opened.page.get_by_role("link", name=plan.summary)).to_be_visible()
        expect(opened.page.get_by_role("status")).to_have_text(
            "The list of changes is up to date again: 1 waiting."
        )


def test_an_open_plan_counts_down_and_shows_what_somebody_else_decided(page: Page, chromium: Browser) -> None:
    plan = page.plan()
    with window(chromium, page.url, **DESKTOP) as opened:
        tab = opened.page
        tab.goto(f"/plans/{plan.id}")
        sign_in(tab)
        timer = tab.get_by_role("timer")
        before = timer.inner_text()
        expect(timer).not_to_have_text(before)
        assert before.endswith(" left")
        page.inside().decide(plan, "deny", reason="somebody else was faster")
        expect(tab.get_by_text("Denied, nothing was changed.", exact=True)).to_be_visible()
        expect(tab.get_by_role("button", name="Approve")).to_have_count(0)
        expect(tab.get_by_role("status")).to_have_text("This change: Denied, nothing was changed.")


def test_a_link_in_another_site_reaches_the_plan_although_the_cookie_is_strict(
    page: Page, chromium: Browser
) -> None:
    plan = page.plan()
    with window(chromium, page.url, **DESKTOP) as opened:
        tab = opened.page
        tab.goto("/")
        sign_in(tab)
        expect(tab.get_by_role("heading", name="Waiting for a decision")).to_be_visible()
        tab.goto(f"data:text/html,<a href='{page.url}/plans/{plan.id}'>a plan waits</a>")
        tab.get_by_role("link", name="a plan waits").click()
        expect(tab.get_by_role("heading", name="Your decision")).to_be_visible()
        opened.addresses = [address for address in opened.addresses if not address.startswith("data:")]


def test_another_site_can_neither_frame_the_page_nor_post_its_form(page: Page, chromium: Browser) -> None:
    plan = page.plan()
    form = page.inside().hidden(f"/plans/{plan.id}") | {"decision": "approve"}
    fields = "".join(f"<input name={name} value={value}>" for name, value in form.items())
    attack = f"<iframe src={page.url}/sign-in></iframe><form method=post action={page.url}/plans/{plan.id}>{fields}<button>x</button></form>"
    context = chromium.new_context()
    tab = context.new_page()
    tab.goto(f"{page.url}/sign-in")
    sign_in(tab)
    expect(tab.get_by_role("heading", name="Waiting for a decision")).to_be_visible()
    tab.goto(f"data:text/html,{attack}")
    framed = tab.frames[1].url
    tab.get_by_role("button", name="x").click()
    expect(tab.get_by_text("Another page may not post here.")).to_be_visible()
    context.close()

    assert framed.startswith("chrome-error:")
    assert page.state_of(plan) == "proposed"
    assert page.desk.sandbox.effects() == []


def test_a_hostile_name_is_only_text(page: Page, chromium: Browser) -> None:
    connection = page.desk.sandbox.connection(HEALTHY)["connectionId"]
    name = '</bdi><script>document.title="taken over"</script><img src=x onerror=alert(1)>'
    page.desk.sandbox.patch(connection, {"name": name})
    plan = page.plan(connections=[connection])
    with window(chromium, page.url, **DESKTOP) as opened:
        opened.page.goto(f"/plans/{plan.id}")
        sign_in(opened.page)
        shown = opened.page.get_by_role("heading", level=3).inner_text()
        opened.keep("hostile-name")
        assert opened.page.title().startswith(plan.summary)
        assert opened.page.locator("img").count() == 0

    assert name[:70].replace('"', "'") in shown


LEAST_CONTRAST = """
() => {
  const parse = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b]
    .map((part) => part / 255)
    .map((part) => part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
  const ground = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const colour = parse(getComputedStyle(one).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const told = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!own || !element.checkVisibility()) continue;
    const [a, b] = [light(parse(getComputedStyle(element).color)), light(ground(element))];
    told.push([(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), element.tagName, element.textContent.trim()]);
  }
  return told.sort((a, b) => a[0] - b[0])[0];
}
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_its_ground(page: Page, chromium: Browser, scheme: str) -> None:
    plans = [page.plan("update_schedule", **many(page)), page.plan()]
    done = page.plan("update_schedule", connections=[HEALTHY], every_hours=6)
    page.inside().decide(done, "approve")
    paths = ["/sign-in", "/", *(f"/plans/{plan.id}" for plan in (*plans, done))]
    with window(chromium, page.url, color_scheme=scheme, **DESKTOP) as opened:
        opened.page.goto("/")
        sign_in(opened.page)
        for number, path in enumerate(paths):
            opened.page.goto(path)
            opened.keep(f"{scheme}-{number}")
            contrast, *where = opened.page.evaluate(LEAST_CONTRAST)
            assert contrast >= 4.5, where


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_smallest_phone_shows_everything_and_its_buttons_can_be_hit(
    page: Page, chromium: Browser, scheme: str
) -> None:
    plan = page.plan("update_schedule", **many(page))
    with window(chromium, page.url, color_scheme=scheme, **PHONE) as opened:
        tab = opened.page
        tab.goto("/")
        sign_in(tab)
        for path in ("/", f"/plans/{plan.id}"):
            tab.goto(path)
            opened.keep(f"phone-{scheme}-{'plan' if 'plans' in path else 'list'}")
            assert tab.evaluate("document.documentElement.scrollWidth") <= 320
        for name in ("Approve", "Deny"):
            box = tab.get_by_role("button", name=name).bounding_box()
            assert box is not None
            assert min(box["width"], box["height"]) >= 44
        tab.get_by_role("button", name="Deny").tap()
        expect(tab.get_by_text("Denied, nothing was changed.", exact=True)).to_be_visible()


CONTROLS = {"button", "link", "textbox", "timer", "heading", "checkbox", "combobox"}
LANDMARKS = {"banner", "main"}


def accessible(opened: Window) -> list[tuple[str, str]]:
    """Role and name of everything that a screen reader is told of."""
    session: Any = opened.page.context.new_cdp_session(opened.page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    told = [node for node in nodes if not node.get("ignored")]
    return [(node.get("role", {}).get("value", ""), node.get("name", {}).get("value", "")) for node in told]


def test_a_screen_reader_is_told_what_everything_is(page: Page, chromium: Browser) -> None:
    plan = page.plan("update_schedule", **many(page))
    with window(chromium, page.url, **DESKTOP) as opened:
        opened.page.goto("/")
        signing_in = accessible(opened)
        sign_in(opened.page)
        pages = {"/sign-in": signing_in}
        for path in ("/", f"/plans/{plan.id}"):
            opened.page.goto(path)
            pages[path] = accessible(opened)
        levels = opened.page.evaluate(
            "[...document.querySelectorAll('h1,h2,h3')].map((h) => Number(h.tagName[1]))"
        )

    for path, told in pages.items():
        assert {role for role, _ in told} >= LANDMARKS, path
        assert [role for role, name in told if role in CONTROLS - {"timer"} and not name.strip()] == [], path
    assert ("textbox", "Reason (goes into the record and to the assistant)") in pages[f"/plans/{plan.id}"]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
