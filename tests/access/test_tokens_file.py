"""Named tokens in a file: the person behind one is who asks, and no more than its scope is theirs."""

import re
import stat
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from airbyte_mcp_server.access.scopes import Scope
from airbyte_mcp_server.access.tokens_file import TokensFile, load_tokens
from airbyte_mcp_server.access.writing_tokens import add_token
from airbyte_mcp_server.runtime import utc_now
from airbyte_mcp_server.settings.model import SettingsError
from doors import (
    HEADERS,
    INITIALIZE,
    bearer,
    client_with,
    knock,
    new_token,
    tokens_file,
    with_tokens,
)
from harness import HEALTHY, Desk, Person, data_of, network_server, text_of

pytestmark = pytest.mark.ci

CHANGING = {
    "apply_plan",
    "cancel_job",
    "clear_connection",
    "set_connection_status",
    "trigger_sync",
    "undo_change",
    "update_schedule",
    "update_streams",
}


async def test_whoever_holds_a_named_token_is_the_requester_in_the_record(desk: Desk) -> None:
    ann = new_token(desk, "ann")
    with network_server(desk, "http", with_tokens(desk)) as url:
        async with client_with(ann, url, person=Person()) as client:
            done = await client.call_tool("trigger_sync", {"connections": [HEALTHY]})

    assert data_of(done)["status"] == "executed"
    assert "token:ann" in desk.command("audit", "list").stdout


async def test_nobody_sees_or_applies_the_plan_of_another_person(desk: Desk) -> None:
    ann, bob = new_token(desk, "ann"), new_token(desk, "bob")
    with network_server(desk, "http", with_tokens(desk)) as url:
        async with client_with(ann, url, person=Person(), transport="http") as client:
            done = await client.call_tool("trigger_sync", {"connections": [HEALTHY]})
            plan = data_of(done)["plan_id"]
            own = await client.call_tool("get_plan", {"plan_id": plan})
        async with client_with(bob, url) as client:
            seen = await client.call_tool("get_plan", {"plan_id": plan})
            applied = await client.call_tool("apply_plan", {"plan_id": plan})

    assert not own.is_error
    assert seen.is_error
    assert applied.is_error
    assert text_of(seen) == text_of(applied), "that there is such a plan is not told either"


@pytest.mark.parametrize("transport", [pytest.param("sse", marks=pytest.mark.ci), "http"])
async def test_a_token_that_reads_sees_and_calls_only_what_reads(desk: Desk, transport: str) -> None:
    eve = new_token(desk, "eve", "read")
    with network_server(desk, transport, with_tokens(desk)) as url:
        async with client_with(eve, url, transport, Person()) as client:
            offered = {tool.name for tool in (await client.list_tools()).tools}
            read = await client.call_tool("list_connections", {})
            attached = await client.read_resource("airbyte://connections")
            prompts = await client.list_prompts()
            refused = [
                await client.call_tool("trigger_sync", {"connections": [HEALTHY]}),
                await client.call_tool("apply_plan", {"plan_id": "plan_of_somebody"}),
            ]

    assert "list_connections" in offered
    assert offered & CHANGING == set()
    assert not read.is_error
    assert attached.contents
    assert prompts.prompts
    for result in refused:
        assert result.is_error
        assert "a token with the scope operate" in text_of(result)
    assert not any(request.is_effect for request in desk.sandbox.requests())


def test_a_removed_token_opens_nothing_from_the_next_request_on(desk: Desk) -> None:
    ann, bob = new_token(desk, "ann"), new_token(desk, "bob")
    with network_server(desk, "http", with_tokens(desk)) as url:
        assert knock("http", url, Authorization=bearer(ann)) == 200
        removed = desk.command("tokens", "remove", "ann", "--file", tokens_file(desk))
        assert knock("http", url, Authorization=bearer(ann)) == 401
        assert knock("http", url, Authorization=bearer(bob)) == 200
        new = new_token(desk, "carl", "read")
        assert knock("http", url, Authorization=bearer(new)) == 200

    assert removed.returncode == 0


def test_an_expired_token_opens_nothing(desk: Desk) -> None:
    ended = new_token(desk, "ann", "operate", utc_now())
    bob = new_token(desk, "bob", "operate", utc_now() + timedelta(days=1))
    with network_server(desk, "http", with_tokens(desk)) as url:
        assert knock("http", url, Authorization=bearer(ended)) == 401
        assert knock("http", url, Authorization=bearer(bob)) == 200


def test_a_file_that_breaks_while_serving_opens_nothing_until_it_is_mended(desk: Desk) -> None:
    ann = new_token(desk, "ann")
    file = Path(tokens_file(desk))
    good = file.read_text()
    with network_server(desk, "http", with_tokens(desk)) as url:
        file.write_text(good + "nonsense")
        assert knock("http", url, Authorization=bearer(ann)) == 401
        file.unlink()
        assert knock("http", url, Authorization=bearer(ann)) == 401
        file.write_text(good)
        assert knock("http", url, Authorization=bearer(ann)) == 200

    assert "No token of the tokens file opens anything now." in desk.log()


