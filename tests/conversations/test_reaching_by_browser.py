"""The stdio server opens the person's own browser: one secret per plan, which never passes through the chat."""

import os
import shutil
import subprocess
import sys
from typing import Any
from urllib.parse import urlsplit

import anyio
import httpx
import pytest
from anyio.to_thread import run_sync

from airbyte_guardrails.evidence import Decision
from browser_hook import browser_hook
from desktops import TRIGGER, Window, at_the_desktop
from harness import HEALTHY, SLOW, Desk, Era, Person, connected, data_of, text_of

pytestmark = pytest.mark.ci

CLEAR = {"connection": HEALTHY}
WAIT = {"AIRBYTE_MCP_WAIT_SECONDS": "40"}


async def test_one_click_in_the_browser_finishes_the_very_call_that_was_made_in_the_chat(desk: Desk) -> None:
    told: dict[str, Any] = {}
    async with at_the_desktop(desk, **WAIT) as desktop:

        async def call() -> None:
            told.update(data_of(await desktop.client.call_tool("trigger_sync", TRIGGER)))

        async with anyio.create_task_group() as group:
            group.start_soon(call)
            window = await desktop.window()
            shown = await run_sync(window.decide, "approve")
            assert "sync started as job" in shown.text

    assert told["status"] == "executed"
    assert len(desk.sandbox.effects()) == 1
    recorded = desk.command("audit", "export").stdout
    assert "local_browser" in recorded
    assert "the person at this computer's browser" in recorded


@pytest.mark.ci
async def test_a_click_after_the_call_has_left_is_carried_out_by_the_page(desk: Desk) -> None:
    async with at_the_desktop(desk) as desktop:
        plan, window = await desktop.plan_and_window()
        shown = await run_sync(window.decide, "approve")
        done = data_of(await desktop.client.call_tool("apply_plan", {"plan_id": plan.id}))

    assert "sync started as job" in shown.text
    assert done["status"] == "executed"
    assert len(desk.sandbox.effects()) == 1


@pytest.mark.ci
async def test_a_no_in_the_browser_is_final_and_gives_its_reason(desk: Desk) -> None:
    async with at_the_desktop(desk) as desktop:
        plan, window = await desktop.plan_and_window()
        await run_sync(lambda: window.decide("deny", reason="not during the month-end close"))
        again = await run_sync(lambda: window.post(decision="approve", digest=plan.digest))
        told = await desktop.client.call_tool("apply_plan", {"plan_id": plan.id})

    assert "Denied" in again.text
    assert data_of(told)["status"] == "denied"
    assert "month-end close" in text_of(told)
    assert desk.sandbox.effects() == []


@pytest.mark.ci
async def test_high_risk_takes_the_typed_name_and_a_slip_can_be_mended(desk: Desk) -> None:
    async with at_the_desktop(desk) as desktop:
        _, window = await desktop.plan_and_window("clear_connection", **CLEAR)
        slip = await run_sync(lambda: window.decide("approve", confirm_name="Orders"))
        nothing = await run_sync(lambda: window.decide("approve"))
        assert desk.sandbox.effects() == []
        done = await run_sync(lambda: window.decide("approve", confirm_name=HEALTHY))

    assert (slip.status_code, nothing.status_code, done.status_code) == (422, 422, 200)
    assert "nothing was approved" in slip.text
    assert len(desk.sandbox.effects()) == 1


async def test_nothing_but_the_secret_from_this_very_page_opens_or_decides(desk: Desk) -> None:
    async with at_the_desktop(desk) as desktop:
        plan, window = await desktop.plan_and_window()
        yes = {"decision": "approve", "digest": plan.digest}
        evil = "https://evil.example.com"

        def attempts() -> dict[str, httpx.Response]:
            return {
                "no secret": window.post(secret="", **yes),
                "a wrong secret": window.post(secret=window.secret[:-1] + "!", **yes),
                "a secret that is not ASCII": window.post(secret="ключ", **yes),
                "the plan's id as the secret": window.post(secret=plan.id, **yes),
                "another origin": window.post({"Origin": evil}, **yes),
                "no origin": window.post({"Origin": ""}, **yes),
                "the origin null": window.post({"Origin": "null"}, **yes),
                "a rebound name": window.post({"Host": "evil.example.com"}, **yes),
                "localhost, which other pages of this machine may share": window.post(
                    {"Host": f"localhost:{urlsplit(window.origin).port}"}, **yes
                ),
                "another digest": window.post(**yes | {"digest": "0" * 64}),
                "no digest": window.post(decision="approve"),
                "another word": window.post(**yes | {"decision": "yes"}),
                "JSON": httpx.post(window.origin, json={"secret": window.secret, **yes}),
                "text": httpx.post(
                    window.origin, headers={"Origin": window.origin}, content=f"secret={window.secret}"
                ),
                "a GET with everything": window.get(f"/?secret={window.secret}&decision=approve"),
                "a huge form": window.post(reason="x" * 100_000, **yes),
                "a field twice": httpx.post(
                    window.origin,
                    headers={
                        "Origin": window.origin,
                        "Content-Type": "application/x-www-form-urlencoded",
                    },
                    content=f"secret={window.secret}&digest={plan.digest}&decision=deny&decision=approve",
                ),
                "another method": httpx.put(window.origin, headers={"Origin": window.origin}),
            }

        answers = await run_sync(attempts)
        state = desktop.other.book.get(plan.id).state

    shown = {name: answer.status_code for name, answer in answers.items() if answer.is_success}
    assert list(shown) == ["a GET with everything"]
    # A page says what went wrong, but only to whoever holds the secret does it name the plan.
    opened = {name for name, answer in answers.items() if HEALTHY in answer.text}
    assert opened == {"another digest", "no digest", "another word"}
    assert state.value == "proposed"
    assert desk.sandbox.effects() == []


