"""`doctor` fails where `serve` would refuse to start, in the same words."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from airbyte_mcp_server.settings.model import flag_of
from harness import Desk
from processes import clean_environment

pytestmark = pytest.mark.ci

NOWHERE = {
    "AIRBYTE_API_URL": "http://127.0.0.1:9",
    "AIRBYTE_MCP_PORT": "0",
    "AIRBYTE_MCP_APPROVALS_PORT": "0",
}


def run(arguments: list[str], folder: Path, missing: str = "", **variables: str) -> tuple[int, str, str]:
    """Exit code, output and complaints of the command, as if `missing` was not installed."""
    program = (
        "import sys\n"
        "from airbyte_mcp_server.__main__ import main\n"
        f"if {missing!r}: sys.modules[{missing!r}] = None  # as where the extra is not installed\n"
        f"sys.argv[1:] = {arguments!r}\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=clean_environment() | NOWHERE | {"AIRBYTE_MCP_DATA_DIR": str(folder)} | variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("missing", "settings"),
    [
        ("prometheus_client", {"transport": "http", "metrics": "token"}),
        ("prometheus_client", {"transport": "sse", "metrics": "open"}),
        ("opentelemetry.sdk", {"telemetry": "otlp"}),
        ("", {"transport": "http", "approvals_page": "true", "approvals_host": "0.0.0.0"}),
        (
            "",
            {
                "transport": "sse",
                "approvals_page": "true",
                "approvals_host": "0.0.0.0",
                "approvals_url": "https://approvals.example.com",
            },
        ),
    ],
    ids=["metrics", "open metrics over SSE", "telemetry", "page", "page whose proxy is not known"],
)
def test_what_stops_the_start_is_a_failure_in_the_same_words(
    missing: str, settings: dict[str, str], tmp_path: Path
) -> None:
    given = [part for name, value in settings.items() for part in (flag_of(name), value)]
    code, _, refusal = run(["serve", *given], tmp_path, missing)
    assert code == 1, refusal

    code, output, complaints = run(["doctor", "--json", *given], tmp_path, missing)
    assert code == 1, complaints
    told = [f for f in json.loads(output)["findings"] if (f["check"], f["verdict"]) == ("start", "FAIL")]
    assert [f"Error: {f['message']}" for f in told] == [refusal.splitlines()[-1]]
    assert "until then the server does not start" in told[0]["next_step"]


def test_a_variable_of_opentelemetry_that_cannot_be_used_is_a_failure(tmp_path: Path) -> None:
    given = ["doctor", "--json", "--telemetry", "otlp"]
    _, output, _ = run(given, tmp_path, OTEL_BSP_MAX_QUEUE_SIZE="0")
    (told,) = [f for f in json.loads(output)["findings"] if f["check"] == "start"]

    assert told["verdict"] == "FAIL"
    assert "An OTEL_ variable cannot be used" in told["message"]


def test_what_is_switched_on_and_can_be_served_is_found_sound(desk: Desk) -> None:
    given = ["--transport", "http", "--metrics", "token", "--telemetry", "otlp", "--approvals-page", "true"]
    examined = desk.command("doctor", "--json", *given)

    assert examined.returncode == 0, examined.stdout
    (told,) = [f for f in json.loads(examined.stdout)["findings"] if f["check"] == "start"]
    assert told["verdict"] == "OK"
    assert not (desk.folder / "data").exists(), "nothing was opened for it"


def test_a_policy_that_cannot_be_used_is_said_once(tmp_path: Path) -> None:
    given = ["doctor", "--json", "--transport", "http", "--metrics", "open"]
    _, output, _ = run(given, tmp_path, AIRBYTE_MCP_POLICY_FILE=str(tmp_path / "absent.toml"))
    told = [f["check"] for f in json.loads(output)["findings"] if f["verdict"] == "FAIL"]

    assert told == ["reachable", "policy"]


@pytest.mark.parametrize("command", [["serve"], ["approvals", "serve"]], ids=" ".join)
def test_a_refusal_to_start_is_an_event_in_a_json_log_and_a_sentence_in_a_text_log(
    command: list[str], tmp_path: Path
) -> None:
    given = [*command, "--policy-file", str(tmp_path / "absent.toml")]
    code, output, told = run([*given, "--log-format", "json"], tmp_path)
    (event,) = [json.loads(line) for line in told.splitlines()]
    assert (code, output, event["level"]) == (1, "", "error")

    code, output, told = run(given, tmp_path)
    assert (code, output) == (1, "")
    assert told.splitlines()[-1] == f"Error: {event['message']}"
