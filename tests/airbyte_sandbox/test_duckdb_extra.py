"""DuckDB is optional: loaded only where it is used, and missed with a sentence."""

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from airbyte_sandbox import SandboxError, SandboxSettings, start_in_thread
from sandbox_user import Json, SandboxUser

INSTALL = "pip install 'airbyte-mcp-server[duckdb]'"
FLEET: Json = {
    "connections": [
        {
            "name": "c",
            "source": {"configuration": {"streams": {"orders": 5}}},
            "destination": {"name": "Ducks", "type": "duckdb"},
            "streams": {"orders": "full_refresh_append"},
        }
    ]
}


@pytest.fixture
def without_duckdb(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the extra was not installed: what is None here cannot be imported."""
    monkeypatch.setitem(sys.modules, "duckdb", None)


def test_a_sandbox_that_writes_into_no_duckdb_file_never_loads_it() -> None:
    code = (
        "import sys\n"
        "from airbyte_sandbox import SandboxSettings, start_in_thread\n"
        "with start_in_thread(SandboxSettings()): print('duckdb' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "False\n"


@pytest.mark.usefixtures("without_duckdb")
def test_a_fleet_that_needs_it_is_refused_with_the_command_that_installs_it(reader: SandboxUser) -> None:
    answer = reader.http.post(f"{reader.address.url}/_sandbox/seed", json=FLEET)
    assert answer.status_code == 400
    assert INSTALL in answer.json()["data"]["message"]
    names = [item["name"] for item in reader.get("/destinations")["data"]]
    assert "Ducks" not in names


@pytest.mark.usefixtures("without_duckdb")
def test_a_seed_file_that_needs_it_stops_the_start(tmp_path: Path) -> None:
    file = tmp_path / "fleet.json"
    file.write_text(str(FLEET).replace("'", '"'))
    with pytest.raises(SandboxError, match=r"pip install 'airbyte-mcp-server\[duckdb\]'"):
        start_in_thread(SandboxSettings(seed_file=file))


def test_a_folder_that_knows_such_a_destination_opens_without_it_and_its_syncs_say_what_is_missing(
    user: SandboxUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(user):
        assert user.http.post(f"{user.address.url}/_sandbox/seed", json=FLEET).status_code == 200
        monkeypatch.setitem(sys.modules, "duckdb", None)
        (destination,) = user.get("/destinations")["data"]
        assert (destination["name"], destination["destinationType"]) == ("Ducks", "duckdb")
        job = user.ended(user.start("c"))
        assert job["status"] == "failed"
        (attempt,) = user.attempts(job["jobId"])
        (failure,) = attempt["failureSummary"]["failures"]
        assert (failure["failureOrigin"], failure["failureType"]) == ("destination", "config_error")
        assert INSTALL in failure["externalMessage"]
        url = f"{user.address.url}/_sandbox/sink/{user.connection('c')['connectionId']}"
        answer = user.http.get(url)
        assert answer.status_code == 503
        assert INSTALL in answer.json()["data"]["message"]