@pytest.mark.ci
async def test_the_page_without_its_secret_shows_the_same_to_everybody(desk: Desk) -> None:
    async with at_the_desktop(desk) as desktop:
        _, window = await desktop.plan_and_window()
        first, second = window.get(), window.get()

    assert first.text == second.text
    assert HEALTHY not in first.text
    assert window.secret not in first.text
    policy = first.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert first.headers["cache-control"] == "no-store"


@pytest.mark.ci
async def test_a_secret_decides_once_and_two_clicks_at_once_do_one_thing(desk: Desk) -> None:
    async with at_the_desktop(desk) as desktop:
        plan, window = await desktop.plan_and_window()
        yes = {"decision": "approve", "digest": plan.digest}
        async with anyio.create_task_group() as group:
            for _ in range(10):
                group.start_soon(run_sync, lambda: window.post(**yes))
        taken_back = await run_sync(lambda: window.post(**yes | {"decision": "deny"}))
        state = (await run_sync(desktop.other.ended, plan)).state

    assert state.value == "executed"
    assert "Done" in taken_back.text
    assert len(desk.sandbox.effects()) == 1


@pytest.mark.ci
async def test_one_plan_s_secret_opens_no_other_plan(desk: Desk) -> None:
    async with at_the_desktop(desk) as desktop:
        _, first = await desktop.plan_and_window()
        await desktop.client.call_tool("trigger_sync", {"connections": [SLOW]})
        second = await desktop.window()
        shown = second.post().text

    assert first.origin == second.origin
    assert first.secret != second.secret
    assert SLOW in shown
    assert HEALTHY not in shown


@pytest.mark.ci
async def test_the_page_is_there_only_while_a_plan_waits(desk: Desk) -> None:
    async with at_the_desktop(desk) as desktop:
        _, window = await desktop.plan_and_window()
        assert not window.is_gone()
        await run_sync(desktop.other.decide, Decision.DENY)
        with anyio.fail_after(40):
            while not await run_sync(window.is_gone):
                pass
        await desktop.client.call_tool("trigger_sync", {"connections": [SLOW]})
        another = await desktop.window()
        shown = another.post().text

    assert another.origin != window.origin
    assert SLOW in shown


@pytest.mark.ci
async def test_an_expired_plan_cannot_be_approved_in_the_browser(desk: Desk) -> None:
    async with at_the_desktop(desk, AIRBYTE_MCP_APPROVE_SECONDS="1") as desktop:
        plan, window = await desktop.plan_and_window()
        await run_sync(desktop.other.ended, plan)
        late = await run_sync(lambda: window.post(decision="approve", digest=plan.digest))

    assert "Expired" in late.text
    assert desk.sandbox.effects() == []


async def test_the_secret_is_neither_in_the_chat_nor_in_the_log(desk: Desk) -> None:
    said: list[str] = []

    async def heard(progress: float, total: float | None, message: str | None) -> None:
        said.append(message or "")

    settings = {"AIRBYTE_MCP_WAIT_SECONDS": "1", "AIRBYTE_MCP_LOG_LEVEL": "debug"}
    async with at_the_desktop(desk, **settings) as desktop:
        result = await desktop.client.call_tool("trigger_sync", TRIGGER, progress_callback=heard)
        plan, window = await run_sync(desktop.other.waiting_plan), await desktop.window()
        seen = await desktop.client.call_tool("get_plan", {"plan_id": plan.id})
        shown = window.decide("approve")
        done = await desktop.client.call_tool("apply_plan", {"plan_id": plan.id})

    told = "\n".join([*said, result.model_dump_json(), seen.model_dump_json(), done.model_dump_json()])
    assert "in the browser window" in told
    assert window.secret in shown.request.content.decode()
    for secret in (window.secret, urlsplit(window.origin).netloc):
        assert secret not in told
    assert window.secret not in desk.log()


