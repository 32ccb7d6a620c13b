"""`doctor` says what is right and wrong with a set-up, and what to do; it changes nothing anywhere."""

import base64
import json
import re
import socket
import time
from collections.abc import Generator
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from airbyte_mcp_server.cli.command import command
from airbyte_mcp_server.operating.doctor import examine
from airbyte_mcp_server.operating.findings import Verdict
from airbyte_mcp_server.settings.model import Settings
from harness import CLIENT_SECRET, Desk
from processes import clean_environment
from scripted_airbyte import Reply, ScriptedAirbyte, answer, html, page, scripted_airbyte
from webhook_receiver import webhook_receiver

pytestmark = pytest.mark.ci

WORKSPACE = {"workspaceId": "9924bcd0-99be-453d-ba47-c2c9766f7da5", "name": "Main"}
JOB = {"jobId": 7, "status": "succeeded", "jobType": "sync", "connectionId": WORKSPACE["workspaceId"]}
LISTS = ("/connections", "/jobs", "/sources", "/destinations")


@pytest.fixture
def airbyte() -> Generator[ScriptedAirbyte]:
    with scripted_airbyte() as server:
        server.on("GET /workspaces", page(WORKSPACE))
        for path in LISTS:
            server.on(f"GET {path}", page())
        yield server


def run(environment: dict[str, str], *arguments: str) -> Result:
    """The command in this process, for starting one takes longer than most checks."""
    return CliRunner(env=environment).invoke(command, ["doctor", *arguments])


def alone(airbyte: ScriptedAirbyte, folder: Path, **variables: str) -> dict[str, str]:
    """The environment of a doctor that looks at a scripted Airbyte."""
    own = {"AIRBYTE_API_URL": airbyte.base_url, "AIRBYTE_MCP_DATA_DIR": str(folder / "data")}
    return clean_environment() | own | variables


def said(environment: dict[str, str], check: str, verdict: str) -> str:
    """What the findings of this check and verdict say, with what to do."""
    findings = json.loads(run(environment, "--json").stdout)["findings"]
    found = [f for f in findings if (f["check"], f["verdict"]) == (check, verdict)]
    assert found, findings
    return " ".join(f"{f['message']} {f['next_step']}" for f in found)


def test_a_sound_set_up_is_found_sound_and_left_as_it_is(desk: Desk) -> None:
    examined = desk.command("doctor")

    assert examined.returncode == 0, examined.stdout + examined.stderr
    lines = examined.stdout.splitlines()
    assert lines[-1].endswith("0 WARN, 0 FAIL.")
    for check in (
        "settings",
        "start",
        "reachable",
        "base url",
        "token",
        "rights",
        "dialect",
        "clock",
        "store",
        "policy",
        "people",
    ):
        assert any(line.startswith("OK ") and check in line for line in lines), check
    assert "it lives 15 min" in examined.stdout
    assert "written in the current dialect" in examined.stdout
    assert CLIENT_SECRET not in examined.stdout + examined.stderr
    assert desk.sandbox.effects() == []
    assert not (desk.folder / "data").exists()


def test_findings_stand_in_columns_that_need_no_colour(desk: Desk) -> None:
    shown = run(desk.environment | {"AIRBYTE_MCP_WEBHOOK_URL": "http://127.0.0.1:9/x"}).stdout
    *rows, blank, _ = shown.splitlines()
    words = [re.fullmatch(r"(OK  |WARN|FAIL|    )  (.{9})  (\S.*)", row) for row in rows]

    assert all(words), shown
    assert "    " in {word[1] for word in words if word}, "what to do stands below its finding"
    assert blank == ""
    assert "\x1b" not in shown


def test_findings_for_programs_say_the_same(desk: Desk) -> None:
    examined = run(desk.environment, "--json")
    told = json.loads(examined.stdout)

    assert examined.exit_code == 0
    assert told["verdict"] == "OK"
    assert {*told["findings"][0]} == {"check", "verdict", "message", "next_step"}


