"""Resources, prompts and subscriptions: what a person attaches to a chat, completes by name, and is told about."""

import json
from typing import Any
from urllib.parse import quote

import anyio
import pytest
from mcp import MCPError
from mcp.shared.exceptions import MCPDeprecationWarning
from mcp.shared.subscriptions import ResourceUpdated
from mcp_types import (
    Prompt,
    PromptReference,
    Resource,
    ResourceTemplate,
    ResourceTemplateReference,
    ResourceUpdatedNotification,
    TextContent,
)

from harness import FAILING, HEALTHY, SLOW, Desk, Era, client_on, connected, data_of, stdio_wire

pytestmark = pytest.mark.ci

CONNECTION = ResourceTemplateReference(type="ref/resource", uri="airbyte://connections/{connection}")


async def read(client: Any, uri: str) -> dict[str, Any]:
    (contents,) = (await client.read_resource(uri)).contents
    assert contents.mime_type == "application/json"
    found: dict[str, Any] = json.loads(contents.text)
    return found


async def test_every_listed_address_can_be_read(desk: Desk) -> None:
    async with connected(desk, era=Era.MUTE) as client:
        listed = (await client.list_resources()).resources
        read_all = [await read(client, resource.uri) for resource in listed]

    assert [resource.uri for resource in listed] == [
        "airbyte://report",
        "airbyte://workspaces",
        "airbyte://connections",
    ]
    assert all(read_all)


async def test_a_resource_says_what_the_tool_says(desk: Desk) -> None:
    async with connected(desk, era=Era.MUTE) as client:
        by_name = await read(client, f"airbyte://connections/{quote(HEALTHY)}")
        tool = data_of(await client.call_tool("get_connection", {"connection": HEALTHY}))
        job = await read(client, f"airbyte://jobs/{tool['last_job']['job_id']}")
        status = await read(client, f"airbyte://connections/{quote(FAILING)}/status")
        workspace = await read(client, "airbyte://workspaces/Marketing")

    assert by_name == tool
    assert job["job"] == tool["last_job"]
    assert status["condition"] == "failing"
    assert workspace["total"] == 3


async def test_a_plan_can_be_read_by_whoever_proposed_it_and_by_nobody_else(desk: Desk) -> None:
    async with connected(desk, era=Era.MUTE) as client, connected(desk, era=Era.MUTE) as other:
        proposed = data_of(await client.call_tool("trigger_sync", {"connections": [HEALTHY]}))
        plan = await read(client, f"airbyte://plans/{proposed['plan_id']}")
        with pytest.raises(MCPError, match="There is no plan"):
            await read(other, f"airbyte://plans/{proposed['plan_id']}")

    assert plan["status"] == "proposed"


@pytest.mark.parametrize(
    "uri",
    [
        "airbyte://jobs/none",
        "airbyte://jobs/999999",
        "airbyte://nothing",
        "https://example.com/",
        "airbyte://connections/x/y/z",
    ],
)
async def test_an_address_that_leads_nowhere_says_so(desk: Desk, uri: str) -> None:
    async with connected(desk, era=Era.MUTE) as client:
        with pytest.raises(MCPError) as refused:
            await client.read_resource(uri)

    assert refused.value.error.code == -32602
    assert len(refused.value.error.message) > 10


async def test_names_are_completed_and_a_name_that_means_two_is_offered_as_ids(desk: Desk) -> None:
    async with connected(desk, era=Era.MUTE) as client:
        orders = await client.complete(CONNECTION, {"name": "connection", "value": "ord"})
        shared = await client.complete(CONNECTION, {"name": "connection", "value": "Product usage"})
        everything = await client.complete(CONNECTION, {"name": "connection", "value": ""})
        workspace = await client.complete(
            PromptReference(type="ref/prompt", name="morning_report"), {"name": "workspace", "value": "mark"}
        )

    assert orders.completion.values == [HEALTHY]
    assert shared.completion.values == [], "two connections have that name"
    assert len(everything.completion.values) == 11
    assert workspace.completion.values == ["Marketing"]


async def test_prompts_name_tools_that_exist_and_refuse_what_they_do_not_take(desk: Desk) -> None:
    async with connected(desk, era=Era.MUTE) as client:
        prompts = (await client.list_prompts()).prompts
        tools = {tool.name for tool in (await client.list_tools()).tools}
        diagnose = await client.get_prompt("diagnose_connection", {"connection": FAILING})
        with pytest.raises(MCPError, match="connection is missing"):
            await client.get_prompt("diagnose_connection", {})
        with pytest.raises(MCPError, match="there is no argument 'conection'"):
            await client.get_prompt("diagnose_connection", {"connection": "x", "conection": "x"})

    assert [prompt.name for prompt in prompts] == [
        "morning_report",
        "diagnose_connection",
        "plan_maintenance_window",
    ]
    said = diagnose.messages[0].content
    assert isinstance(said, TextContent)
    text = said.text
    assert FAILING in text
    assert {word.strip(".,;") for word in text.split() if "_" in word and "=" not in word} <= tools


async def test_what_a_person_picks_from_carries_an_icon_that_nobody_has_to_fetch(desk: Desk) -> None:
    async with connected(desk, era=Era.MUTE) as client:
        offered: list[Resource | ResourceTemplate | Prompt] = [
            *(await client.list_resources()).resources,
            *(await client.list_resource_templates()).resource_templates,
            *(await client.list_prompts()).prompts,
        ]

    assert len(offered) == 11
    assert all(icon.src.startswith("data:") for one in offered for icon in one.icons or ())
    assert all(one.icons for one in offered)


async def test_a_subscriber_is_told_when_a_job_has_moved(desk: Desk) -> None:
    job = desk.sandbox.start_job(desk.sandbox.connection(SLOW)["connectionId"])
    uri = f"airbyte://jobs/{job}"
    async with connected(desk, era=Era.MUTE) as client:
        assert (await read(client, uri))["job"]["status"] in ("pending", "running")
        async with client.listen(resource_subscriptions=[uri]) as events:
            desk.sandbox.cancel_job(job)
            with anyio.fail_after(30):
                event = await anext(aiter(events))
        told = await read(client, uri)

    assert event == ResourceUpdated(uri=uri)
    assert told["job"]["status"] == "cancelled"


async def test_an_older_client_subscribes_by_request_and_can_end_it(desk: Desk) -> None:
    job = desk.sandbox.start_job(desk.sandbox.connection(SLOW)["connectionId"])
    uri = f"airbyte://jobs/{job}"
    told = anyio.Event()

    async def heard(message: Any) -> None:
        if isinstance(message, ResourceUpdatedNotification) and message.params.uri == uri:
            told.set()

    with stdio_wire(desk) as wire:
        async with client_on(wire, Era.MUTE_LEGACY, heard=heard) as client:
            with pytest.warns(MCPDeprecationWarning):
                await client.session.subscribe_resource(uri)  # pyright: ignore[reportDeprecated]  # what older clients do
            desk.sandbox.cancel_job(job)
            with anyio.fail_after(30):
                await told.wait()
            with pytest.warns(MCPDeprecationWarning):
                await client.session.unsubscribe_resource(uri)  # pyright: ignore[reportDeprecated]  # as above


async def test_nobody_watches_without_bound(desk: Desk) -> None:
    async with connected(desk, era=Era.MUTE) as client:
        with pytest.raises(MCPError, match="At most 20"):
            async with client.listen(resource_subscriptions=[f"airbyte://jobs/{n}" for n in range(1, 30)]):
                pass
