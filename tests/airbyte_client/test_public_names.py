"""The door of the room, its document's usage, and the freshness of what is generated."""

import importlib.util
import inspect
import subprocess
import sys
import types
from pathlib import Path

import pytest

import airbyte_client
from airbyte_answers import WORKSPACE_ID, connection
from airbyte_client import AirbyteClient, AirbyteError, AsyncAirbyteClient, ConnectionStatus, errors
from scripted_airbyte import ScriptedAirbyte, page

ROOT = Path(__file__).resolve().parents[2]


def test_public_names_and_all_agree() -> None:
    public = {
        name
        for name, value in vars(airbyte_client).items()
        if not name.startswith("_") and not isinstance(value, types.ModuleType)
    }

    assert set(airbyte_client.__all__) == public


@pytest.mark.parametrize("name", airbyte_client.__all__)
def test_everything_public_says_what_it_is(name: str) -> None:
    value = getattr(airbyte_client, name)
    if inspect.isclass(value) or inspect.isfunction(value):
        assert inspect.getdoc(value)


def test_every_error_stands_in_the_drawn_tree() -> None:
    drawn = errors.__doc__ or ""
    classes = [
        value for value in vars(errors).values() if inspect.isclass(value) and issubclass(value, AirbyteError)
    ]

    assert all(f"{kind.__name__} " in drawn or f"{kind.__name__}\n" in drawn for kind in classes)
    assert all(kind.__name__ in airbyte_client.__all__ for kind in classes)


def test_importing_loads_no_cron_library() -> None:
    code = "import sys, airbyte_client; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()

    assert "airbyte_client" in loaded
    assert not {"croniter", "cron_descriptor", "mcp", "starlette", "sqlalchemy"} & set(loaded)


def test_both_clients_offer_the_same() -> None:
    def offered(kind: type) -> set[str]:
        return {name for name in vars(kind) if not name.startswith("_")}

    assert offered(AsyncAirbyteClient) - {"aclose"} == offered(AirbyteClient) - {"close"}


def test_no_vocabulary_fails_on_an_unknown_word() -> None:
    vocabularies = [
        airbyte_client.JobStatus,
        airbyte_client.JobType,
        airbyte_client.SyncMode,
        ConnectionStatus,
    ]

    assert all(kind("never heard of") == "never heard of" for kind in vocabularies)


def test_the_documents_usage_works_literally(
    server: ScriptedAirbyte, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRBYTE_API_URL", server.base_url)
    monkeypatch.setenv("AIRBYTE_SECRET_ACCESS_TOKEN", "the-token")
    server.on("GET /workspaces", page({"workspaceId": WORKSPACE_ID, "name": "Default Workspace"}))
    server.on("GET /sources", page())
    server.on("GET /connections", page(connection()))

    client = AirbyteClient()
    workspaces = client.list_workspaces()
    sources = client.list_sources(workspace_id="a1b2c3d4-e5f6-7890-abcd-ef1234567890")
    connections = client.list_connections(workspace_id="a1b2c3d4-e5f6-7890-abcd-ef1234567890")
    headers = {"Authorization": f"Bearer {client.access_token}"}
    client.close()

    assert [workspace.name for workspace in workspaces] == ["Default Workspace"]
    assert (len(sources), len(connections)) == (0, 1)
    assert headers == {"Authorization": "Bearer the-token"}
    assert client.base_url == server.base_url
    assert {request.authorization for request in server.log} == {"Bearer the-token"}


def test_without_an_environment_the_documents_base_url_is_used() -> None:
    with AirbyteClient() as client:
        assert client.base_url == "http://localhost:8000/api/public/v1"


def test_the_synchronous_client_is_freshly_generated() -> None:
    spec = importlib.util.spec_from_file_location("sync_client", ROOT / "scripts" / "sync_client.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)

    generated: dict[Path, str] = script.generate()

    committed = set((ROOT / "server" / "airbyte_client" / "_sync").glob("*.py"))
    assert set(generated) == committed
    assert all(path.read_text(encoding="utf-8") == text for path, text in generated.items())