def test_a_web_page_instead_of_the_api_leads_to_the_base_url(
    airbyte: ScriptedAirbyte, tmp_path: Path
) -> None:
    airbyte.on("GET /workspaces", html())
    environment = alone(airbyte, tmp_path)

    assert run(environment).exit_code == 1
    told = said(environment, "base url", "FAIL")
    assert "answers with a web page" in told
    assert "/api/public/v1" in told
    assert "answers" in said(environment, "reachable", "OK")


def test_an_airbyte_that_is_not_there_is_a_failure(airbyte: ScriptedAirbyte, tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        environment = alone(airbyte, tmp_path) | {
            "AIRBYTE_API_URL": f"http://127.0.0.1:{unused.getsockname()[1]}/api/public/v1"
        }
        assert "No connection to Airbyte" in said(environment, "reachable", "FAIL")
        assert run(environment).exit_code == 1


def test_an_airbyte_that_never_answers_is_waited_for_only_so_long(
    airbyte: ScriptedAirbyte, tmp_path: Path
) -> None:
    airbyte.on("GET /workspaces", Reply(hold=True))
    settings = Settings.model_validate({"api_url": airbyte.base_url, "data_dir": tmp_path})
    findings = examine(settings, {}, seconds=2.0)

    late = [f for f in findings if f.verdict is Verdict.FAIL]
    assert [f.check for f in late] == ["airbyte"]
    assert "no answer in time" in late[0].message


def test_refused_credentials_are_a_failure_of_the_token(desk: Desk) -> None:
    environment = desk.environment | {"AIRBYTE_CLIENT_SECRET": "planted-wrong-secret"}
    examined = run(environment)

    assert examined.exit_code == 1
    assert "AIRBYTE_CLIENT_SECRET" in said(environment, "token", "FAIL")
    assert "planted-wrong-secret" not in examined.output


def token_that_ends(moment: float) -> str:
    """An access token as Airbyte makes them, with its end in it."""
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()) for part in ({"alg": "x"}, {"exp": moment})]
    return b".".join(part.rstrip(b"=") for part in parts).decode() + ".signature"


def test_a_token_set_by_hand_is_warned_about_with_its_end(airbyte: ScriptedAirbyte, tmp_path: Path) -> None:
    token = token_that_ends(time.time() + 630)
    environment = alone(airbyte, tmp_path, AIRBYTE_SECRET_ACCESS_TOKEN=token)
    examined = run(environment)

    assert examined.exit_code == 0, "a warning is no failure"
    told = said(environment, "token", "WARN")
    assert "it ends in 10 min" in told
    assert "AIRBYTE_CLIENT_ID" in told
    assert token not in examined.output


def test_what_may_not_be_read_is_named(airbyte: ScriptedAirbyte, tmp_path: Path) -> None:
    airbyte.on("GET /jobs", answer({"title": "forbidden"}, 403))
    told = said(alone(airbyte, tmp_path), "rights", "FAIL")

    assert "jobs (403 Forbidden)" in told
    assert "sources" not in told


@pytest.mark.parametrize(("number", "dialect"), [(7, "current"), ("7", "reference")])
def test_the_dialect_is_told_by_an_answer(
    airbyte: ScriptedAirbyte, tmp_path: Path, number: Any, dialect: str
) -> None:
    airbyte.on("GET /jobs", page(JOB | {"jobId": number}))

    assert f"in the {dialect} dialect" in said(alone(airbyte, tmp_path), "dialect", "OK")


def test_an_airbyte_that_does_not_tell_reasons_is_warned_about(
    airbyte: ScriptedAirbyte, tmp_path: Path
) -> None:
    airbyte.on("GET /jobs", page(JOB))
    airbyte.on("GET /jobs/7", answer(JOB))

    assert "Why a job failed is not told here" in said(alone(airbyte, tmp_path), "reasons", "WARN")
    assert airbyte.effects == []