def test_the_session_of_one_person_is_closed_to_another(desk: Desk) -> None:
    ann, bob = new_token(desk, "ann"), new_token(desk, "bob")
    listing = {"jsonrpc": "2.0", "id": 2, "method": "tools/list"}
    with network_server(desk, "http", with_tokens(desk)) as url, httpx.Client(headers=HEADERS) as http:
        opened = http.post(url, json=INITIALIZE, headers={"Authorization": bearer(ann)})
        session = {"Mcp-Session-Id": opened.headers["mcp-session-id"]}
        hers = http.post(url, json=listing, headers=session | {"Authorization": bearer(ann)})
        his = http.post(url, json=listing, headers=session | {"Authorization": bearer(bob)})

    assert hers.status_code == 200
    assert his.status_code == 404


def test_the_command_shows_a_token_once_and_the_file_belongs_to_its_owner_only(desk: Desk) -> None:
    file = Path(tokens_file(desk))
    made = desk.command("tokens", "add", "ann", "--scope", "operate", "--days", "9", "--file", str(file))
    new_token(desk, "bob", "read", utc_now())
    listed = desk.command("tokens", "list", AIRBYTE_MCP_TOKENS_FILE=str(file)).stdout

    token = made.stdout.strip()
    assert re.fullmatch(r"airbytemcp_[\w-]{43}", token)
    assert token.removeprefix("airbytemcp_") not in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert re.search(r"^ann  operate  until \d{4}-\d\d-\d\d \d\d:\d\d UTC$", listed, re.MULTILINE)
    assert re.search(r"^bob  read  until .* \(expired\)$", listed, re.MULTILINE)
    assert list(desk.folder.glob("tokens.toml.*")) == []


def test_what_the_command_cannot_do_it_says_and_leaves_the_file_alone(desk: Desk) -> None:
    new_token(desk, "ann")
    before = Path(tokens_file(desk)).read_text()
    again = desk.command("tokens", "add", "ann", "--file", tokens_file(desk))
    unknown = desk.command("tokens", "remove", "bob", "--file", tokens_file(desk))
    approving = desk.command("tokens", "add", "bob", "--scope", "approve", "--file", tokens_file(desk))

    assert "There is a token called ann" in again.stderr
    assert "There is no token called 'bob'" in unknown.stderr
    assert "'approve' is not one of 'read', 'operate'" in approving.stderr
    assert 0 not in (again.returncode, unknown.returncode, approving.returncode)
    assert Path(tokens_file(desk)).read_text() == before


def test_two_commands_at_once_do_not_lose_each_others_work(tmp_path: Path) -> None:
    file = tmp_path / "tokens.toml"
    add_token(file, "ann", Scope.READ)
    before = file.read_text()
    (tmp_path / "tokens.toml.new").touch()

    with pytest.raises(SettingsError, match="Another command is writing"):
        add_token(file, "bob", Scope.READ)
    assert file.read_text() == before


@pytest.mark.parametrize("name", ["", "Ann", "ann smith", "-ann", "a" * 65, "ann\n", 'a"b', "ännchen"])
def test_what_is_no_name_gets_no_token(tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingsError, match="cannot name a token"):
        add_token(tmp_path / "tokens.toml", name, Scope.READ)
    assert list(tmp_path.iterdir()) == []


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    file = tmp_path / "tokens.toml"
    expires = utc_now().replace(microsecond=0)
    add_token(file, "ann.smith@example.com", Scope.OPERATE, expires)
    add_token(file, "0", Scope.READ)
    read = load_tokens(file)

    assert read["ann.smith@example.com"].expires == expires
    assert {name: token.scopes for name, token in read.items()} == {
        "ann.smith@example.com": (Scope.OPERATE,),
        "0": (Scope.READ,),
    }


HASH = f'hash = "sha256:{"a" * 64}"\n'
OPERATE = 'scopes = ["operate"]\n'


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "holds no token"),
        ("[tokens.ann", "not valid TOML"),
        ("[token.ann]\n" + HASH + OPERATE, "'token' is no key of it. Did you mean [tokens.NAME]?"),
        ("tokens = 1", "write each token under [tokens.NAME]"),
        ("[tokens.ann]\nhsah = 1\n" + OPERATE, "'hsah' is no key of a token. Did you mean 'hash'?"),
        ("[tokens.ann]\n" + HASH + OPERATE + "scope = 1", "Did you mean 'scopes'?"),
        ("[tokens.ann]\n" + HASH + 'scopes = ["approve"]', "a token for MCP never approves"),
        ("[tokens.ann]\n" + HASH + "scopes = []", 'scopes takes ["read"] or ["operate"]'),
        ("[tokens.ann]\n" + OPERATE + 'hash = "planted-secret"', "64 hexadecimal digits"),
        ("[tokens.ann]\n" + HASH + OPERATE + 'expires = "soon"', "a time with its zone"),
        ("[tokens.Ann]\n" + HASH + OPERATE, "'Ann' cannot name a token"),
        ("[tokens.ann]\n" + HASH + OPERATE + "[tokens.bob]\n" + HASH + OPERATE, "2 names have the token"),
    ],
)
def test_a_file_that_says_what_nobody_knows_cannot_be_used(tmp_path: Path, content: str, told: str) -> None:
    file = tmp_path / "tokens.toml"
    file.write_text(content)

    with pytest.raises(SettingsError) as refused:
        TokensFile(file, utc_now)
    assert told in str(refused.value)
    assert "planted-secret" not in str(refused.value)


def test_a_file_that_everybody_may_write_cannot_be_used(tmp_path: Path) -> None:
    file = tmp_path / "tokens.toml"
    add_token(file, "ann", Scope.READ)
    file.chmod(0o606)

    with pytest.raises(SettingsError, match="chmod 600"):
        TokensFile(file, utc_now)
