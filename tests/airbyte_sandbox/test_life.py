import os
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import httpx
import pytest

from airbyte_sandbox import SandboxError, SandboxSettings, start_in_thread
from foreground_sandbox import Foreground
from sandbox_user import SandboxUser


def test_importing_the_room_loads_no_web_framework() -> None:
    code = "import sys, airbyte_sandbox; print({'starlette', 'uvicorn', 'asyncio'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "set()\n"


def test_a_folder_keeps_jobs_changes_rows_and_the_cursor(tmp_path: Path) -> None:
    settings = SandboxSettings(data_dir=tmp_path / "data")
    with start_in_thread(settings) as sandbox:
        user = SandboxUser(sandbox.address)
        first = user.sync("Web events to lake")
        user.call("PATCH", f"/connections/{first['connectionId']}", {"name": "Renamed"})
        user.close()
    assert (tmp_path / "data").stat().st_mode & 0o077 == 0
    with start_in_thread(settings) as sandbox:
        user = SandboxUser(sandbox.address)
        assert user.get(f"/jobs/{first['jobId']}") == first
        assert user.sync("Renamed")["rowsSynced"] == 250
        assert len(user.rows("Renamed")) == 3250
        user.close()


def test_without_a_folder_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with start_in_thread(SandboxSettings()) as sandbox:
        user = SandboxUser(sandbox.address)
        job_id = user.start("Clickstream backfill")
        pid = user.running(job_id)["pid"]
        assert list(tmp_path.iterdir())
        user.close()
    assert list(tmp_path.iterdir()) == []
    assert not Path(f"/proc/{pid}").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_foreground_sandbox_ends_cleanly_on_a_signal(tmp_path: Path, number: int) -> None:
    sandbox = Foreground(tmp_path)
    assert httpx.get(f"{sandbox.address.api_url}/health").status_code == 200
    assert sandbox.end(number) == "ended\n"
    assert sandbox.process.returncode == 0


def test_a_job_that_ran_when_the_sandbox_was_killed_is_failed_at_the_next_start(tmp_path: Path) -> None:
    sandbox = Foreground(tmp_path)
    user = SandboxUser(sandbox.address)
    job_id = user.start("Clickstream backfill")
    pid = user.running(job_id, records=100)["pid"]
    user.close()
    sandbox.end(signal.SIGKILL)
    os.killpg(pid, signal.SIGKILL)
    assert list((tmp_path / "running").iterdir())
    with start_in_thread(SandboxSettings(data_dir=tmp_path)) as again:
        assert list((tmp_path / "running").iterdir()) == []
        user = SandboxUser(again.address)
        assert user.get(f"/jobs/{job_id}")["status"] == "failed"
        (failure,) = user.attempts(job_id)[-1]["failureSummary"]["failures"]
        assert failure["failureOrigin"] == "airbyte_platform"
        assert "sandbox was stopped" in failure["externalMessage"]
        next_job = user.start("Clickstream backfill")
        user.running(next_job, records=1)
        user.call("DELETE", f"/jobs/{next_job}")
        ids = [row["id"] for row in user.rows("Clickstream backfill", "SELECT id FROM {table} ORDER BY id")]
        assert ids == list(range(1, len(ids) + 1))
        user.close()


def test_a_folder_that_another_sandbox_uses_is_refused(tmp_path: Path) -> None:
    settings = SandboxSettings(data_dir=tmp_path)
    with start_in_thread(settings), pytest.raises(SandboxError, match="in use by another sandbox"):
        start_in_thread(settings)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SandboxError, match="cannot be used"):
        start_in_thread(SandboxSettings(data_dir=tmp_path / "file"))


def test_a_taken_port_is_refused_and_says_what_to_do() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port: int = taken.getsockname()[1]
        with pytest.raises(SandboxError, match=f"Port {port} .* name another one"):
            start_in_thread(SandboxSettings(port=port))


def test_closing_twice_is_harmless() -> None:
    sandbox = start_in_thread(SandboxSettings())
    sandbox.close()
    sandbox.close()
    with pytest.raises(httpx.ConnectError):
        httpx.get(sandbox.address.url)
