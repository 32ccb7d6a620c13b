"""The official SDK, `airbyte-api` 1.0.1, against the `current` dialect: its models validate every answer."""

import json
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from airbyte_sandbox import SandboxSettings, start_in_thread
from sandbox_user import DEFAULT_WORKSPACE, SandboxUser

pytestmark = [pytest.mark.ci, pytest.mark.timeout(600)]

# Every operation of the reference document, as a program of the SDK's own environment.
OPERATIONS = """
import json, sys
from airbyte_api import AirbyteAPI, api, models

url, client_id, client_secret, workspace, connection = sys.argv[1:]
credentials = models.SchemeClientCredentials(
    client_id=client_id, client_secret=client_secret, token_url=url + "/applications/token"
)
client = AirbyteAPI(server_url=url, security=models.Security(client_credentials=credentials))
done = {}
done["health"] = client.health.get_health_check().raw_response.text
spaces = client.workspaces.list_workspaces(request=api.ListWorkspacesRequest()).workspaces_response
done["workspaces"] = [item.workspace_id for item in spaces.data]
only = {"workspace_ids": [workspace]}
sources = client.sources.list_sources(request=api.ListSourcesRequest(**only)).sources_response.data
source = client.sources.get_source(request=api.GetSourceRequest(source_id=sources[0].source_id))
done["source"] = source.source_response.name == sources[0].name
targets = client.destinations.list_destinations(
    request=api.ListDestinationsRequest(**only)
).destinations_response.data
target = client.destinations.get_destination(
    request=api.GetDestinationRequest(destination_id=targets[0].destination_id)
)
done["destination"] = target.destination_response.name == targets[0].name
listed = client.connections.list_connections(request=api.ListConnectionsRequest(limit=100, **only))
done["connections"] = len(listed.connections_response.data)

def patch(**change):
    answer = client.connections.patch_connection(
        request=api.PatchConnectionRequest(
            connection_id=connection, connection_patch_request=models.ConnectionPatchRequest(**change)
        )
    )
    return answer.connection_response

got = client.connections.get_connection(request=api.GetConnectionRequest(connection_id=connection))
before = got.connection_response
done["streams"] = [stream.name for stream in before.configurations.streams]
cron = models.AirbyteAPIConnectionSchedule(schedule_type="cron", cron_expression="0 0 */12 * * ?")
done["cron"] = patch(schedule=cron).schedule.cron_expression
done["paused"] = patch(status="inactive").status
done["resumed"] = patch(status="active").status
kept = [
    models.StreamConfiguration(
        name=stream.name, sync_mode="full_refresh_append", primary_key=stream.primary_key
    )
    for stream in before.configurations.streams
]
changed = patch(configurations=models.StreamConfigurations(streams=kept))
done["modes"] = [stream.sync_mode for stream in changed.configurations.streams]
made = client.jobs.create_job(
    request=models.JobCreateRequest(connection_id=connection, job_type="sync")
).job_response
done["job"] = client.jobs.get_job(request=api.GetJobRequest(job_id=made.job_id)).job_response.job_type
done["cancelled"] = client.jobs.cancel_job(request=api.CancelJobRequest(job_id=made.job_id)).job_response.status
jobs = client.jobs.list_jobs(
    request=api.ListJobsRequest(connection_id=connection, limit=5, order_by="createdAt|DESC")
).jobs_response.data
done["newest"] = jobs[0].job_id == made.job_id
reset = client.jobs.create_job(request=models.JobCreateRequest(connection_id=connection, job_type="reset"))
done["reset"] = reset.job_response.job_type
streams = client.streams.get_stream_properties(
    request=api.GetStreamPropertiesRequest(source_id=before.source_id)
)
done["properties"] = str(streams.raw_response.status_code)
print(json.dumps(done, default=str))
"""


@pytest.fixture(scope="module")
def sdk_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment that has the SDK."""
    folder = tmp_path_factory.mktemp("sdk")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    python = folder / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", "airbyte-api==1.0.1"], check=True)
    return python


@pytest.fixture
def stranger() -> Generator[SandboxUser]:
    with start_in_thread(SandboxSettings(schedules=False)) as sandbox:
        user = SandboxUser(sandbox.address)
        yield user
        user.close()


def test_the_official_sdk_does_every_operation_with_no_validation_error(
    stranger: SandboxUser, sdk_python: Path
) -> None:
    address = stranger.address
    connection = stranger.connection("Orders to warehouse")["connectionId"]
    arguments = [address.api_url, address.client_id, address.client_secret, DEFAULT_WORKSPACE, connection]
    run = subprocess.run(
        [sdk_python, "-c", OPERATIONS, *arguments], capture_output=True, text=True, check=False, timeout=300
    )
    assert run.returncode == 0, run.stderr[-3000:]
    done = json.loads(run.stdout)
    assert done["connections"] == 8
    assert done["streams"] == ["orders", "customers"]
    assert done["modes"] == ["full_refresh_append", "full_refresh_append"]
    assert done["cron"] == "0 0 */12 * * ? UTC"
    assert (done["paused"], done["resumed"]) == ("inactive", "active")
    assert (done["job"], done["cancelled"], done["reset"]) == ("sync", "cancelled", "reset")
    assert done["source"] is done["destination"] is done["newest"] is True
    assert done["health"] == "Successful operation"