@pytest.mark.ci
async def test_asking_again_at_once_opens_no_second_window_and_a_screen_is_not_filled(desk: Desk) -> None:
    every = {"every_hours": 6}
    async with at_the_desktop(desk) as desktop:
        await desktop.client.call_tool("trigger_sync", TRIGGER)
        again = await desktop.client.call_tool("trigger_sync", TRIGGER)
        more = [
            await desktop.client.call_tool("trigger_sync", {"connections": [SLOW]}),
            await desktop.client.call_tool("update_schedule", TRIGGER | every),
            await desktop.client.call_tool("update_schedule", {"connections": [SLOW]} | every),
        ]
        opened = [await desktop.window() for _ in range(3)]
        fourth = await run_sync(desktop.hook.address_within, 1.0)

    assert len({window.secret for window in opened}) == 3
    assert fourth is None
    assert ["in the browser window" in text_of(result) for result in (again, *more)] == [
        True,
        True,
        True,
        False,
    ]
    assert "on a terminal" in text_of(more[-1])


@pytest.mark.ci
async def test_a_client_that_can_ask_needs_no_browser(desk: Desk) -> None:
    with browser_hook(desk.folder) as hook:
        async with connected(desk, person=Person(), settings=hook.settings) as client:
            done = data_of(await client.call_tool("trigger_sync", TRIGGER))
        opened = hook.address_within(0.5)

    assert done["status"] == "executed"
    assert opened is None


@pytest.mark.parametrize("transport", ["sse", "http"])
@pytest.mark.ci
async def test_a_server_for_many_opens_no_browser(desk: Desk, transport: str) -> None:
    with browser_hook(desk.folder) as hook:
        async with connected(desk, transport, era=Era.MUTE, settings=hook.settings) as client:
            told = await client.call_tool("trigger_sync", TRIGGER)
        opened = hook.address_within(0.5)

    assert "browser" not in text_of(told)
    assert opened is None


@pytest.mark.ci
async def test_without_terminal_and_page_the_browser_is_enough(desk: Desk) -> None:
    async with at_the_desktop(desk, AIRBYTE_MCP_TERMINAL_APPROVALS="false") as desktop:
        result = await desktop.client.call_tool("trigger_sync", TRIGGER)
        window = await desktop.window()
        shown = await run_sync(window.decide, "approve")

    assert "approvals approve" not in text_of(result)
    assert "in the browser window" in text_of(result)
    assert "sync started as job" in shown.text


@pytest.mark.ci
async def test_where_policy_wants_the_browser_a_form_is_not_shown(desk: Desk) -> None:
    rules = desk.folder / "policy.toml"
    rules.write_text('[[rule]]\nname = "here"\nanswer = "confirm"\nleast_evidence = "local_browser"\n')
    rules.chmod(0o600)
    person = Person()
    with browser_hook(desk.folder) as hook:
        settings = hook.settings | {"AIRBYTE_MCP_POLICY_FILE": str(rules)}
        async with connected(desk, person=person, settings=settings) as client:
            result = await client.call_tool("trigger_sync", TRIGGER)
            window = Window(await run_sync(hook.address))
            shown = await run_sync(window.decide, "approve")

    assert person.questions == []
    assert "approvals approve" not in text_of(result)
    assert "sync started as job" in shown.text


@pytest.mark.ci
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can start a process of another user")
async def test_another_user_of_this_computer_who_has_read_the_address_gets_nothing(desk: Desk) -> None:
    fetch = (
        "import sys, urllib.request as u\n"
        "origin, _, secret = sys.argv[1].partition('/#')\n"
        "request = u.Request(origin, f'secret={secret}'.encode(), {'Origin': origin})\n"
        "print(u.urlopen(request).status)"
    )
    async with at_the_desktop(desk) as desktop:
        _, window = await desktop.plan_and_window()
        command = [sys.executable, "-I", "-S", "-c", fetch, window.address]
        own = await run_sync(lambda: subprocess.run(command, capture_output=True, text=True, check=False))
        foreign = await run_sync(
            lambda: subprocess.run(
                [shutil.which("python3", path="/usr/bin") or sys.executable, *command[1:]],
                capture_output=True,
                text=True,
                check=False,
                user=65_534,
                group=65_534,
                extra_groups=(),
                cwd="/",
            )
        )

    assert own.stdout.strip() == "200", own.stderr
    assert "HTTP Error 403" in foreign.stderr