@pytest.mark.parametrize(("ahead", "told"), [(90, "s behind Airbyte's"), (-90, "s ahead of Airbyte's")])
def test_clocks_that_disagree_are_warned_about(
    airbyte: ScriptedAirbyte, tmp_path: Path, ahead: int, told: str
) -> None:
    for path in ("/workspaces", *LISTS):
        head = f"HTTP/1.1 200 OK\r\nDate: {formatdate(time.time() + ahead, usegmt=True)}\r\n"
        head += "Content-Type: application/json\r\nContent-Length: 12\r\nConnection: close\r\n\r\n"
        airbyte.on(f"GET {path}", Reply(raw=head.encode() + b'{"data": []}'))

    assert told in said(alone(airbyte, tmp_path), "clock", "WARN")


def test_settings_that_cannot_be_used_end_everything_else(desk: Desk) -> None:
    environment = desk.environment | {"AIRBYTE_MCP_REDONLY": "1"}
    examined = run(environment)

    assert examined.exit_code == 2
    assert examined.stdout.startswith("FAIL  settings")
    assert "Did you mean AIRBYTE_MCP_READ_ONLY?" in examined.stdout
    assert json.loads(run(environment, "--json").stdout)["verdict"] == "FAIL"


def test_a_policy_that_cannot_be_used_is_a_failure_and_a_doubtful_one_a_warning(
    airbyte: ScriptedAirbyte, tmp_path: Path
) -> None:
    file = tmp_path / "policy.toml"
    environment = alone(airbyte, tmp_path, AIRBYTE_MCP_POLICY_FILE=str(file))
    assert "policy.toml" in said(environment, "policy", "FAIL")

    file.write_text('[[rule]]\nname = "x"\nanswer = "permit"\n')
    assert "'permit' is none of allow, confirm, deny" in said(environment, "policy", "FAIL")

    file.write_text(
        '[[rule]]\nname = "Two"\naction = "clear_connection"\nanswer = "confirm"\nsecond_person = true\n'
    )
    assert "over stdio nobody is" in said(environment, "policy", "WARN")
    assert "can be changed by the user who runs this command" in said(environment, "files", "WARN")
    assert run(environment).exit_code == 0


def test_a_secret_that_everybody_can_read_is_warned_about(airbyte: ScriptedAirbyte, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("planted-token-of-a-file")
    environment = alone(airbyte, tmp_path, AIRBYTE_SECRET_ACCESS_TOKEN_FILE=str(file))
    file.chmod(0o644)
    assert f"chmod 600 {file}" in said(environment, "files", "WARN")

    file.chmod(0o600)
    assert "files" not in run(environment).stdout


def test_a_webhook_that_nobody_listens_to_is_a_warning_without_its_secret_path(
    airbyte: ScriptedAirbyte, tmp_path: Path
) -> None:
    with webhook_receiver() as receiver:
        environment = alone(airbyte, tmp_path, AIRBYTE_MCP_WEBHOOK_URL=receiver.url)
        assert "takes connections" in said(environment, "webhook", "OK")
        assert receiver.rest() == [], "the doctor tells it nothing"
    examined = run(environment)

    assert examined.exit_code == 0
    assert "takes no connection from here" in said(environment, "webhook", "WARN")
    assert "planted-secret-path" not in examined.output


def test_a_server_that_would_stand_open_is_a_failure(airbyte: ScriptedAirbyte, tmp_path: Path) -> None:
    served = alone(airbyte, tmp_path, AIRBYTE_MCP_TRANSPORT="http")
    assert "this machine only" in said(served, "access", "OK")
    assert "AIRBYTE_MCP_TOKENS_FILE" in said(served, "settings", "WARN")

    assert "--tokens-file" in said(served | {"AIRBYTE_MCP_HOST": "0.0.0.0"}, "access", "FAIL")

    absent = served | {"AIRBYTE_MCP_TOKENS_FILE": str(tmp_path / "tokens.toml")}
    assert "tokens.toml cannot be read" in said(absent, "access", "FAIL")


def test_the_dangerous_setting_is_always_named(airbyte: ScriptedAirbyte, tmp_path: Path) -> None:
    environment = alone(airbyte, tmp_path, AIRBYTE_MCP_DANGEROUSLY_ALLOW_MODEL_CONFIRMATION="true")

    assert "no human is asked" in said(environment, "settings", "WARN")
