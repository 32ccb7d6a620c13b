"""Connectors that the user brings: any executable that speaks the protocol."""

import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from airbyte_sandbox import Connector, SandboxError, SandboxSettings, start_in_thread
from sandbox_user import SandboxUser

# Speaks the protocol as other people's connectors do: spaces, line ends, logs that are no JSON, a global state.
FOREIGN = """
import json, os, subprocess, sys
schema = {"type": "object", "properties": {"id": {"type": "integer"}, "tags": {"type": "array"}}}
if sys.argv[1] == "discover":
    stream = {"name": "things", "json_schema": schema, "supported_sync_modes": ["full_refresh"]}
    print(json.dumps({"type": "CATALOG", "catalog": {"streams": [stream]}}))
else:
    print("starting up ...", flush=True)
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], stdout=subprocess.DEVNULL)
    print(json.dumps({"type": "LOG", "log": {"level": "WARN", "message": f"child {child.pid}"}}), end="\\r\\n")
    for number in range(3):
        record = {"stream": "things", "data": {"id": number, "tags": ["a", number]}, "emitted_at": 1}
        print(" " + json.dumps({"type": "RECORD", "record": record}))
    print(json.dumps({"type": "RECORD", "record": {"stream": "others", "data": {}, "emitted_at": 1}}))
"""


def is_gone(pid: int) -> bool:
    """Whether a process has ended; where nobody reaps orphans it may still have an entry, as a zombie."""
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] == "Z"


@contextmanager
def user_of(*command: str) -> Generator[SandboxUser]:
    settings = SandboxSettings(connectors=(Connector("mine", command),), schedules=False, time_factor=0)
    with start_in_thread(settings) as sandbox:
        user = SandboxUser(sandbox.address)
        try:
            yield user
        finally:
            user.close()


def test_a_connector_of_the_user_is_a_source_with_a_connection_whose_rows_land() -> None:
    with user_of(sys.executable, "-c", FOREIGN) as user:
        job = user.sync("mine to warehouse")
        assert job["rowsSynced"] == 3
        rows = user.rows("mine to warehouse", "SELECT id, tags FROM {table} ORDER BY id")
        assert rows == [{"id": number, "tags": f'["a",{number}]'} for number in range(3)]


def test_nothing_that_a_connector_started_outlives_it() -> None:
    with user_of(sys.executable, "-c", FOREIGN) as user:
        job = user.sync("mine to warehouse")
        body = {"jobId": job["jobId"], "attemptNumber": 0}
        answer = user.http.post(f"{user.address.url}/api/v1/attempt/get_for_job", json=body).json()
        events = {event["message"]: event for event in answer["logs"]["events"]}
        assert events["starting up ..."]["logSource"] == "source"
        (said,) = [message for message in events if message.startswith("child ")]
        assert events[said]["level"] == "warn"
        assert is_gone(int(said.removeprefix("child ")))


# Reads only a stream that is configured with the namespace in which it was offered, as real databases do.
SPACED = """
import json, sys
def say(message): print(json.dumps(message))
def offered(space, name):
    schema = {"type": "object", "properties": {"id": {"type": "integer"}}}
    return {"name": name, "namespace": space, "json_schema": schema, "supported_sync_modes": ["full_refresh"]}
spaces = ["public"] + sys.argv[1].split(",")[1:]
if sys.argv[2] == "discover":
    say({"type": "CATALOG", "catalog": {"streams": [offered(space, "things") for space in spaces]}})
else:
    catalog = json.load(open(sys.argv[sys.argv.index("--catalog") + 1]))
    for item in catalog["streams"]:
        if item["stream"].get("namespace") == "public":
            record = {"stream": "things", "namespace": "public", "data": {"id": 1}, "emitted_at": 1}
            say({"type": "RECORD", "record": record})
"""


def test_a_namespace_goes_from_the_source_through_the_api_back_to_the_source() -> None:
    with user_of(sys.executable, "-c", SPACED, "public") as user:
        connection = user.connection("mine to warehouse")
        assert user.get("/streams", sourceId=connection["sourceId"])[0]["streamnamespace"] == "public"
        (stream,) = connection["configurations"]["streams"]
        assert stream["namespace"] == "public"
        path = f"/connections/{connection['connectionId']}"
        for namespace, status in (("public", 200), ("private", 400)):
            wanted = {"name": "things", "namespace": namespace, "syncMode": "full_refresh_append"}
            answer = user.call("PATCH", path, {"configurations": {"streams": [wanted]}})
            assert answer.status_code == status, answer.text
        assert user.sync("mine to warehouse")["rowsSynced"] == 1


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (("/does/not/exist",), "cannot be run"),
        ((sys.executable, "-c", "import sys; sys.exit('no key given')"), "no key given"),
        ((sys.executable, "-c", "print('hello')"), "gave no streams"),
        ((sys.executable, "-c", SPACED, "public,private"), "more than one is named 'things'"),
    ],
)
def test_a_connector_that_gives_no_streams_stops_the_start_with_a_sentence(
    command: tuple[str, ...], reason: str
) -> None:
    with pytest.raises(SandboxError, match=reason):
        start_in_thread(SandboxSettings(connectors=(Connector("mine", command),)))


@pytest.fixture(scope="module")
def faker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The executable of `airbyte-source-faker` 7.2.1, in an environment of its own: about two minutes."""
    folder = tmp_path_factory.mktemp("faker")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    python = str(folder / "bin" / "python")
    subprocess.run([python, "-m", "pip", "install", "--quiet", "airbyte-source-faker==7.2.1"], check=True)
    return folder / "bin" / "source-faker"


@pytest.mark.ci
@pytest.mark.timeout(900)
def test_a_real_connector_of_airbyte_syncs_into_the_warehouse(faker: Path) -> None:
    syncs_with_faker(faker)


def syncs_with_faker(executable: Path) -> None:
    with user_of(str(executable)) as user:
        job_id = user.start("mine to warehouse")
        waited = user.control(f"/jobs/{job_id}/wait", timeout=60)
        assert waited["job"]["status"] == "succeeded", user.attempts(job_id)
        sink = user.control(f"/sink/{user.connection('mine to warehouse')['connectionId']}")
        counts = {stream["stream"]: stream["rows"] for stream in sink["streams"]}
        assert counts["users"] == 1000
        assert counts["products"] == 100
        assert waited["job"]["rowsSynced"] == sum(counts.values())
